// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Voting again after votes were lost (protocol §7).
extension ReplicaCore {
    /// **Safety**: in a view only the incarnation that it admits votes. Whatever an earlier one voted for was for views before, or
    /// in them it is not this one that votes.
    mutating func admitOrNot(into effects: inout Effects) {
        let admitted = view.incarnation(of: own.id)
        noteKey(into: &effects)
        noteVersion(into: &effects)
        guard isMember, !lacksKey, !lacksVersion else { return }
        switch mode {
        case .learner where rejoining.isWanted && admitted == rejoining.incarnation:
            mode = .voter
            effects.executions.append(.beginVoting)
            effects.notices.append(.admittedAgain(view.number))
        case .voter where admitted != rejoining.incarnation:
            effects.notices.append(.replacedByAnother(view.number))
            stopVoting(into: &effects)
            // One that has voted in this run has its key used twice, and does not fight for it. Any other was started with an older
            // copy of its disk.
            if journal.isOn, !hasVotedInThisRun { becomeAnother(into: &effects) }
        case .learner, .voter: break
        }
    }

    /// **Safety**: in a view that lists another key for it, it is not this replica that is meant.
    private mutating func noteKey(into effects: inout Effects) {
        guard let key = configuration.key, let listed = view.replica(own.id)?.key else { return }
        let lacked = lacksKey
        lacksKey = listed != key
        if lacksKey, !lacked {
            effects.notices.append(.keyReplaced(view.number))
            if mode == .voter { stopVoting(into: &effects) }
        } else if lacked, !lacksKey, mode == .learner, wrongState == nil {
            // Its votes are not lost: it has only waited for this view.
            rejoining.isWanted = true
        }
    }

    /// **Safety** (protocol §8): what a version means that it does not speak, it cannot know. All members have said that they speak it, so
    /// that this one was started with an older program since, or is a newcomer. It goes no further once that view is proved.
    mutating func noteVersion(into effects: inout Effects) {
        let newest = views.newest
        let version = UInt16(newest.settings.protocolVersion)
        let lacked = lacksVersion
        lacksVersion = !configuration.versions.contains(version)
        guard lacksVersion else {
            // The first view spoke an earlier one.
            if lacked, !lacksKey, mode == .learner, wrongState == nil { rejoining.isWanted = true }
            return
        }
        guard !lacked || toldUnspoken == nil else { return }
        toldUnspoken = newest.number
        effects.unspoken = UnspokenVersion(view: newest.number, version: version)
        effects.notices.append(.versionUnspoken(newest.number, version))
        if mode == .voter { stopVoting(into: &effects) }
    }

    /// This replica's votes or state are wrong, and not only lost: it follows, and somebody must see to it.
    mutating func stopVoting(into effects: inout Effects) {
        mode = .learner
        rejoining.isWanted = false
        proposer.begin(at: nil)
        effects.executions.append(.stopVoting)
    }

    // MARK: What was forgotten

    /// What it remembers ends before the instance, but its own signature, of the incarnation that it is, is on a word about it, which has been
    /// checked: an older copy of its disk was put back, or all of it is gone, with the marker that would have said so. **Safety**
    /// (protocol §7): its votes are lost, so that it follows until a REJOIN of its own has made a new view. Nobody else can make it
    /// do so.
    mutating func noteOwnWord(
        in shares: [SignatureShare], on instance: Instance, of number: ViewNumber, into effects: inout Effects
    ) {
        guard instance > max(decided, remembered), shares.contains(where: { $0.replica == own.id }),
            isOwn(number)
        else { return }
        forgetVotes(.instance(instance, known: decided), into: &effects)
    }

    /// The same of the word that it gave the leader of a regency that it has never entered. Its word waits for the record of that.
    mutating func noteOwnWord(in sync: Sync, into effects: inout Effects) {
        guard sync.epoch > max(epoch, restoration?.epoch ?? epoch), isOwn(sync.epoch.view),
            sync.collected.contains(where: { $0.sender == own.id })
        else { return }
        forgetVotes(.regency(sync.epoch, known: epoch), into: &effects)
    }

    /// Whether in that view it is this incarnation that votes.
    private func isOwn(_ number: ViewNumber) -> Bool {
        views.view(number).map { $0.index(of: own.id) != nil && $0.incarnation(of: own.id) == rejoining.incarnation }
            ?? false
    }

    private mutating func forgetVotes(_ word: ForgottenWord, into effects: inout Effects) {
        effects.notices.append(.votesForgotten(word))
        let wasVoter = mode == .voter
        if wasVoter { stopVoting(into: &effects) }
        becomeAnother(into: &effects)
        if wasVoter, leader == me { abdicate(into: &effects) }
    }

    /// Asks to be admitted as an incarnation of its own. One that is called so already has its key used twice: then it only follows.
    private mutating func becomeAnother(into effects: inout Effects) {
        guard rejoining.incarnation != configuration.incarnation else {
            rejoining.isWanted = false
            return
        }
        rejoining.begin(as: configuration.incarnation, at: now.monotonic)
        journal.write(.incarnation(rejoining.incarnation), into: &effects)
        rejoining.writtenAt = journal.position
    }

    // MARK: Asking

    /// Not before it has got as far as the others, or what it orders would be of a view that is over.
    private var isAsking: Bool {
        (isAskingForVotes || isTellingVersions) && !lacksKey && !lacksVersion && leavingAt == nil
            && successor == nil && catchUp.installing == nil && checkpointAhead == nil && wrongState == nil
            && !isFarBehind
    }

