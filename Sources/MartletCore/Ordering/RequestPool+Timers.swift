// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// The two stages of a request's timer (protocol §6): first it is forwarded to all, then, if it is known to be authentic
/// to others too, the regency ends.
extension RequestPool {
    /// A request that nobody vouches for is dropped after so many second stages; its client sends it again.
    static let unvouchedRoundsMax = 8

    package struct Expiry: Sendable {
        /// To be sent to everyone now.
        package var forwards: [ForwardedRequest] = []
        /// A request that is signed or vouched for by f+1 members stayed unordered for both stages.
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

    /// In `strict` mode only what the leader may propose ends its regency. A request of a session that is not known
    /// here yet ends none: perhaps it never will be, or this replica is behind. Nor does it stay for long; its client sends
    /// again what it still wants.
    package mutating func expire(
        at now: Instant, timeout: Interval, forwardBytesMax: Int, isStrict: Bool, view: View, decided: Instance
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
            let isKnownToOthers = slot.isSigned || slot.vouchers.count >= rule.weakCount
            let isOfUnknownSession = slot.request.id.session.instance > decided
            if !isOfUnknownSession, isStrict ? isProvable(slot, view: view) : isKnownToOthers {
                expiry.isRegencyOver = true
            } else if isOfUnknownSession || !isKnownToOthers, slot.rounds >= Self.unvouchedRoundsMax {
                dropped.append(slot.request.id)
            }
            size += slot.request.request.payload.count + 128
            expiry.forwards.append(forwarded(slot))
            secondStage.remove(place, links: &timerLinks)
            slots[place]?.since = now
            slots[place]?.rounds += 1
            secondStage.append(place, links: &timerLinks)
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

    private mutating func moveToSecondStage(_ place: Int, at now: Instant) {
        firstStage.remove(place, links: &timerLinks)
        slots[place]?.isSecondStage = true
        slots[place]?.since = now
        secondStage.append(place, links: &timerLinks)
    }

    private func forwarded(_ slot: Slot) -> ForwardedRequest {
        ForwardedRequest(request: slot.request.request, isVouched: true, proof: slot.request.proof)
    }
}
