// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// What may end the view (protocol §5, barrier). It is proposed alone, and nothing beyond it before it is decided: so one
/// of a client waits at a time, and between two of them the others have a batch.
extension RequestPool {
    struct Barriers: Sendable {
        /// Those that may be proposed in strict mode too, and the others; in the order of arrival.
        private(set) var ready = SlotList()
        private(set) var waiting = SlotList()
        /// Whether the last batch was one of them.
        fileprivate var hadLastBatch = false

        mutating func enqueue(_ place: Int, isReady: Bool, _ links: inout [SlotLinks]) {
            if isReady { ready.append(place, links: &links) } else { waiting.append(place, links: &links) }
        }

        mutating func dequeue(_ place: Int, isReady: Bool, _ links: inout [SlotLinks]) {
            if isReady { ready.remove(place, links: &links) } else { waiting.remove(place, links: &links) }
        }
    }

    /// Of a client that owes a signature, as in strict mode, only what is signed.
    func firstBarrier(isStrict: Bool) -> Int? {
        if let ready = barriers.ready.first { return ready }
        var place = isStrict ? nil : barriers.waiting.first
        while let candidate = place, let slot = slots[candidate], lanes[slot.lane].awaiting.requests > 0 {
            place = barriers.waiting.next(after: candidate, links: laneLinks)
        }
        return place
    }

    /// The next of them, unless it is the turn of what else there is to propose.
    mutating func takeBarrier(for instance: Instance, isStrict: Bool, besides hasOthers: Bool) -> BatchEntry? {
        let isTurnOfOthers = barriers.hadLastBatch && hasOthers
        barriers.hadLastBatch = false
        guard !isTurnOfOthers, let place = firstBarrier(isStrict: isStrict), let slot = slots[place] else {
            return nil
        }
        barriers.hadLastBatch = true
        dequeue(place)
        slots[place]?.proposedIn = instance
        return BatchEntry(id: slot.request.id, digest: slot.request.digest)
    }

    package func mayEndView(_ id: RequestID) -> Bool {
        place(of: id).flatMap { slots[$0]?.request.request.kind.mayEndView } ?? false
    }

    /// What else its client has here that may end the view, if the request may.
    func barrier(besides request: AdmittedRequest) -> Int? {
        guard request.request.kind.mayEndView, let lane = lanePlaces[request.id.client] else { return nil }
        return lanes[lane].barrier
    }

    func isOutdated(_ request: Request) -> Bool {
        switch request.kind {
        case .reconfiguration(let operation): operation.number <= view.lastOperation
        case .rejoin: Rejoin(payload: request.payload).map { $0.view < view.number } ?? true
        case .open, .operation, .orderedRead, .measure: false
        }
    }

    /// Other members vouch from here on, and each stands elsewhere.
    package mutating func forgetHearsay(n: Int) { hearsay = Hearsay(n: n) }

    /// Other settings from here on. Returns what its client has sent for a view that has ended: it
    /// does not wait any more.
    package mutating func begin(_ view: View) -> [Request] {
        self.view = view
        var outdated: [Request] = []
        for slot in slots {
            guard let slot, isOutdated(slot.request.request) else { continue }
            remove(slot.request.id)
            if !slot.isHearsay { outdated.append(slot.request.request) }
        }
        return outdated
    }
}
