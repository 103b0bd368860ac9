// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// What a correct replica never says (protocol §5 and §6, the **Safety** rules on votes), judged by its own messages:
/// *once*, *in order*, and *promise*.
package struct VoteChecker: Sendable {
    private struct Place: Hashable {
        let regency: Regency
        let instance: Instance
    }

    private struct Votes: Sendable {
        var writes: [Place: Digest] = [:]
        var accepts: [Place: Digest] = [:]
        /// The highest regency whose STOPDATA it made.
        var promised = Regency.first
        var stopData: [Regency: StopData] = [:]
    }

    private let faultModel: FaultModel
    private var votes: [Votes]

    package init(replicas: Int, faultModel: FaultModel) {
        self.faultModel = faultModel
        votes = Array(repeating: Votes(), count: replicas)
    }

    /// `decided` is the end of the sender's unbroken run of decisions.
    package mutating func sent(_ message: PeerMessage, by replica: Int, decided: Instance, at now: Instant)
        -> Violation?
    {
        switch message {
        case .write(let vote):
            check("WRITE", vote.epoch.regency, vote.instance, vote.digest, \.writes, replica, decided, now)
        case .accept(let vote):
            check("ACCEPT", vote.epoch.regency, vote.instance, vote.digest, \.accepts, replica, decided, now)
        case .stopData(let data): check(data, by: replica, at: now)
        default: nil
        }
    }

    package mutating func restarted(_ replica: Int) { votes[replica].promised = .first }

    private mutating func check(
        _ name: String, _ regency: Regency, _ instance: Instance, _ digest: Digest,
        _ kind: WritableKeyPath<Votes, [Place: Digest]>, _ replica: Int, _ decided: Instance, _ now: Instant
    ) -> Violation? {
        let who = "replica \(replica) sent \(name) of regency \(regency) for instance \(instance)"
        guard regency >= votes[replica].promised else {
            return Violation(.votes, at: now, "\(who) after its STOPDATA for \(votes[replica].promised)")
        }
        let place = Place(regency: regency, instance: instance)
        if let earlier = votes[replica][keyPath: kind][place] {
            guard earlier != digest else { return nil }
            return Violation(.votes, at: now, "\(who) twice: \(earlier) and \(digest)")
        }
        let previous = Place(regency: regency, instance: instance - 1)
        guard instance - 1 <= decided || votes[replica][keyPath: kind][previous] != nil else {
            return Violation(.votes, at: now, "\(who) before that for \(instance - 1), decided only to \(decided)")
        }
        votes[replica][keyPath: kind][place] = digest
        return nil
    }

    /// One STOPDATA a regency.
    private mutating func check(_ data: StopData, by replica: Int, at now: Instant) -> Violation? {
        let regency = data.epoch.regency
        votes[replica].promised = max(votes[replica].promised, regency)
        if let earlier = votes[replica].stopData[regency] {
            guard earlier.claims == data.claims, earlier.provenBase == data.provenBase else {
                return Violation(.votes, at: now, "replica \(replica) made two different STOPDATA for \(regency)")
            }
            return nil
        }
        votes[replica].stopData[regency] = data
        return nil
    }
}
