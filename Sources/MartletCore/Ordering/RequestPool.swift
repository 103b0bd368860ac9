// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// The requests that wait to be ordered; fair over clients. All of them are authentic: from the client itself, signed by
/// it, or vouched for by f+1 members. This replica vouches for each of them in turn: a word that rests on f+1 others
/// rests on a correct replica that has the request from the client, and passing it on keeps liars who vouch to some
/// members only from making the others wait for what the leader cannot propose.
package struct RequestPool: Sendable {
    package enum Admission: Hashable, Sendable {
        case added
        /// The same request is waiting already.
        case known
        /// Another content waits under this name, from the client itself.
        case conflicting
        case full
        /// For a view that has ended: it cannot have any effect any more.
        case outdated
    }

    /// How a body that a batch lists is known.
    package enum Found: Sendable {
        case authentic(Request)
        case unproven(Request)
        case missing
    }

    struct Slot: Sendable {
        var request: AdmittedRequest
        var isSigned: Bool
        var lane: Int
        /// In which of its lane's two lists it waits.
        var isReady = false
        /// The instance it was proposed in by this replica; 0 while it waits in its lane.
        var proposedIn: Instance = .zero
        var isSecondStage = false
        /// Its client was asked to sign it.
        var awaitsSignature = false
        /// It came from others, never from its client itself.
        var isHearsay: Bool
        /// It was passed on to all when a regency could end for it.
        var isShown = false
        let arrived: Instant
        /// When its timer's present stage began.
        var since: Instant
        var rounds = 0
        var restarts = 0
    }

    struct Lane: Sendable {
        var client: ClientID
        /// Those that may be proposed in strict mode too (`isBelieved`), and the others.
        var ready = SlotList()
        var waiting = SlotList()
        var pending = 0
        var bytes = 0
        /// How much of that came from others only.
        var hearsay = (requests: 0, bytes: 0)
        /// How many of them its client has sent itself and was asked to sign.
        var awaiting = 0
        /// That of them which may end the view.
        var barrier: Int?
        /// How much of it the last batch took.
        var taken = (instance: Instance.zero, requests: 0, bytes: 0)

        var isActive: Bool { !ready.isEmpty || !waiting.isEmpty }
    }

    var view: View
    let perClientMax: Int
    let totalMax: Int
    let bytesMax: Int

    var slots: [Slot?] = []
    var laneLinks: [SlotLinks] = []
    var timerLinks: [SlotLinks] = []
    private var freeSlots: [Int] = []
    private var places: [RequestID: Int] = [:]

    var lanes: [Lane] = []
    private var freeLanes: [Int] = []
    private(set) var lanePlaces: [ClientID: Int] = [:]
    /// Lanes with waiting requests, in the order of their next turn.
    var activeLanes = SlotList()
    var activeLinks: [SlotLinks] = []
    /// Those of them with requests that may be proposed in strict mode too, in the order of their next turn there.
    var readyLanes = SlotList()
    var readyLinks: [SlotLinks] = []
    /// What may end the view waits apart: it takes an instance alone.
    var barriers = Barriers()

    var firstStage = SlotList()
    var secondStage = SlotList()
    /// Signatures that came after their requests had been passed on without.
    var signedLate: [Int] = []

    /// The core's own: sessions up to here are there, or never will be.
    package var decided = Instance.zero

    package private(set) var bytes = 0
    package private(set) var waitingCount = 0
    package private(set) var waitingBytes = 0
    package private(set) var hearsay: Hearsay

    package init(configuration: CoreConfiguration) {
        view = configuration.view
        perClientMax = configuration.pendingPerClientMax
        totalMax = configuration.pendingMax
        bytesMax = configuration.pendingBytesMax
        hearsay = Hearsay(n: configuration.view.n)
    }

    package var count: Int { places.count }

    /// How many requests of this client wait to be ordered, and how many bytes of payload they have.
    package func pending(of client: ClientID) -> (requests: Int, bytes: Int) {
        lanePlaces[client].map { (lanes[$0].pending, lanes[$0].bytes) } ?? (0, 0)
    }

    /// The same of what came from the client itself; but nothing if it was asked to sign something: whoever is not read from
    /// could not answer that.
    package func queued(of client: ClientID) -> (requests: Int, bytes: Int) {
        guard let lane = lanePlaces[client], lanes[lane].awaiting == 0 else { return (0, 0) }
        return (lanes[lane].pending - lanes[lane].hearsay.requests, lanes[lane].bytes - lanes[lane].hearsay.bytes)
    }

    package var mostOfOneClient: Int { lanes.map(\.pending).max() ?? 0 }

    // MARK: Arrivals

    /// A request from the client itself.
    package mutating func add(_ request: AdmittedRequest, at now: Instant) -> Admission {
        add(request, isHearsay: false, at: now)
    }

    private mutating func add(_ request: AdmittedRequest, isHearsay: Bool, at now: Instant) -> Admission {
        if isOutdated(request.request) { return .outdated }
        var replaced: Int?
        if let place = places[request.id], let known = slots[place] {
            if known.request.digest == request.digest {
                if request.proof != nil, !known.isSigned { sign(place, request, at: now) }
                if !isHearsay { noteSentItself(place, at: now) }
                return .known
            }
            // A client that says one thing here and another elsewhere: what it has signed, everyone can know to be its word.
            guard request.proof != nil, !known.isSigned, known.proposedIn == .zero else { return .conflicting }
            replaced = place
        }
        guard hasRoom(for: request, insteadOf: replaced) || makeRoom(for: request, insteadOf: replaced) else {
            return .full
        }
        if replaced != nil { remove(request.id) }
        let size = request.request.payload.count
        let lane = lane(of: request.id.client)
        let place = takeSlot(
            Slot(
                request: request, isSigned: request.proof != nil, lane: lane, isHearsay: isHearsay, arrived: now,
                since: now))
        places[request.id] = place
        lanes[lane].pending += 1
        lanes[lane].bytes += size
        if request.request.kind.mayEndView { lanes[lane].barrier = place }
        bytes += size
        if let slot = slots[place], isHearsay { noteHearsay(slot, by: 1) }
        enqueue(place)
        firstStage.append(place, links: &timerLinks)
        return .added
    }

    /// `replaced`: the place of what goes when the request is taken.
    private func hasRoom(for request: AdmittedRequest, insteadOf replaced: Int?) -> Bool {
        let going = replaced.flatMap { slots[$0]?.request.request.payload.count }
        let leaving = going == nil ? 0 : 1
        return count - leaving < totalMax && bytes - (going ?? 0) + request.request.payload.count <= bytesMax
            && pending(of: request.id.client).requests - leaving < perClientMax
            && (barrier(besides: request) ?? replaced) == replaced
    }

    /// Signed, and of a session that is there: a session to come is easily named.
    private func isPrivileged(_ request: AdmittedRequest) -> Bool {
        request.proof != nil && request.id.session.instance <= decided
    }

    /// What is signed, of a session that is there, does not lack room because of what is not: its sender tells everyone, and
    /// whoever leads must have it.
    private mutating func makeRoom(for request: AdmittedRequest, insteadOf replaced: Int?) -> Bool {
        guard isPrivileged(request) else { return false }
        if let other = barrier(besides: request), other != replaced {
            guard let slot = slots[other], !isPrivileged(slot.request), slot.proposedIn == .zero else { return false }
            drop(other)
        }
        if replaced == nil, let lane = lanePlaces[request.id.client], lanes[lane].pending >= perClientMax {
            guard let place = lanes[lane].waiting.last ?? oldestToDrop(of: lanes[lane].ready, laneLinks, besides: nil)
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

    /// A replica's word that it has the request from the client itself.
    package mutating func vouch(_ entry: BatchEntry, by voter: ReplicaIndex) {
        if let place = places[entry.id], slots[place]?.request.digest == entry.digest { return }
        hearsay.vouch(entry, by: voter)
    }

    /// A body passed on by a replica. It joins the pool once it is known to be authentic; true when it just did.
    package mutating func hear(_ forward: AdmittedForward, from voter: ReplicaIndex, at now: Instant) -> Bool {
        let entry = BatchEntry(id: forward.admitted.id, digest: forward.admitted.digest)
        if forward.isVouched { vouch(entry, by: voter) }
        // A client may sign two contents for one name: a batch may list the one that does not wait here.
        if forward.admitted.proof != nil {
            let admission = add(forward.admitted, isHearsay: true, at: now)
            switch admission {
            case .added, .known: return admission == .added
            case .conflicting, .full, .outdated: break
            }
        }
        if let place = places[entry.id], slots[place]?.request.digest == entry.digest { return false }
        hearsay.keep(forward.admitted, by: voter)
        return adopt(entry, at: now)
    }

    /// Takes over a request that f+1 members vouch for and whose body is known; true when it just did.
    package mutating func adopt(_ entry: BatchEntry, at now: Instant) -> Bool {
        guard places[entry.id] == nil, hearsay.vouchers(of: entry).count >= view.quorum.weakCount,
            let body = hearsay.body(of: entry)
        else { return false }
        return add(body, isHearsay: true, at: now) == .added
    }

    // MARK: Look-up

    package func find(_ entry: BatchEntry) -> Found {
        if let place = places[entry.id], let slot = slots[place], slot.request.digest == entry.digest {
            return .authentic(slot.request.request)
        }
        guard let body = hearsay.body(of: entry) else { return .missing }
        let isProven = body.proof != nil || hearsay.vouchers(of: entry).count >= view.quorum.weakCount
        return isProven ? .authentic(body.request) : .unproven(body.request)
    }

    /// The names of all that waits without a signature, oldest first.
    package var unsigned: [RequestID] {
        var result: [RequestID] = []
        for list in [secondStage, firstStage] {
            var place = list.first
            while let candidate = place, let slot = slots[candidate] {
                if !isBelieved(slot) { result.append(slot.request.id) }
                place = list.next(after: candidate, links: timerLinks)
            }
        }
        return result
    }

    /// The request as this replica may pass it on.
    package func forward(_ entry: BatchEntry) -> ForwardedRequest? {
        guard let place = places[entry.id], let slot = slots[place], slot.request.digest == entry.digest else {
            return nil
        }
        return ForwardedRequest(request: slot.request.request, isVouched: true, proof: slot.request.proof)
    }

    func place(of id: RequestID) -> Int? { places[id] }

    // MARK: Departures

    /// It was ordered, or is refused for good; tells when it had arrived if it waited here.
    @discardableResult
    package mutating func remove(_ id: RequestID) -> Instant? {
        hearsay.forget(id)
        guard let place = places.removeValue(forKey: id), let slot = slots[place] else { return nil }
        if slot.proposedIn == .zero { dequeue(place) }
        if slot.isSecondStage {
            secondStage.remove(place, links: &timerLinks)
        } else {
            firstStage.remove(place, links: &timerLinks)
        }
        if slot.awaitsSignature { lanes[slot.lane].awaiting -= 1 }
        if slot.isHearsay { noteHearsay(slot, by: -1) }
        if let late = signedLate.firstIndex(of: place) { signedLate.remove(at: late) }
        bytes -= slot.request.request.payload.count
        lanes[slot.lane].pending -= 1
        lanes[slot.lane].bytes -= slot.request.request.payload.count
        if lanes[slot.lane].barrier == place { lanes[slot.lane].barrier = nil }
        if lanes[slot.lane].pending == 0 { freeLane(slot.lane) }
        slots[place] = nil
        freeSlots.append(place)
        return slot.arrived
    }

    /// What was ordered meanwhile, or never will be executed, does not wait any more.
    package mutating func removeVoid(_ sessions: SessionTable, decided: Instance) {
        for slot in slots {
            if let request = slot?.request.request, sessions.standing(of: request, decided: decided) != .new {
                remove(request.id)
            }
        }
    }

    // MARK: Lanes

    mutating func enqueue(_ place: Int) {
        guard let slot = slots[place] else { return }
        let lane = slot.lane
        let isReady = isBelieved(slot)
        slots[place]?.isReady = isReady
        waitingCount += 1
        waitingBytes += slot.request.request.payload.count
        if slot.request.request.kind.mayEndView { return barriers.enqueue(place, isReady: isReady, &laneLinks) }
        if !lanes[lane].isActive { activeLanes.append(lane, links: &activeLinks) }
        if isReady {
            if lanes[lane].ready.isEmpty { readyLanes.append(lane, links: &readyLinks) }
            lanes[lane].ready.append(place, links: &laneLinks)
        } else {
            lanes[lane].waiting.append(place, links: &laneLinks)
        }
    }

    mutating func dequeue(_ place: Int) {
        guard let slot = slots[place] else { return }
        waitingCount -= 1
        waitingBytes -= slot.request.request.payload.count
        if slot.request.request.kind.mayEndView { return barriers.dequeue(place, isReady: slot.isReady, &laneLinks) }
        if slot.isReady {
            lanes[slot.lane].ready.remove(place, links: &laneLinks)
            if lanes[slot.lane].ready.isEmpty { readyLanes.remove(slot.lane, links: &readyLinks) }
        } else {
            lanes[slot.lane].waiting.remove(place, links: &laneLinks)
        }
        if !lanes[slot.lane].isActive { activeLanes.remove(slot.lane, links: &activeLinks) }
    }

    mutating func noteHearsay(_ slot: Slot, by step: Int) {
        lanes[slot.lane].hearsay.requests += step
        lanes[slot.lane].hearsay.bytes += step * slot.request.request.payload.count
    }

    private mutating func lane(of client: ClientID) -> Int {
        if let lane = lanePlaces[client] { return lane }
        let lane: Int
        if let free = freeLanes.popLast() {
            lanes[free] = Lane(client: client)
            lane = free
        } else {
            lane = lanes.count
            lanes.append(Lane(client: client))
            activeLinks.append(SlotLinks())
            readyLinks.append(SlotLinks())
        }
        lanePlaces[client] = lane
        return lane
    }

    private mutating func freeLane(_ lane: Int) {
        lanePlaces[lanes[lane].client] = nil
        freeLanes.append(lane)
    }

    private mutating func takeSlot(_ slot: Slot) -> Int {
        if let free = freeSlots.popLast() {
            slots[free] = slot
            return free
        }
        slots.append(slot)
        laneLinks.append(SlotLinks())
        timerLinks.append(SlotLinks())
        return slots.count - 1
    }
}
