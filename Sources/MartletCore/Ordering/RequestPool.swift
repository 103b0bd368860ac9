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
        /// How much of it its client has sent itself and was asked to sign.
        var awaiting = (requests: 0, bytes: 0)
        /// That of them which may end the view.
        var barrier: Int?
        /// How much of a batch it may have.
        var limits: ClientLimits
        /// How much of it the last batch took.
        var taken = (instance: Instance.zero, requests: 0, bytes: 0)

        /// Whether some of it may be proposed: from a client that owes a signature only what is signed. Whoever is asked signs
        /// at once; for one that does not, others may never know what it has sent here.
        var isActive: Bool { !ready.isEmpty || !waiting.isEmpty && awaiting.requests == 0 }
    }

    var view: View
    /// Of nobody else anything waits here.
    private(set) var served: ServedClients
    let perClientMax: Int
    let totalMax: Int
    let bytesMax: Int
    /// The most bytes of one client: more than is read of it while nothing has to be signed, several times over.
    var bytesPerClientMax: Int { 8 * max(view.settings.batchBytesMax, view.settings.requestBytesMax) }

    var slots: [Slot?] = []
    var laneLinks: [SlotLinks] = []
    var timerLinks: [SlotLinks] = []
    private var freeSlots: [Int] = []
    private var places: [RequestID: Int] = [:]

    var lanes: [Lane] = []
    private var freeLanes: [Int] = []
    private(set) var lanePlaces: [ClientID: Int] = [:]
    /// Lanes with requests that may be proposed, in the order of their next turn.
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
    package internal(set) var hearsay: Hearsay

    package init(configuration: CoreConfiguration) {
        view = configuration.view
        served = ServedClients(configuration.access, administrators: view.administration.keys)
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
        guard let lane = lanePlaces[client], lanes[lane].awaiting.requests == 0 else { return (0, 0) }
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
        if slot.awaitsSignature { noteAwaiting(slot, by: -1) }
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

    /// The group serves these from now on, each within its limits. What waits of others goes; returns what of it its client has sent
    /// itself.
    package mutating func serve(_ served: ServedClients) -> [RequestID] {
        self.served = served
        for lane in lanes.indices { lanes[lane].limits = served.limits(of: lanes[lane].client) }
        var refused: [RequestID] = []
        for slot in slots {
            guard let slot, slot.request.id.session != .ofReplicas, !served.contains(slot.request.id.client) else {
                continue
            }
            remove(slot.request.id)
            if !slot.isHearsay { refused.append(slot.request.id) }
        }
        return refused
    }

    // MARK: Lanes

    mutating func enqueue(_ place: Int) {
        guard let slot = slots[place] else { return }
        let lane = slot.lane
        let wasActive = lanes[lane].isActive
        let isReady = isBelieved(slot)
        slots[place]?.isReady = isReady
        waitingCount += 1
        waitingBytes += slot.request.request.payload.count
        if slot.request.request.kind.mayEndView { return barriers.enqueue(place, isReady: isReady, &laneLinks) }
        if isReady {
            if lanes[lane].ready.isEmpty { readyLanes.append(lane, links: &readyLinks) }
            lanes[lane].ready.append(place, links: &laneLinks)
        } else {
            lanes[lane].waiting.append(place, links: &laneLinks)
        }
        noteActivity(of: lane, before: wasActive)
    }

    mutating func dequeue(_ place: Int) {
        guard let slot = slots[place] else { return }
        waitingCount -= 1
        waitingBytes -= slot.request.request.payload.count
        if slot.request.request.kind.mayEndView { return barriers.dequeue(place, isReady: slot.isReady, &laneLinks) }
        let wasActive = lanes[slot.lane].isActive
        if slot.isReady {
            lanes[slot.lane].ready.remove(place, links: &laneLinks)
            if lanes[slot.lane].ready.isEmpty { readyLanes.remove(slot.lane, links: &readyLinks) }
        } else {
            lanes[slot.lane].waiting.remove(place, links: &laneLinks)
        }
        noteActivity(of: slot.lane, before: wasActive)
    }

    private mutating func noteActivity(of lane: Int, before wasActive: Bool) {
        guard lanes[lane].isActive != wasActive else { return }
        if wasActive {
            activeLanes.remove(lane, links: &activeLinks)
        } else {
            activeLanes.append(lane, links: &activeLinks)
        }
    }

    /// A lane comes to owe signatures, or owes none any more.
    mutating func noteAwaiting(_ slot: Slot, by step: Int) {
        let wasActive = lanes[slot.lane].isActive
        lanes[slot.lane].awaiting.requests += step
        lanes[slot.lane].awaiting.bytes += step * slot.request.request.payload.count
        noteActivity(of: slot.lane, before: wasActive)
    }

    mutating func noteHearsay(_ slot: Slot, by step: Int) {
        lanes[slot.lane].hearsay.requests += step
        lanes[slot.lane].hearsay.bytes += step * slot.request.request.payload.count
    }

    private mutating func lane(of client: ClientID) -> Int {
        if let lane = lanePlaces[client] { return lane }
        let lane: Int
        if let free = freeLanes.popLast() {
            lanes[free] = Lane(client: client, limits: served.limits(of: client))
            lane = free
        } else {
            lane = lanes.count
            lanes.append(Lane(client: client, limits: served.limits(of: client)))
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
