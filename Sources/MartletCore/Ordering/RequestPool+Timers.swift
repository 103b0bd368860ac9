// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// The two stages of a request's timer (protocol §6): first it is forwarded to all, then, if every member can know by now
/// that it is authentic, the regency ends. That f+1 members vouch for it, this one among them, is not enough: f of them may
/// be liars who told nobody else, and in league with a client they would end one regency after the other.
extension RequestPool {
    /// A request that too few vouch for is dropped after so many second stages; its client sends it again.
    static let unprovenRoundsMax = 8

    package struct Expiry: Sendable {
        /// To be sent to everyone now.
        package var forwards: [ForwardedRequest] = []
        /// A request that is signed or vouched for by a quorum stayed unordered for both stages.
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
    /// behind. Nor does it stay for long; its client sends again what it still wants.
    package mutating func expire(
        at now: Instant, timeout: Interval, forwardBytesMax: Int, decided: Instance
    ) -> Expiry {
        var expiry = Expiry()
        var size = 0
        var dropped: [RequestID] = []
        while let place = firstStage.first, let slot = slots[place], slot.since + timeout <= now, size < forwardBytesMax
        {
            size += slot.request.request.payload.count + 128
            expiry.forwards.append(forwarded(slot))
            moveToSecondStage(place, at: now)
        }
        var rotations = secondStage.count
        while rotations > 0, let place = secondStage.first, let slot = slots[place], slot.since + timeout <= now,
            size < forwardBytesMax
        {
            rotations -= 1
            let mayEndRegency = isProvable(slot) && slot.request.id.session.instance <= decided
            if mayEndRegency {
                expiry.isRegencyOver = true
            } else if slot.rounds >= Self.unprovenRoundsMax {
                dropped.append(slot.request.id)
            }
            let round = slot.rounds + 1
            if isForwardedAgain(in: round) {
                size += slot.request.request.payload.count + 128
                expiry.forwards.append(forwarded(slot))
            }
            slots[place]?.rounds = round
            restartSecondStage(place, at: now)
        }
        for id in dropped { remove(id) }
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

    /// The last vouch that was lacking may have reached nobody else yet: the leader has the whole second stage from here.
    /// Otherwise a client that chooses its time well makes two correct replicas disagree on whether the leader was late.
    mutating func noteVouch(_ place: Int, before: Slot, at now: Instant) {
        guard let slot = slots[place], slot.isSecondStage, !isProvable(before), isProvable(slot) else { return }
        restartSecondStage(place, at: now)
    }

    /// The signature came after the request: the others may know neither, so that it is forwarded anew before it counts.
    mutating func sign(_ place: Int, _ request: AdmittedRequest, at now: Instant) {
        guard let before = slots[place] else { return }
        slots[place]?.isSigned = true
        slots[place]?.request = request
        guard before.isSecondStage, !isProvable(before) else { return }
        secondStage.remove(place, links: &timerLinks)
        slots[place]?.isSecondStage = false
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
        slots[place]?.since = now
        secondStage.append(place, links: &timerLinks)
    }

    /// At the first, second, fourth, eighth … expiry of the second stage: all that waits, sent again and again, would fill
    /// narrow links and keep what ends the waiting from arriving.
    private func isForwardedAgain(in round: Int) -> Bool { round & (round - 1) == 0 }

    private func forwarded(_ slot: Slot) -> ForwardedRequest {
        ForwardedRequest(request: slot.request.request, isVouched: true, proof: slot.request.proof)
    }
}
