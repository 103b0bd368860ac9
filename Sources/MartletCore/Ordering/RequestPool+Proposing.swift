// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

extension RequestPool {
    /// Takes requests for a batch, one from each client in turn, and no more of one than its share. In `strict` mode only
    /// those that are signed: whoever is handed one knows that it is authentic (protocol §4); so too of a client that owes a
    /// signature. What may end the view is taken alone (protocol §5); where its last batch was such, the next is for the
    /// others, `hasProbes` among them.
    package mutating func takeBatch(for instance: Instance, isStrict: Bool, hasProbes: Bool = false) -> [BatchEntry] {
        let hasOthers = hasProbes || !(isStrict ? readyLanes : activeLanes).isEmpty
        if let barrier = takeBarrier(for: instance, isStrict: isStrict, besides: hasOthers) { return [barrier] }
        let (requestsMax, bytesMax) = (view.settings.batchRequestsMax, view.settings.batchBytesMax)
        var entries: [BatchEntry] = []
        entries.reserveCapacity(min(requestsMax, waitingCount))
        var size = 0
        var idleTurns = 0
        while entries.count < requestsMax, let lane = (isStrict ? readyLanes : activeLanes).first,
            idleTurns < (isStrict ? readyLanes : activeLanes).count
        {
            let isSignedOnly = isStrict || lanes[lane].awaiting.requests > 0
            let next = lanes[lane].ready.first ?? (isSignedOnly ? nil : lanes[lane].waiting.first)
            guard let place = next, let slot = slots[place],
                takeShare(of: lane, slot.request.request.payload.count, in: instance)
            else {
                idleTurns += 1
                rotate(lane)
                continue
            }
            size += slot.request.request.payload.count
            if size > bytesMax, !entries.isEmpty { break }
            idleTurns = 0
            entries.append(BatchEntry(id: slot.request.id, digest: slot.request.digest))
            dequeue(place)
            slots[place]?.proposedIn = instance
            rotate(lane)
        }
        return entries
    }

    package func hasProposable(isStrict: Bool) -> Bool {
        !(isStrict ? readyLanes : activeLanes).isEmpty || firstBarrier(isStrict: isStrict) != nil
    }

    /// Whether that client has a share of the batch left for a request of so many bytes; one always fits.
    private mutating func takeShare(of lane: Int, _ bytes: Int, in instance: Instance) -> Bool {
        if lanes[lane].taken.instance != instance { lanes[lane].taken = (instance, 0, 0) }
        let taken = lanes[lane].taken
        let share = lanes[lane].limits.share(in: view.settings)
        guard taken.requests < share.requests, taken.requests == 0 || taken.bytes + bytes <= share.bytes else {
            return false
        }
        lanes[lane].taken = (instance, taken.requests + 1, taken.bytes + bytes)
        return true
    }

    private mutating func rotate(_ lane: Int) {
        if lanes[lane].isActive {
            activeLanes.remove(lane, links: &activeLinks)
            activeLanes.append(lane, links: &activeLinks)
        }
        if !lanes[lane].ready.isEmpty {
            readyLanes.remove(lane, links: &readyLinks)
            readyLanes.append(lane, links: &readyLinks)
        }
    }

    /// A new regency: what this replica proposed waits again, in the order of its timers and behind what waits already.
    package mutating func takeBack() {
        for lane in lanes.indices { lanes[lane].taken.instance = .zero }
        for list in [secondStage, firstStage] {
            var place = list.first
            while let candidate = place {
                place = list.next(after: candidate, links: timerLinks)
                guard let slot = slots[candidate], slot.proposedIn != .zero else { continue }
                slots[candidate]?.proposedIn = .zero
                enqueue(candidate)
            }
        }
    }

    /// The request is in a batch that this replica proposes again: it does not wait any more.
    package mutating func markProposed(_ id: RequestID, in instance: Instance) {
        guard let place = place(of: id), slots[place]?.proposedIn == .zero else { return }
        dequeue(place)
        slots[place]?.proposedIn = instance
    }
}
