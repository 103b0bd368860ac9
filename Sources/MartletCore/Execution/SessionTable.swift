// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// Which requests of which sessions were ordered (protocol §4, exactly once). A deterministic function of the decided
/// batches, so it is equal at all replicas and part of every checkpoint. The replies themselves are kept by the
/// execution stage (`ReplyCache`).
package struct SessionTable: Sendable {
    /// What the table says about a request that just arrived.
    package enum Standing: Hashable, Sendable {
        /// Not ordered yet; of a session that may be known only later, too.
        case new
        case ordered
        /// The client's latest opening, which opened this session.
        case opened(SessionID)
        case tooOld
        case sessionUnknown
        /// Of a client that the group does not serve: no session of it exists.
        case accessDenied
    }

    fileprivate struct Session: Sendable {
        let client: ClientID
        var highest = SequenceNumber(0)
        var marks: [UInt64]
        var repliesKeptFrom = SequenceNumber(0)
    }

    private struct ClientEntry: Sendable {
        let client: ClientID
        var opening: SequenceNumber
        var opened: SessionID
        /// By ascending session, so the oldest comes first.
        var sessions: [SessionID]
    }

    private let pipelineMax: Int
    /// Of which those count that stay the same for good.
    private let settings: GroupSettings
    private let sessionsMax: Int
    private var sessions: [SessionID: Session] = [:]
    /// By ascending client. Clients without sessions stay for a while, so that a repeated OPEN opens nothing.
    private var clients: [ClientEntry] = []

    /// What members order for themselves is not of any session: of each counts the number of its last operation.
    private var operations: [MemberOperations]
    /// Who may order one operation: that which admits it.
    private var learners: [ClientID] = []

    /// Whose sessions there may be.
    package private(set) var served: ServedClients

    package init(
        settings: GroupSettings, members: [Member] = [],
        served: ServedClients = ServedClients(.open, administrators: [])
    ) {
        self.served = served
        self.settings = settings
        operations = members.map { MemberOperations(replica: $0.id, client: ClientID($0.key)) }
        pipelineMax = settings.pipelineMax
        sessionsMax = settings.sessionsMax
    }

    package var sessionCount: Int { sessions.count }

    package var clientCount: Int { clients.count }

    // MARK: Asking

    package func standing(of request: Request, decided: Instance) -> Standing {
        if request.id.session == .ofReplicas { return isVoid(operation: request.id) ? .ordered : .new }
        if request.kind == .open {
            guard served.contains(request.id.client) else { return .accessDenied }
            guard let place = place(of: request.id.client), clients[place].opening >= request.id.sequence else {
                return .new
            }
            return clients[place].opening > request.id.sequence ? .tooOld : .opened(clients[place].opened)
        }
        guard let session = sessions[request.id.session], session.client == request.id.client else {
            guard served.contains(request.id.client) else { return .accessDenied }
            return request.id.session.instance > decided ? .new : .sessionUnknown
        }
        return standing(of: request.id.sequence, in: session)
    }

    /// Whether a request of this name was executed before or never will be: in a batch it changes nothing, so nobody
    /// needs to know whether it is authentic.
    /// (Everything up to `decided` is ordered here; a session is opened in its own instance or never, and is nobody
    /// else's. An opening of a client that is served is never void: how long the table remembers a client's last one is not for
    /// ever. Of one that is not all is void: whom the group serves changes only where a view ends, so whoever votes in one view judges
    /// alike.)
    ///
    /// `instance`: where a batch lists it, when that is what is asked for. A session that is opened later than that, if
    /// ever, does not exist there, whatever is decided until then.
    package func isVoid(_ id: RequestID, in instance: Instance? = nil, decided: Instance) -> Bool {
        guard id.session != .none else { return !served.contains(id.client) }
        guard id.session != .ofReplicas else { return isVoid(operation: id) }
        guard let session = sessions[id.session] else {
            return id.session.instance <= decided || instance.map { $0 < id.session.instance } ?? false
                || !served.contains(id.client)
        }
        return session.client != id.client || standing(of: id.sequence, in: session) != .new
    }

    private func standing(of sequence: SequenceNumber, in session: Session) -> Standing {
        guard sequence.rawValue > 0 else { return .tooOld }
        guard sequence <= session.highest else { return .new }
        guard session.highest.rawValue - sequence.rawValue < UInt64(pipelineMax) else { return .tooOld }
        return session.isMarked(sequence, of: pipelineMax) ? .ordered : .new
    }

    // MARK: Members' own operations

    private struct MemberOperations: Sendable {
        let replica: ReplicaID
        let client: ClientID
        var last = SequenceNumber(0)
    }

    /// The number of the member's last ordered operation; 0 for anybody else.
    package func lastOperation(of member: ReplicaID) -> SequenceNumber {
        operations.first { $0.replica == member }?.last ?? SequenceNumber(0)
    }

    /// Of whom no member is any more, or who is a member or learner: a learner's only operation counts in the view that it names, and
    /// ends that.
    private func isVoid(operation id: RequestID) -> Bool {
        if let member = operations.first(where: { $0.client == id.client }) { return id.sequence <= member.last }
        return !learners.contains(id.client)
    }

    /// Whether it is ordered for the first time. What is skipped never has an effect.
    package mutating func orderOperation(_ id: RequestID) -> Bool {
        guard !isVoid(operation: id) else { return false }
        guard let place = operations.firstIndex(where: { $0.client == id.client }) else { return true }
        operations[place].last = id.sequence
        return true
    }

    /// Other members, or some with other keys; who stays goes on from its last number. The administrators are those of the view, or, where
    /// it has ended, of the one that follows.
    package mutating func begin(_ view: View, administeredBy administration: Administration? = nil) {
        served = ServedClients(served.table, administrators: (administration ?? view.administration).keys)
        let former = operations
        operations = view.members.map { member in
            MemberOperations(
                replica: member.id, client: ClientID(member.key),
                last: former.first { $0.replica == member.id }?.last ?? SequenceNumber(0))
        }
        learners = view.learners.map { ClientID($0.member.key) }
    }

    // MARK: Ordering

    /// Marks the request as ordered at this place and says what execution shall do with it.
    package mutating func order(_ request: Request, at instance: Instance, place: Int) -> ExecutionVerdict {
        if request.kind == .open { return open(request.id, at: SessionID(instance: instance, place: UInt32(place))) }
        guard let session = sessions[request.id.session], session.client == request.id.client else {
            return .refuse(served.contains(request.id.client) ? .sessionUnknown : .accessDenied)
        }
        switch standing(of: request.id.sequence, in: session) {
        case .new:
            sessions[request.id.session]?.mark(request, of: pipelineMax)
            return .execute
        case .ordered: return .repeated
        case .opened, .tooOld, .sessionUnknown, .accessDenied: return .refuse(.sequenceTooOld)
        }
    }

    /// From the next instance on the group serves these. Returns the sessions that end with that. **Safety** (exactly once): what was
    /// ordered in them is void for good, also when their client is served again: it opens others.
    package mutating func serve(_ next: ServedClients) -> [SessionID] {
        served = next
        var ended: [SessionID] = []
        for place in clients.indices where !clients[place].sessions.isEmpty && !next.contains(clients[place].client) {
            ended += clients[place].sessions
            clients[place].sessions.removeAll()
        }
        for session in ended { sessions[session] = nil }
        return ended
    }

    private mutating func open(_ id: RequestID, at session: SessionID) -> ExecutionVerdict {
        guard served.contains(id.client) else { return .refuse(.accessDenied) }
        guard id.session == .none else { return .refuse(.sessionUnknown) }
        let place = lowerBound(of: id.client)
        let isKnown = place < clients.count && clients[place].client == id.client
        if isKnown {
            if clients[place].opening == id.sequence { return .refuse(.opened(clients[place].opened)) }
            if clients[place].opening > id.sequence { return .refuse(.openingStale) }
            clients[place].opening = id.sequence
            clients[place].opened = session
            clients[place].sessions.append(session)
        } else {
            let entry = ClientEntry(client: id.client, opening: id.sequence, opened: session, sessions: [session])
            clients.insert(entry, at: place)
        }
        sessions[session] = Session(client: id.client, marks: Array(repeating: 0, count: (pipelineMax + 63) / 64))
        return .open(session, evicted: evictSurplus(of: id.client))
    }

    /// The client's own oldest sessions go first; then, over the whole table's bound, the oldest of whoever holds most.
    private mutating func evictSurplus(of client: ClientID) -> [SessionID] {
        var evicted: [SessionID] = []
        if let place = place(of: client) {
            let most = served.limits(of: client).sessions(in: settings)
            while clients[place].sessions.count > most { evicted.append(evictOldest(at: place)) }
        }
        while sessions.count > sessionsMax {
            var most = 0
            for place in clients.indices where clients[place].sessions.count > clients[most].sessions.count {
                most = place
            }
            evicted.append(evictOldest(at: most))
        }
        forgetIdleClients()
        return evicted
    }

    private mutating func evictOldest(at place: Int) -> SessionID {
        let session = clients[place].sessions.removeFirst()
        sessions[session] = nil
        return session
    }

    /// Clients without sessions are remembered up to the bound on sessions; the one that opened longest ago goes first.
    private mutating func forgetIdleClients() {
        while clients.count > 2 * sessionsMax {
            var oldest: Int?
            for place in clients.indices where clients[place].sessions.isEmpty {
                if let found = oldest, clients[found].opened < clients[place].opened { continue }
                oldest = place
            }
            guard let oldest else { return }
            clients.remove(at: oldest)
        }
    }

    // MARK: Look-up by client

    private func lowerBound(of client: ClientID) -> Int {
        var low = 0
        var high = clients.count
        while low < high {
            let middle = (low + high) / 2
            if clients[middle].client < client { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private func place(of client: ClientID) -> Int? {
        let place = lowerBound(of: client)
        return place < clients.count && clients[place].client == client ? place : nil
    }
}

extension SessionTable.Session {
    fileprivate func isMarked(_ sequence: SequenceNumber, of pipelineMax: Int) -> Bool {
        let bit = sequence.rawValue % UInt64(pipelineMax)
        return marks[Int(bit / 64)] & (1 << (bit % 64)) != 0
    }

    fileprivate mutating func mark(_ request: Request, of pipelineMax: Int) {
        let sequence = request.id.sequence
        if sequence > highest {
            // The places between were those of sequences that have now become too old.
            let step = min(sequence.rawValue - highest.rawValue, UInt64(pipelineMax))
            for offset in 0..<step { setBit(of: sequence.rawValue - offset, of: pipelineMax, to: false) }
            highest = sequence
        }
        setBit(of: sequence.rawValue, of: pipelineMax, to: true)
        repliesKeptFrom = max(repliesKeptFrom, request.repliesKeptFrom)
    }

    private mutating func setBit(of sequence: UInt64, of pipelineMax: Int, to isSet: Bool) {
        let bit = sequence % UInt64(pipelineMax)
        let mask: UInt64 = 1 << (bit % 64)
        if isSet { marks[Int(bit / 64)] |= mask } else { marks[Int(bit / 64)] &= ~mask }
    }
}

// MARK: - Checkpoints

extension SessionTable {
    /// Takes over the marks of an image, which a quorum agreed on.
    package init(image: CheckpointImage, settings: GroupSettings) {
        self.init(settings: settings, served: ServedClients(image.access, administrators: []))
        begin(image.view)
        for place in operations.indices {
            let record = image.adaptation.reports.first { $0.replica == operations[place].replica }
            operations[place].last = record?.number ?? SequenceNumber(0)
        }
        for opening in image.openings {
            clients.append(
                ClientEntry(client: opening.client, opening: opening.number, opened: opening.session, sessions: []))
        }
        for record in image.sessions {
            var marks = record.marks
            marks.resize(to: (pipelineMax + 63) / 64)
            sessions[record.id] = Session(
                client: record.client, highest: record.highest, marks: marks, repliesKeptFrom: record.repliesKeptFrom)
            if let place = place(of: record.client) { clients[place].sessions.append(record.id) }
        }
    }

    /// By ascending session, replies empty.
    package var records: [SessionRecord] {
        var result: [SessionRecord] = []
        result.reserveCapacity(sessions.count)
        for id in clients.flatMap(\.sessions).sorted() {
            guard let session = sessions[id] else { preconditionFailure("a client's session is not in the table") }
            result.append(
                SessionRecord(
                    id: id, client: session.client, highest: session.highest, marks: session.marks,
                    repliesKeptFrom: session.repliesKeptFrom, replies: []))
        }
        return result
    }

    /// By ascending client.
    package var openings: [OpeningRecord] {
        clients.map { OpeningRecord(client: $0.client, number: $0.opening, session: $0.opened) }
    }
}

extension [UInt64] {
    fileprivate mutating func resize(to count: Int) {
        if self.count > count { removeLast(self.count - count) }
        while self.count < count { append(0) }
    }
}
