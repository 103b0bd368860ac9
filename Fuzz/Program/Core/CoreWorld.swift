// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTypes
import MartletWire

@testable import MartletCore

/// One real core among members, clients, clocks and stages that a fuzzer plays.
struct CoreWorld: ~Copyable {
    let me: ReplicaID
    let verifier: Verifier<TrustingScheme>
    private let sealer: Sealer<TrustingScheme>
    /// Whether the core's own messages and the stages' answers come back at once, or when the fuzzer says.
    private let isPrompt: Bool
    /// Whether calculations are done only when the fuzzer says.
    private let isCalculatingLate: Bool
    var source: ByteSource
    private(set) var core: ReplicaCore
    private var effects = Effects()
    private(set) var now = ClockReading(monotonic: Instant(1_000_000_000), wall: Timestamp(1_700_000_000_000_000))
    private(set) var status: CoreStatus
    private var ledger = VoteLedger()

    // What has been said so far, for the fuzzer to say again.
    var batches: [Batch] = []
    var requests: [Request] = []
    var sessions: [SessionID] = []
    var clients: [SessionID: ClientID] = [:]
    var stopDatas: [StopData] = []
    var snapshots: [(Instance, Digest)] = []
    var challenges: [(ReplicaID, Challenge)] = []
    var outcomes: [CalculationOutcome] = []
    var sequencesDrawn: UInt64 = 0
    /// Operations of members that a batch has listed.
    private var listedOperations: Set<RequestID> = []
    private var numbersGiven: UInt64 = 0

    // What is on its way back to the core.
    private var loopback: [PeerMessage] = []
    var orders: [ExecutionOrder] = []
    private var checks: [DecisionCertificate] = []
    var serves: [CheckpointService] = []
    var lookUps: [ChunkLookUp] = []
    /// Of all states that were drawn; only looked up.
    var chunks: [Digest: Bytes] = [:]
    var calculations: [CalculationTask] = []
    private var entropyWanted = 0

    // The execution stage.
    var executed = Instance.zero
    var lastTime = Timestamp.zero
    var isBetweenViews = false
    /// What is executed beyond that.
    var tentative: [Digest] = []

    init(_ bytes: Bytes) {
        source = ByteSource(bytes)
        let shape = CoreShape(&source)
        me = shape.view.members[source.number(below: shape.view.n)].id
        isPrompt = source.chance(192)
        isCalculatingLate = source.chance(64)
        verifier = Verifier(
            view: shape.view, scheme: TrustingScheme(), rememberedSignaturesMax: 0)
        sealer = Sealer(group: shape.view.group, replica: me, key: TrustingScheme.NoKey(), scheme: TrustingScheme())
        var configuration = CoreConfiguration(view: shape.view, replica: me, mode: shape.mode)
        configuration.pendingPerClientMax = CoreShape.pendingPerClientMax
        configuration.pendingMax = CoreShape.pendingMax
        configuration.decisionsBytesMax = 4096
        core = ReplicaCore(configuration, at: now, into: &effects)
        status = core.status
        act(before: core.status)
    }

    /// The core's; the members are always the same.
    var view: View { status.view }
    var others: [ReplicaID] { view.members.map(\.id).filter { $0 != me } }
    var epoch: Epoch { status.epoch }

    // MARK: Driving

    mutating func step(_ event: consuming Event) {
        let before = core.status
        core.step(event, at: now, into: &effects)
        act(before: before)
    }

    /// What another member says, if the verifier lets it pass. (In its own name only the loopback link speaks.)
    mutating func say(_ message: PeerMessage, from member: ReplicaID) {
        guard member != me else { return }
        let verified: VerifiedMessage
        do throws(VerificationError) {
            verified = try verifier.verify(message, from: member)
        } catch {
            return
        }
        step(.message(verified))
    }

    mutating func pass(_ interval: Interval) {
        now.monotonic = now.monotonic + interval
        now.wall = Timestamp(now.wall.rawValue &+ interval.nanoseconds / 1_000)
        if let deadline = core.nextDeadline, deadline <= now.monotonic { step(.deadline) }
    }

    mutating func setWall(_ time: UInt64) { now.wall = Timestamp(min(time, 1 << 62)) }

    /// Lets so many of the things that wait come back.
    mutating func bringBack(_ count: Int) {
        for _ in 0..<count {
            if !loopback.isEmpty {
                step(.message(sealer.loopback(loopback.removeFirst())))
            } else if !checks.isEmpty {
                answer(checks.removeFirst())
            } else if !orders.isEmpty {
                carryOut(orders.removeFirst())
            } else if !serves.isEmpty {
                serve(serves.removeFirst())
            } else if !lookUps.isEmpty {
                lookUp(lookUps.removeFirst())
            } else if entropyWanted > 0 {
                giveEntropy()
            } else if !calculations.isEmpty, !isCalculatingLate {
                calculateNext()
            } else {
                return
            }
        }
    }

    // MARK: The stages