    private var isAskingForVotes: Bool {
        mode == .learner && rejoining.isWanted && view.replica(own.id) != nil && (view.n > 1 || !isMember)
    }

    /// Whether the view says of this voter that it speaks something else than it does. While the group speaks the highest of them there is
    /// nothing to tell.
    private var isTellingVersions: Bool {
        guard mode == .voter, isMember, view.versions(of: own.id) != configuration.versions else { return false }
        return view.incarnations.contains { $0.replica == own.id }
            || configuration.versions.highest > view.settings.protocolVersion
    }

    /// Asking sooner than a member may be admitted again would be for nothing.
    var rejoinDeadline: Instant? {
        guard isAsking else { return nil }
        let next = mode == .voter ? nextTelling : rejoining.next(configuration.timeouts)
        guard let last = view.incarnations.first(where: { $0.replica == own.id }) else { return next }
        let allowed = last.admitted.rawValue + last.wait(view.settings)
        guard allowed > now.wall.rawValue else { return next }
        return max(next, now.monotonic + .microseconds(allowed - now.wall.rawValue))
    }

    /// When all start with a newer program they would ask in step, and one view each would be lost to all others but one: in each view
    /// they ask one after the other.
    private var nextTelling: Instant {
        guard rejoining.askedIn != view.number else { return rejoining.next(configuration.timeouts) }
        return regencySince + configuration.timeouts.rejoin / 8 * UInt64(1 + me.position)
    }

    mutating func rejoinIfDue(into effects: inout Effects) {
        guard let due = rejoinDeadline, due <= now.monotonic else { return }
        rejoining.noteAsked(in: view.number, at: now.monotonic)
        reported.number = max(reported.number, sessions.lastOperation(of: own.id)).next
        let rejoin = Rejoin(
            view: view.number, incarnation: rejoining.incarnation, versions: configuration.versions)
        let request = Request.rejoin(rejoin, number: reported.number, by: own.key)
        effects.notices.append(
            mode == .learner ? .askedToRejoin(view.number) : .versionsTold(configuration.versions))
        let operation = ReplicaOperation(request: request)
        effects.sends.append(Send(.operation(operation), to: .everyone, after: rejoining.writtenAt))
    }

    // MARK: Admitting

    /// Whether a REJOIN would count if it were ordered here and now. Any other would take an instance alone to no effect, and by
    /// giving others to the leader than to the rest its author could have leaders blamed; of those that count there is one
    /// in a long time.
    func isAdmissible(_ request: Request) -> Bool {
        guard let replica = view.replica(request.id.client.key), let rejoin = Rejoin(payload: request.payload) else {
            return false
        }
        let time = Timestamp(now.wall.rawValue)
        guard view.incarnation(by: rejoin, of: replica.id, at: time) != nil else { return false }
        return view.index(of: replica.id) != nil || view.admitting(rejoin, of: replica.id, at: time) != nil
    }

    /// Whether it is this run of the replica that votes in the view.
    func isAdmitted(in view: View) -> Bool {
        mode == .voter && isThisRun(in: view)
    }

    /// Whether the view lists this replica as a member, as this incarnation, and with the key that it has: what is said with another one
    /// is nobody's word there.
    func isThisRun(in view: View) -> Bool {
        guard let index = view.index(of: own.id) else { return false }
        return view.incarnation(of: own.id) == rejoining.incarnation
            && (configuration.key ?? view[index].key) == view[index].key
    }

    /// The view that follows when a member's or learner's REJOIN was ordered; nil when it does not count.
    func view(admitting replica: ReplicaID, by request: Request, in batch: Batch) -> View? {
        guard batch.entries.count == 1, let rejoin = Rejoin(payload: request.payload) else { return nil }
        return view.admitting(rejoin, of: replica, at: lastTime)
    }
}

/// Which incarnation of its member this replica is.
struct Rejoining {
    /// 0: the first.
    private(set) var incarnation: UInt64
    /// Where it is written down, so that no other run takes itself for an earlier one.
    var writtenAt = LogPosition.start
    /// Whether it may ask: it has lost its votes, and nothing else.
    var isWanted: Bool
    /// When it last did, or started.
    private var asked: Instant
    private var times = 0
    /// In which view that was.
    private(set) var askedIn: ViewNumber?

    /// What it has written down says which it is; so long as no view that it knows admits it, it has yet to ask.
    init(_ configuration: CoreConfiguration, _ restoration: Restoration?, at now: Instant) {
        incarnation =
            restoration?.incarnation
            ?? (configuration.mode == .learner || configuration.view.index(of: configuration.replica) == nil
                ? configuration.incarnation : 0)
        isWanted = incarnation > 0
        asked = now
    }

    /// What was asked may be lost, or was ordered when the view had ended; it may also take long to be ordered.
    func next(_ timeouts: Timeouts) -> Instant { asked + timeouts.rejoin * (1 << UInt64(min(3, times))) }

    /// It finds that it has lost its votes while it runs.
    mutating func begin(as incarnation: UInt64, at now: Instant) {
        self.incarnation = incarnation
        isWanted = true
        asked = now
        times = 0
    }

    mutating func noteAsked(in view: ViewNumber, at now: Instant) {
        times = view == askedIn ? times + 1 : 1
        asked = now
        askedIn = view
    }
}
