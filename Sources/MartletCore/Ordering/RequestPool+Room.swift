// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Which requests find room, and what goes for them.
extension RequestPool {
    /// `replaced`: the place of what goes when the request is taken.
    func hasRoom(for request: AdmittedRequest, insteadOf replaced: Int?) -> Bool {
        let going = replaced.flatMap { slots[$0]?.request.request.payload.count }
        return count - (going == nil ? 0 : 1) < totalMax
            && bytes - (going ?? 0) + request.request.payload.count <= bytesMax
            && clientHasRoom(for: request, insteadOf: replaced)
    }

    private func clientHasRoom(for request: AdmittedRequest, insteadOf replaced: Int?) -> Bool {
        let going = replaced.flatMap { slots[$0]?.request.request.payload.count }
        let own = pending(of: request.id.client)
        return own.requests - (going == nil ? 0 : 1) < perClientMax
            && own.bytes - (going ?? 0) + request.request.payload.count <= bytesPerClientMax
            && (barrier(besides: request) ?? replaced) == replaced
    }

    /// Signed, and of a session that is there: a session to come is easily named.
    private func isPrivileged(_ request: AdmittedRequest) -> Bool {
        request.proof != nil && request.id.session.instance <= decided
    }

    /// What is signed, of a session that is there, does not lack room because of what is not: its sender tells everyone, and
    /// whoever leads must have it.
    mutating func makeRoom(for request: AdmittedRequest, insteadOf replaced: Int?) -> Bool {
        guard isPrivileged(request) else { return false }
        if let other = barrier(besides: request), other != replaced {
            guard let slot = slots[other], !isPrivileged(slot.request), slot.proposedIn == .zero else { return false }
            drop(other)
        }
        while let lane = lanePlaces[request.id.client], !clientHasRoom(for: request, insteadOf: replaced) {
            guard
                let place = lanes[lane].waiting.last.flatMap({ $0 == replaced ? nil : $0 })
                    ?? oldestToDrop(of: lanes[lane].waiting, laneLinks, besides: replaced)
                    ?? oldestToDrop(of: lanes[lane].ready, laneLinks, besides: replaced)
            else { return false }
            drop(place)
        }
        while !hasRoom(for: request, insteadOf: replaced) {
            guard
                let place = oldestToDrop(of: secondStage, timerLinks, besides: replaced)
                    ?? oldestToDrop(of: firstStage, timerLinks, besides: replaced)
            else { return false }
            drop(place)
        }
        return true
    }

    /// Among a member's operations: whether it may wait here, in the place of the one with the lowest number if need be. Those
    /// that are proposed do not count.
    mutating func makeRoom(for operation: RequestID, unproposedMax: Int) -> Bool {
        guard place(of: operation) == nil, let lane = lanePlaces[operation.client] else { return true }
        var lowest: RequestID?
        var count = 0
        for list in [lanes[lane].ready, lanes[lane].waiting] {
            var place = list.first
            while let candidate = place, let slot = slots[candidate] {
                count += 1
                if lowest.map({ slot.request.id.sequence < $0.sequence }) ?? true { lowest = slot.request.id }
                place = list.next(after: candidate, links: laneLinks)
            }
        }
        guard count >= unproposedMax, let lowest else { return true }
        guard lowest.sequence < operation.sequence else { return false }
        remove(lowest)
        return true
    }

    /// Only the oldest few are looked at: the others wait behind what is signed.
    private func oldestToDrop(of list: SlotList, _ links: [SlotLinks], besides replaced: Int?) -> Int? {
        var place = list.first
        for _ in 0..<64 {
            guard let candidate = place, let slot = slots[candidate] else { return nil }
            if !isPrivileged(slot.request), slot.proposedIn == .zero, candidate != replaced { return candidate }
            place = list.next(after: candidate, links: links)
        }
        return nil
    }

    private mutating func drop(_ place: Int) {
        if let slot = slots[place] { remove(slot.request.id) }
    }
}
