// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// What a correct replica never says (protocol §5 and §6, the **Safety** rules on votes), judged by its own messages and by
/// the SYNCs that reached it: *once*, *in order*, *promise*, and none once its memory is lost, but in views that admit it anew (§7).
package struct VoteChecker: Sendable {
    private struct Place: Hashable {
        let epoch: Epoch
        let instance: Instance
    }

    private struct Votes: Sendable {
        var writes: [Place: Digest] = [:]
        var accepts: [Place: Digest] = [:]
        /// The highest epoch that it entered, by its own word: its STOPDATA, or where it says that it stands.
        var promised = Epoch(view: .genesis, regency: .first)
        /// The highest regency of each view whose SYNC it has, one that settles something; a view's first needs none.
        var synced: [ViewNumber: Regency] = [:]
        var stopData: [Epoch: StopData] = [:]
        /// Which incarnation runs: 0, or another since it started again after it had spoken.
        var incarnation: UInt64 = 0
    }

    private var votes: [Votes]

    package init(replicas: Int) { votes = Array(repeating: Votes(), count: replicas) }

    /// `decided` is the end of the sender's unbroken run of decisions.
    package mutating func sent(
        _ message: PeerMessage, by replica: Int, decided: Instance, _ views: ViewChecker, at now: Instant
    ) -> Violation? {
        if let (name, number) = Self.membersOnly(message), let view = views.view(number),
            view.index(of: ReplicaID(slot: replica)) == nil
        {
            return Violation(
                .votes, at: now, "replica \(replica) sent \(name) of view \(number), which does not list it")
        }
        switch message {
        case .write(let vote):
            return check("WRITE", vote.epoch, vote.instance, vote.digest, \.writes, replica, decided, views, now)
        case .accept(let vote):
            return check("ACCEPT", vote.epoch, vote.instance, vote.digest, \.accepts, replica, decided, views, now)
        case .stopData(let data): return check(data, by: replica, views, at: now)
        case .sync(let sync): noteSync(sync, of: replica, views)
        case .checkpoint(let vote): return check("CHECKPOINT", by: replica, in: vote.view, views, at: now)
        case .install(let install): return check("INSTALL", by: replica, in: install.view, views, at: now)
        case .progress(let progress): votes[replica].promised = max(votes[replica].promised, progress.epoch)
        default: break
        }
        return nil
    }

    /// What only members may say, and of which view.
    private static func membersOnly(_ message: PeerMessage) -> (name: String, view: ViewNumber)? {
        switch message {
        case .propose(let it): ("PROPOSE", it.epoch.view)
        case .write(let it): ("WRITE", it.epoch.view)
        case .accept(let it): ("ACCEPT", it.epoch.view)
        case .stop(let it): ("STOP", it.view)
        case .stopData(let it): ("STOPDATA", it.epoch.view)
        case .checkpoint(let it): ("CHECKPOINT", it.view)
        case .install(let it): ("INSTALL", it.view)
        default: nil
        }
    }

    package mutating func received(_ message: PeerMessage, by replica: Int, _ views: ViewChecker) {
        if case .sync(let sync) = message { noteSync(sync, of: replica, views) }
    }

    /// One that settles nothing is none.
    private mutating func noteSync(_ sync: Sync, of replica: Int, _ views: ViewChecker) {
        let known = votes[replica].synced[sync.epoch.view] ?? .first
        guard sync.epoch.regency > known, views.settlement(of: sync) != nil else { return }
        votes[replica].synced[sync.epoch.view] = sync.epoch.regency
    }

    /// What it promised before is forgotten, but not that it did.
    package mutating func restarted(_ replica: Int, as incarnation: UInt64) {
        votes[replica].promised = Epoch(view: .genesis, regency: .first)
        votes[replica].incarnation = incarnation
    }

    /// It remembers every vote and what it promised. What it tells in STOPDATA may be proved otherwise than before.
    package mutating func restored(_ replica: Int, as incarnation: UInt64) {
        votes[replica].stopData = [:]
        votes[replica].incarnation = incarnation
    }

    private func check(
        _ name: String, by replica: Int, in number: ViewNumber, _ views: ViewChecker, at now: Instant
    ) -> Violation? {
        guard isForgetful(replica, in: number, views) else { return nil }
        return Violation(
            .votes, at: now, "replica \(replica) sent \(name) of view \(number) though it had forgotten its votes there"
        )
    }

    /// In a view that admits another incarnation it has forgotten what it voted for.
    private func isForgetful(_ replica: Int, in number: ViewNumber, _ views: ViewChecker) -> Bool {
        guard let view = views.view(number) else { return false }
        return view.incarnation(of: ReplicaID(slot: replica)) != votes[replica].incarnation
    }

    private mutating func check(
        _ name: String, _ epoch: Epoch, _ instance: Instance, _ digest: Digest,
        _ kind: WritableKeyPath<Votes, [Place: Digest]>, _ replica: Int, _ decided: Instance, _ views: ViewChecker,
        _ now: Instant
    ) -> Violation? {
        func complaint(_ text: String) -> Violation {
            Violation(
                .votes, at: now,
                "replica \(replica) sent \(name) of epoch \(epoch) for instance \(instance) \(text)")
        }
        guard !isForgetful(replica, in: epoch.view, views) else {
            return complaint("though it had forgotten what it voted for")
        }
        guard epoch >= votes[replica].promised else { return complaint("after entering \(votes[replica].promised)") }
        guard epoch.regency <= votes[replica].synced[epoch.view] ?? .first else { return complaint("before its SYNC") }
        let place = Place(epoch: epoch, instance: instance)
        if let earlier = votes[replica][keyPath: kind][place] {
            return earlier == digest ? nil : complaint("twice: \(earlier) and \(digest)")
        }
        let previous = Place(epoch: epoch, instance: instance - 1)
        guard instance - 1 <= decided || votes[replica][keyPath: kind][previous] != nil else {
            return complaint("before that for \(instance - 1), decided only to \(decided)")
        }
        votes[replica][keyPath: kind][place] = digest
        return nil
    }

    /// One STOPDATA a regency, and none by who has nothing to tell.
    private mutating func check(_ data: StopData, by replica: Int, _ views: ViewChecker, at now: Instant) -> Violation?
    {
        let epoch = data.epoch
        guard !isForgetful(replica, in: epoch.view, views) else {
            return Violation(.votes, at: now, "replica \(replica) sent STOPDATA though it had forgotten its votes")
        }
        votes[replica].promised = max(votes[replica].promised, epoch)
        if let earlier = votes[replica].stopData[epoch] {
            guard earlier.claims == data.claims, earlier.provenBase == data.provenBase else {
                return Violation(.votes, at: now, "replica \(replica) made two different STOPDATA for \(epoch)")
            }
            return nil
        }
        votes[replica].stopData[epoch] = data
        return nil
    }
}