    private mutating func act(before: CoreStatus) {
        status = core.status
        checkBarriers(effects.sends)
        ledger.take(effects.sends, before: before, after: status)
        core.checkBounds()
        checkOperations()
        hold(effects.sends.count <= 4096 && effects.checks.count <= 4096, "a storm of effects")
        hold(
            effects.calculations.count <= 4096 && entropyWanted + effects.entropyWanted <= 8 * view.n,
            "a storm of effects")
        for certificate in effects.views { verifier.views.add(certificate) }
        for send in effects.sends { note(send) }
        orders += effects.executions
        checks += effects.checks
        calculations += effects.calculations
        serves += effects.serves
        lookUps += effects.lookUps
        entropyWanted += effects.entropyWanted
        effects.removeAll()
        // Bounded: a core that answers itself for ever is in error.
        var rounds = 0
        while isPrompt, !isActing, hasAnswers {
            isActing = true
            bringBack(1)
            isActing = false
            rounds += 1
            hold(rounds < 20_000, "it never comes to rest")
        }
    }

    private var hasAnswers: Bool {
        !loopback.isEmpty || !orders.isEmpty || !checks.isEmpty || !serves.isEmpty || !lookUps.isEmpty
            || entropyWanted > 0
            || !calculations.isEmpty && !isCalculatingLate
    }

    private var isActing = false

    private mutating func note(_ send: Send) {
        switch send.destination {
        case .others: break
        case .everyone: loopback.append(send.message)
        case .replica(let id): if id == me { loopback.append(send.message) }
        }
        switch send.message {
        case .propose(let propose): remember(propose.batch)
        case .stopData(let data): stopDatas = stopDatas.suffix(11) + [data]
        case .operation(let operation): keep(operation.request)
        case .challenge(let challenge):
            if case .replica(let asked) = send.destination { challenges = challenges.suffix(15) + [(asked, challenge)] }
        default: break
        }
    }

    mutating func remember(_ batch: Batch) {
        if !batches.contains(batch) { batches = batches.suffix(31) + [batch] }
        for entry in batch.entries where entry.id.session == .ofReplicas { listedOperations.insert(entry.id) }
    }

    /// Numbers that were never given before.
    private mutating func giveEntropy() {
        let first = numbersGiven
        numbersGiven += UInt64(entropyWanted)
        entropyWanted = 0
        step(.entropy(Array(first..<numbersGiven)))
    }

    /// Leaves out some shares, as if their signatures were not valid.
    private mutating func answer(_ certificate: DecisionCertificate) {
        let mask = source.byte()
        let kept = certificate.shares.enumerated().filter { mask >> UInt8($0.offset % 8) & 1 == 0 }.map(\.element)
        step(
            .certificateChecked(
                DecisionCertificate(
                    epoch: certificate.epoch, instance: certificate.instance, digest: certificate.digest, shares: kept))
        )
    }

    // MARK: What must hold

    /// **Safety** (docs/PROTOCOL.md: installing, barrier): no new vote beyond what has ended a view or may yet end it.
    private func checkBarriers(_ sends: [Send]) {
        for send in sends where !ledger.holds(send.message) {
            guard let vote = send.message.vote, vote.epoch.view == view.number, vote.instance > status.decided.next
            else { continue }
            hold(core.successor == nil, "a vote beyond the end of its view")
            let previous = vote.instance.previous
            hold(core.window.contains(previous), "a vote without one before it")
            hold(core.dueOutcome(at: previous) == .nothing, "a vote beyond what a calculation may end")
            let before = [core.window[previous].wrote, core.window[previous].accepted].compactMap { $0 }
            for earlier in before where earlier.regency == vote.epoch.regency {
                hold(!mayEndView(earlier.digest, at: previous), "a vote beyond a reconfiguration")
            }
        }
    }

    /// One that is void there, as it was executed before, does not.
    private func mayEndView(_ digest: Digest, at instance: Instance) -> Bool {
        guard let batch = batches.last(where: { self.digest(of: $0) == digest }), batch.entries.count == 1,
            !core.sessions.isVoid(batch.entries[0].id, in: instance, decided: status.decided)
        else { return false }
        return body(of: batch).bodies[0]?.kind.mayEndView ?? false
    }

    /// More of a member's operations wait only where a batch lists them.
    private func checkOperations() {
        for member in view.members {
            let client = ClientID(member.key)
            let waiting = core.pendingRequests(of: client).requests
            guard waiting > ReplicaCore.operationsPendingMax else { continue }
            let listed = listedOperations.count { $0.client == client }
            hold(waiting <= ReplicaCore.operationsPendingMax + listed, "a member's operations pile up")
        }
    }
}

extension PeerMessage {
    fileprivate var vote: (epoch: Epoch, instance: Instance)? {
        switch self {
        case .write(let vote): (vote.epoch, vote.instance)
        case .accept(let vote): (vote.epoch, vote.instance)
        default: nil
        }
    }
}
