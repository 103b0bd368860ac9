// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// The two stages of a request's timer (protocol §6): first it is forwarded to all, then, if it is signed, the regency ends.
/// Whoever gets a signed request can show it to everyone. Of an unsigned one the others may never know, whoever vouches for
/// it to whom: liars in league with a client would end one regency after the other. Where nobody lies (`crash` mode) all
/// believe each other.
extension RequestPool {
    /// An unsigned request is dropped after so many second stages; its client sends it again, and signs it.
    static let unsignedRoundsMax = 8

    package struct Expiry: Sendable {
        /// To be sent to everyone now.
        package var forwards: [ForwardedRequest] = []
        /// Their clients are to sign them.
        package var unsigned: [RequestID] = []
        /// A signed request stayed unordered for both stages.
        package var isRegencyOver = false
    }

    package func nextExpiry(timeout: Interval) -> Instant? {
        var earliest: Instant?
        for list in [firstStage, secondStage] {
            guard let place = list.first, let slot = slots[place] else { continue }
            earliest = min(earliest ?? .distantFuture, slot.since + timeout)
        }
        return earliest
    }

    /// A request of a session that is not known here yet ends no regency: perhaps it never will be, or this replica is
    /// behind. Nor does it stay for long; its client sends again what it still wants. What is not `.new` any more, ordered
    /// or of a session that turned out not to exist, just goes. Of one client no more than its share of a batch is in the
    /// second stage at a time, the rest begins the first anew: those tell enough of a leader, and where too little is ordered
    /// in time, all that waits, passed on by all to all and signed, would make it less.
    package mutating func expire(
        at now: Instant, timeout: Interval, forwardBytesMax: Int, sessions: SessionTable
    ) -> Expiry {
        var expiry = Expiry()
        var size = 0
        while let place = firstStage.first, let slot = slots[place], slot.since + timeout <= now, size < forwardBytesMax
        {
            guard sessions.standing(of: slot.request.request, decided: decided) == .new else {
                remove(slot.request.id)
                continue
            }
            guard lanes[slot.lane].overdue < view.settings.clientShare.requests else {
                restartFirstStage(place, at: now)
                continue
            }
            if isPassedOn(slot) {
                size += forwardSize(slot)
                expiry.forwards.append(forwarded(slot))
            }
            if !isBelieved(slot) {
                if !slot.isHearsay { expiry.unsigned.append(slot.request.id) }
                slots[place]?.awaitsSignature = true
                lanes[slot.lane].awaiting += 1
            }
            moveToSecondStage(place, at: now)
        }
        var rotations = secondStage.count
        while rotations > 0, let place = secondStage.first, let slot = slots[place], slot.since + timeout <= now,
            size < forwardBytesMax
        {
            rotations -= 1
            let isOfUnknownSession = slot.request.id.session.instance > decided
            if sessions.standing(of: slot.request.request, decided: decided) != .new
                || slot.rounds >= Self.unsignedRoundsMax && (isOfUnknownSession || !isBelieved(slot))
            {
                remove(slot.request.id)
                continue
            }
            if !isOfUnknownSession, isBelieved(slot) { expiry.isRegencyOver = true }
            let round = slot.rounds + 1
            if isPassedOn(slot), isForwardedAgain(in: round) {
                size += forwardSize(slot)
                expiry.forwards.append(forwarded(slot))
            }
            slots[place]?.rounds = round
            restartSecondStage(place, at: now)
        }
        return expiry
    }

    /// A new regency restarts every timer, each at the stage it has reached. What was not forwarded yet keeps its first
    /// stage: the new leader may not have got it, and two expiries must not fall into one, as they would where the others
    /// vouched for it meanwhile.
    package mutating func restartTimers(at now: Instant) {
        for list in [firstStage, secondStage] {
            var place = list.first
            while let candidate = place {
                slots[candidate]?.since = now
                place = list.next(after: candidate, links: timerLinks)
            }
        }
    }

    /// Whether everyone who is handed it believes that it is its client's.
    func isBelieved(_ slot: Slot) -> Bool { slot.isSigned || view.faultModel == .crash }

    private func isPassedOn(_ slot: Slot) -> Bool { isBelieved(slot) || !slot.isHearsay }

    /// The others may have got it without: what comes signed after it was forwarded is forwarded again at once, and the leader
    /// has the whole second stage from there.
    mutating func sign(_ place: Int, _ request: AdmittedRequest, at now: Instant) {
        guard let before = slots[place] else { return }
        let isWaiting = before.proposedIn == .zero
        if isWaiting { dequeue(place) }
        if before.awaitsSignature { lanes[before.lane].awaiting -= 1 }
        slots[place]?.awaitsSignature = false
        slots[place]?.isSigned = true
        slots[place]?.request = request
        if isWaiting { enqueue(place) }
        guard before.isSecondStage else { return }
        restartSecondStage(place, at: now)
        signedLate.append(place)
    }

    /// What `sign` has put aside, within so many bytes; the rest waits.
    package mutating func takeSignedLate(forwardBytesMax: Int) -> [ForwardedRequest] {
        guard !signedLate.isEmpty else { return [] }
        var size = 0
        let due = signedLate.prefix { place in
            defer { size += slots[place].map(forwardSize) ?? 0 }
            return size < forwardBytesMax
        }
        signedLate.removeFirst(due.count)
        return due.compactMap { slots[$0].map(forwarded) }
    }

    private mutating func restartFirstStage(_ place: Int, at now: Instant) {
        firstStage.remove(place, links: &timerLinks)
        slots[place]?.since = now
        firstStage.append(place, links: &timerLinks)
    }

    private mutating func restartSecondStage(_ place: Int, at now: Instant) {
        secondStage.remove(place, links: &timerLinks)
        slots[place]?.since = now
        secondStage.append(place, links: &timerLinks)
    }

    private mutating func moveToSecondStage(_ place: Int, at now: Instant) {
        firstStage.remove(place, links: &timerLinks)
        slots[place]?.isSecondStage = true
        if let lane = slots[place]?.lane { lanes[lane].overdue += 1 }
        slots[place]?.since = now
        secondStage.append(place, links: &timerLinks)
    }

    /// At the first, second, fourth, eighth … expiry of the second stage: all that waits, sent again and again, would fill
    /// narrow links and keep what ends the waiting from arriving.
    private func isForwardedAgain(in round: Int) -> Bool { round & (round - 1) == 0 }

    /// In bytes, roughly: with the digests that a signature covers.
    private func forwardSize(_ slot: Slot) -> Int {
        slot.request.request.payload.count + 128 + (slot.request.proof.map { 96 + 32 * $0.digests.count } ?? 0)
    }

    private func forwarded(_ slot: Slot) -> ForwardedRequest {
        ForwardedRequest(request: slot.request.request, isVouched: true, proof: slot.request.proof)
    }
}
