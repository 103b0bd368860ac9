// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// The settings that must be equal at every member; they are part of the view (protocol §3). Sizes are in bytes, counts
/// in pieces, both upper bounds.
public struct GroupSettings: Hashable, Sendable {
    /// W: how many instances may run at the same time; 1 or more.
    public var window: Int = 16
    /// The most requests in one batch.
    public var batchRequestsMax: Int = 1024
    /// The most bytes of request payload in one batch (one larger request still travels alone).
    public var batchBytesMax: Int = 1 << 20
    /// K: a checkpoint is taken after every K-th instance.
    public var checkpointPeriod: Int = 128
    /// The most bytes of one request's payload.
    public var requestBytesMax: Int = 1 << 20
    /// w: how many requests of a session may be in flight.
    public var pipelineMax: Int = 128
    /// The most sessions of one client; its own oldest is evicted first.
    public var sessionsPerClientMax: Int = 1024
    /// The most sessions of all clients together; the oldest of the client that holds most is evicted first.
    public var sessionsMax: Int = 16_384
    /// How far a batch's time may lie from a voter's clock, in milliseconds.
    public var clockBoundMilliseconds: Int = 60_000
    /// ω: how many of a thousand instances the members measure their links in; 0 to measure nothing, and never change leaders
    /// or weights.
    public var measuringPermille: Int = 100
    /// c: after every c-th instance it is calculated who should lead and who should be heavy; twice W or more.
    public var calculationPeriod: Int = 500
    /// By how much a change of leader or weights must pay, in parts of a thousand: 1,020 asks for more than 2 %.
    public var goalPermille: Int = 1_020
    /// And by how much at least, in microseconds: where all are near each other, noise is no reason to change anything.
    public var goalMicroseconds: Int = 1_000
    /// How long a member that was admitted again after it had lost its votes waits until it can be so once more, in milliseconds
    /// of agreed time: each time a view ends for it.
    public var rejoinMilliseconds: Int = 10_000
    /// Whether each replica writes down what it votes for before it does (protocol §7), so that all may lose power at once and
    /// nothing that a client was told is lost. Otherwise a replica that restarts has lost its votes.
    public var isDurable: Bool = false
    /// Whether leader and weights stay as they were set by hand, whatever is calculated.
    public var isPinned: Bool = false
    /// Whether replicas answer reads that are not ordered. If so, a write's result needs a quorum of replies.
    public var hasUnorderedReads: Bool = true
    /// Whether replicas execute what they have locked before it is decided, and reply tentatively (WHEAT): a client that has the
    /// replies of a quorum waits one step less. The service's snapshots should be cheap: one is taken in every instance.
    public var executesTentatively: Bool = false
    /// Which version of the protocol the group speaks: an operation of its own raises it (protocol §8), once all members can.
    public var protocolVersion = Int(ProtocolVersions.supported.highest)

    public init() {}

    /// The most that one client has in one batch: a quarter, but always one request, however large; so that others wait less
    /// for what it pours in.
    package var clientShare: (requests: Int, bytes: Int) { (max(1, batchRequestsMax / 4), batchBytesMax / 4) }

    /// L: no replica votes further than this beyond its newest stable checkpoint (protocol §6: at least 2K + W).
    package var voteLimit: Int { 2 * checkpointPeriod + window }

    /// D: the outcome of a calculation after instance k·c is due at k·c + D (adaptation §6): W or more, and c/2 at most.
    package var dueDistance: Int { max(window, calculationPeriod / 4) }

    /// The name of a setting that must stay the same for good and does not: sessions' marks, replies and checkpoints are
    /// laid out by them. Nil when there is none.
    package func nameOfFixed(differingFrom other: GroupSettings) -> String? {
        let fixed: [(String, KeyPath<GroupSettings, Int>)] = [
            ("checkpointPeriod", \.checkpointPeriod), ("requestBytesMax", \.requestBytesMax),
            ("pipelineMax", \.pipelineMax), ("sessionsPerClientMax", \.sessionsPerClientMax),
            ("sessionsMax", \.sessionsMax), ("measuringPermille", \.measuringPermille),
            ("calculationPeriod", \.calculationPeriod), ("protocolVersion", \.protocolVersion),
        ]
        if isDurable != other.isDurable { return "isDurable" }
        return fixed.first { self[keyPath: $0.1] != other[keyPath: $0.1] }?.0
    }

    /// Says what is wrong with a setting, naming it; nil when all are in their bounds.
    package var complaint: String? {
        let bounds: [(String, Int, ClosedRange<Int>)] = [
            ("window", window, 1...1024),
            ("batchRequestsMax", batchRequestsMax, 1...16_384),
            ("batchBytesMax", batchBytesMax, 1024...(16 << 20)),
            ("checkpointPeriod", checkpointPeriod, 8...16_384),
            ("requestBytesMax", requestBytesMax, 1024...(8 << 20)),
            ("pipelineMax", pipelineMax, 1...4096),
            ("sessionsPerClientMax", sessionsPerClientMax, 1...65_536),
            ("sessionsMax", sessionsMax, 1...1_048_576),
            ("clockBoundMilliseconds", clockBoundMilliseconds, 100...86_400_000),
            ("measuringPermille", measuringPermille, 0...1_000),
            ("calculationPeriod", calculationPeriod, 16...1_000_000),
            ("goalPermille", goalPermille, 1_000...10_000),
            ("goalMicroseconds", goalMicroseconds, 0...1_000_000_000),
            ("rejoinMilliseconds", rejoinMilliseconds, 1...86_400_000),
            ("protocolVersion", protocolVersion, 1...Int(UInt16.max)),
        ]
        for (name, value, bound) in bounds where !bound.contains(value) {
            return "\(name) is \(value), but must be from \(bound.lowerBound) to \(bound.upperBound)"
        }
        guard measuringPermille == 0 || calculationPeriod >= 2 * window else {
            return "calculationPeriod is \(calculationPeriod), but must be at least \(2 * window), twice the window"
        }
        return nil
    }
}
