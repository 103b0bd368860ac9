// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// One chain of views (protocol §3): all correct replicas find the same view to follow each one, after the same instance,
/// and only where members that weigh a quorum of it have said so, each a liar or one that did. And the barrier (protocol
/// §5): nobody votes beyond what may end a view before it is decided. Knows the views for the other checkers.
package struct ViewChecker: Sendable {
    private let liars: [Int]
    private var views: [View]
    /// The last instance of each view but the newest.
    private var ends: [Instance] = []
    /// Who, of those that do not lie, has sent that INSTALL.
    private var installs: [ViewNumber: [Word]] = [:]

    /// Requests that may end a view, as a batch lists them, and what each batch lists that lists one alone.
    private var requests: Set<BatchEntry> = []
    private var batches: [Digest: BatchEntry] = [:]
    /// Where each was executed first: whoever has decided that finds it void from then on.
    private var executed: [BatchEntry: Instance] = [:]
    /// Where somebody has voted for such a batch.
    private var barriers: Set<Place> = []
    /// Where somebody has sent WRITE, and ACCEPT: it may send the same again.
    private var writes: Set<Place> = []
    private var accepts: Set<Place> = []

    private struct Place: Hashable {
        let replica: Int
        let epoch: Epoch
        let instance: Instance
    }

    private struct Word: Sendable {
        let last: Instance
        let next: View
        var from = VoterSet()
    }

    package init(genesis: View, liars: [Int]) {
        views = [genesis]
        self.liars = liars
    }

    package func view(_ number: ViewNumber) -> View? {
        let place = Int(clamping: number.rawValue) - 1
        return views.indices.contains(place) ? views[place] : nil
    }

    package var newest: View { views[views.count - 1] }

    package func view(of instance: Instance) -> View { views[ends.count { $0 < instance }] }

    /// What a SYNC settles in its view; nil where it settles nothing, or where nobody has proved the view.
    package func settlement(of sync: Sync) -> NaiveSettlement? {
        guard let view = view(sync.epoch.view) else { return nil }
        let place = Int(clamping: sync.epoch.view.rawValue) - 1
        return NaiveSettlement(sync, in: view, after: place == 0 ? .zero : ends[place - 1])
    }

    /// `decided` is the end of the sender's unbroken run of decisions.
    package mutating func sent(_ message: PeerMessage, by replica: Int, decided: Instance, at now: Instant)
        -> Violation?
    {
        switch message {
        case .install(let install): return noteInstall(install, by: replica, decided: decided, at: now)
        case .propose(let it): return check("PROPOSE", it.epoch, it.batch.instance, by: replica, decided, at: now)
        case .write(let it):
            return check("WRITE", it.epoch, it.instance, by: replica, decided, at: now)
                ?? checkWrite(it, by: replica, decided, at: now)
        case .accept(let it):
            return check("ACCEPT", it.epoch, it.instance, by: replica, decided, at: now)
                ?? checkAccept(it, by: replica, decided, at: now)
        default: return nil
        }
    }

    /// A client has sent a request that may end a view. Under another name its digest names nothing that anybody has.
    package mutating func mayEndView(_ request: BatchEntry) { requests.insert(request) }

    /// A batch with this digest was proposed to a correct replica, or by one.
    package mutating func proposed(_ batch: Batch, _ digest: Digest) {
        if batch.entries.count == 1, requests.contains(batch.entries[0]) { batches[digest] = batch.entries[0] }
    }

    /// A correct replica has decided a batch with this digest.
    package mutating func decided(_ digest: Digest, at instance: Instance) {
        guard let request = batches[digest] else { return }
        executed[request] = min(executed[request] ?? instance, instance)
    }

    /// The same WRITE sent again is no vote of its own: what has won at the barrier meanwhile was not known when it was cast. Whoever casts
    /// one for a barrier must not have voted beyond it either.
    private mutating func checkWrite(
        _ vote: WriteVote, by replica: Int, _ decided: Instance, at now: Instant
    ) -> Violation? {
        let place = Place(replica: replica, epoch: vote.epoch, instance: vote.instance)
        guard writes.insert(place).inserted else { return nil }
        let beyond = Place(replica: replica, epoch: vote.epoch, instance: vote.instance.next)
        if noteBarrier(vote.digest, at: place, decided), writes.contains(beyond) || accepts.contains(beyond) {
            return Violation(
                .views, at: now,
                "replica \(replica) sent WRITE of \(vote.epoch) for instance \(vote.instance), which may end the view, "
                    + "having voted beyond it; it has decided up to \(decided)")
        }
        return checkBarrier("WRITE", place, decided, at: now)
    }

    /// Whoever has sent WRITE for another batch there, that ends nothing, may have sent WRITE beyond it, and sends ACCEPT for the barrier all
    /// the same when a quorum wants it: then there is no quorum for what is beyond.
    private mutating func checkAccept(
        _ vote: AcceptVote, by replica: Int, _ decided: Instance, at now: Instant
    ) -> Violation? {
        let place = Place(replica: replica, epoch: vote.epoch, instance: vote.instance)
        guard accepts.insert(place).inserted else { return nil }
        _ = noteBarrier(vote.digest, at: place, decided)
        return checkBarrier("ACCEPT", place, decided, at: now)
    }

    private mutating func noteBarrier(_ digest: Digest, at place: Place, _ decided: Instance) -> Bool {
        guard let request = batches[digest], executed[request].map({ $0 > decided }) ?? true else { return false }
        barriers.insert(place)
        return true
    }

    private func checkBarrier(_ name: String, _ place: Place, _ decided: Instance, at now: Instant) -> Violation? {
        let (replica, epoch, instance) = (place.replica, place.epoch, place.instance)
        guard instance - 1 > decided,
            barriers.contains(Place(replica: replica, epoch: epoch, instance: instance - 1))
        else { return nil }
        return Violation(
            .views, at: now,
            "replica \(replica) sent \(name) of \(epoch) for instance \(instance), and what it voted for before that may "
                + "end the view; it has decided up to \(decided)")
    }

    private mutating func noteInstall(
        _ install: Install, by replica: Int, decided: Instance, at now: Instant
    ) -> Violation? {
        var words = installs[install.view] ?? []
        let same = words.firstIndex { $0.last == install.last && $0.next == install.next }
        let place = same ?? words.count
        if same == nil { words.append(Word(last: install.last, next: install.next)) }
        words[place].from.insert(replica)
        installs[install.view] = words
        guard install.last <= decided, words.count == 1 else {
            return Violation(
                .views, at: now,
                "replica \(replica) says that view \(install.next.number) follows instance \(install.last), "
                    + "having decided up to \(decided), and that what others say differs: \(words.count)")
        }
        return nil
    }

    /// A correct replica votes for an instance in the view that it belongs to. Beyond a view's end only while it has not
    /// decided that: what it voted for there earlier may have been replaced.
    private func check(
        _ name: String, _ epoch: Epoch, _ instance: Instance, by replica: Int, _ decided: Instance, at now: Instant
    ) -> Violation? {
        let place = Int(clamping: epoch.view.rawValue) - 1
        let isProved = views.indices.contains(place)
        let isAfterBegin = place < 1 || place - 1 < ends.count && ends[place - 1] < instance
        let isBeforeEnd = place >= ends.count || instance <= ends[place] || decided < ends[place]
        guard isProved, isAfterBegin, isBeforeEnd else {
            return Violation(
                .views, at: now,
                "replica \(replica) sent \(name) of \(epoch) for instance \(instance), which is not its")
        }
        return nil
    }

    /// A correct replica holds this for proved.
    package mutating func proved(_ certificate: ViewCertificate, by replica: Int, at now: Instant) -> Violation? {
        func complaint(_ text: String) -> Violation {
            Violation(.views, at: now, "replica \(replica) has proof of view \(certificate.next.number) \(text)")
        }
        guard let view = view(certificate.view) else { return complaint("but not of the one before") }
        if let known = self.view(certificate.next.number) {
            guard known == certificate.next, ends[Int(certificate.view.rawValue) - 1] == certificate.last else {
                return complaint("that differs from what others have")
            }
            return nil
        }
        let word = installs[certificate.view]?.first { $0.last == certificate.last && $0.next == certificate.next }
        var voters = word?.from ?? VoterSet()
        for liar in liars { voters.insert(liar) }
        var signers = VoterSet()
        for share in certificate.shares {
            if voters.contains(share.replica.slot) { signers.insert(share.replica.slot) }
        }
        guard NaiveQuorum(view).isQuorum(signers) else { return complaint("without a quorum of INSTALLs") }
        views.append(certificate.next)
        ends.append(certificate.last)
        return nil
    }
}
