// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletCrypto
import MartletKV
import MartletLog
import MartletTypes
import MartletWire

/// One replica of a world: the core, the verifier, the sealer and the executor of a real one, joined as its stages join
/// them. What happens when is the world's to say.
final class SimulatedReplica {
    typealias Service = KVStateMachine

    /// Small, so that the states of a simulation have many chunks.
    static let pieceBytes = 32

    enum ExecutionInput {
        case order(ExecutionOrder)
        case read(ReadRequest, client: Int)
    }

    let id: ReplicaID
    /// Its place among the world's replicas: that of its id, or beyond them all where it is a liar's twin.
    let slot: Int
    /// What it is known by.
    var key: PublicKey { ownKey.publicKey }
    var ownKey: SimulatedScheme.PrivateKey
    /// How often it has got another one.
    var keysTaken = 0
    /// The one that it starts with next.
    var nextKey: SimulatedScheme.PrivateKey?
    /// The group's first view.
    let view: View
    /// All that it speaks with, itself included, in its core's order.
    var peers: [ReplicaID]
    var verifier: Verifier<SimulatedScheme>
    let makeVerifier: () -> Verifier<SimulatedScheme>
    var sealer: Sealer<SimulatedScheme>
    let makeSealer: (SimulatedScheme.PrivateKey) -> Sealer<SimulatedScheme>
    let access: AccessTable
    /// Whom it lets in; nil until its core has told.
    var served: ServedClients?
    let timeouts: Timeouts
    /// The versions of the protocol that its program speaks.
    var versions: ProtocolVersions
    /// Until it is started again after that it has an older program; nil if it never had one.
    let oldUntil: Instant?
    let memory: MemoryChecker.Limits
    /// Where its challenges come from; apart from all else that is drawn.
    var entropy: SeededRandom
    var clock: ReplicaClock

    /// Of one that waits: that of a group of its own, which is asked nothing.
    var core: ReplicaCore
    var effects = Effects()
    /// The end of its run of decisions at each of the sends in there.
    var decidedAtSend: [Instance] = []
    var executor: Executor<Service>
    var executionEffects = ExecutionEffects<Service>()
    var store = SnapshotStore()
    var newest = NewestSnapshot<Service>()
    /// Only looked up.
    var waitingReads: [UInt64: ReadAsker] = [:]
    var ticket: UInt64 = 0

    var mode = ReplicaMode.voter
    var incarnation = 0
    /// Whether it ever sent a vote: then it may not vote again once it has lost its memory.
    var hasVoted = false
    var isUp = true
    var isPaused = false
    /// Its process has been started at least once.
    var hasStarted = true
    /// It is up, but in no view that it knows of: it has no core yet, but waits for the way to one that lists it.
    var isWaiting = false
    /// It was removed, and has ended.
    var hasLeft = false
    /// It has another's old key.
    var isThief = false
    var hasClientLinks = true
    /// Of one that was removed, and lies.
    var nextThought = Instant.zero
    var keyBook: (newest: ViewNumber, keys: [ReplicaID: PublicKey]) = (ViewNumber(0), [:])
    /// Its snapshots hold a wrong bit.
    var isRotten = false

    var inbox: [Event] = []
    var executionInbox: [ExecutionInput] = []
    var isWakeScheduled = false
    var isExecutionScheduled = false
    /// When the timer that is armed goes off.
    var armed: Instant?

    /// When it was last looked at what it keeps.
    var weighedAt = Instant.zero

    /// What it calls itself when it asks to vote again: 0 as long as it need not.
    var number: UInt64 = 0

    // In a durable group
    var disk: SimulatedDisk?
    var gate = DurabilityGate()
    /// Not written yet.
    var records: [LogRecord] = []
    /// Written, but not durable.
    var unsynced: [LogRecord] = []
    /// The core was told that the log cannot be written.
    var isLogBroken = false
    /// When there is power again.
    var powerBackAt: Instant?
    /// How many records were written in this run.
    var written = LogPosition.start
    /// At each of the sends that wait for the disk: what for, and how far this replica had decided.
    var heldSends: [(after: LogPosition, decided: Instance)] = []
    var isWriting = false
    /// What the core has written again, and up to where that has to be durable.
    var rewritten: (told: LogRewritten, upTo: LogPosition)?
    /// It did not go on from its disk.
    var hasLostVotes = false
    /// Its disk does nothing before that, and makes what is written durable so much later before the other.
    var diskStallsUntil = Instant.zero
    var slowDisk = (by: Interval.zero, until: Instant.zero)

    /// What it sends is altered on the way out; the replica itself does not know.
    var isLiar = false

    /// What a liar wants ordered is made up before anybody is told, itself included; nil of a replica that is none.
    var makeUp: ((PeerMessage) -> PeerMessage)?

    var isTwin: Bool { slot != id.slot && !isThief }

    init(
        id: ReplicaID, slot: Int, key: SimulatedScheme.PrivateKey, view: View,
        makeVerifier: @escaping () -> Verifier<SimulatedScheme>,
        makeSealer: @escaping (SimulatedScheme.PrivateKey) -> Sealer<SimulatedScheme>,
        access: AccessTable, timeouts: Timeouts, memory: MemoryChecker.Limits, clock: ReplicaClock,
        entropy: SeededRandom, syncErrorPermille: Int, oldUntil: Instant?
    ) {
        self.id = id
        self.slot = slot
        ownKey = key
        self.view = view
        peers = view.members.map(\.id)
        self.makeVerifier = makeVerifier
        verifier = makeVerifier()
        self.makeSealer = makeSealer
        sealer = makeSealer(key)
        self.access = access
        self.timeouts = timeouts
        self.oldUntil = oldUntil
        versions = oldUntil == nil ? .supported : OldProgram.versions
        self.memory = memory
        self.clock = clock
        self.entropy = entropy
        let isFounder = view.index(of: id) != nil
        core = Self.core(
            id, isFounder ? view : Self.groupOfItsOwn(id, key.publicKey, view.settings), [],
            isFounder ? key.publicKey : nil,
            .voter, 1, versions, access, timeouts, memory, clock.reading(at: .zero), &effects)
        if !isFounder {
            effects.removeAll()
            peers = []
            (isUp, hasStarted, hasClientLinks) = (false, false, false)
        }
        executor = Executor(machine: Self.service(), view: view.number, mode: .voter, settings: view.settings)
        guard view.settings.isDurable else { return }
        var faults = DiskFaults()
        faults.tornPermille = 300
        faults.syncErrorPermille = syncErrorPermille
        var disk = SimulatedDisk(
            LogIdentity(group: view.group, replica: id), faults: faults, random: self.entropy.fork())
        do {
            _ = try disk.recover(hasVoted: false, incarnation: 1)
        } catch {
            preconditionFailure("a disk that nothing was written to cannot be read: \(error)")
        }
        self.disk = disk
    }

    // MARK: - Ordering

    /// Steps the core for everything that has arrived and acts once, as the ordering stage does. The replica's own messages
    /// come back to it `loopbackMax` times at most.
    func order(at now: Instant, loopbackMax: Int, into work: inout OrderingWork) {
        guard !isWaiting else { return }
        let reading = clock.reading(at: now)
        for event in inbox { step(event, at: reading) }
        inbox.removeAll(keepingCapacity: true)
        if let deadline = core.nextDeadline, deadline <= reading.monotonic { step(.deadline, at: reading) }
        var loopback: [Event] = []
        take(into: &work, loopback: &loopback)
        while !loopback.isEmpty, work.rounds < loopbackMax {
            work.rounds += 1
            for event in loopback { step(event, at: reading) }
            loopback.removeAll(keepingCapacity: true)
            take(into: &work, loopback: &loopback)
        }
    }

    func step(_ event: Event, at reading: ClockReading) {
        core.step(event, at: reading, into: &effects)
        noteSends()
    }

    /// How far it had decided when it wanted them sent: it may do so much at once, having slept, that it goes on far beyond.
    func noteSends() {
        guard decidedAtSend.count < effects.sends.count else { return }
        let decided = core.status.decided
        while decidedAtSend.count < effects.sends.count { decidedAtSend.append(decided) }
    }

    /// When the core wants to be woken, in the world's time.
    var deadline: Instant? { isWaiting ? nil : core.nextDeadline.flatMap { clock.worldTime(of: $0) } }

    func take(into work: inout OrderingWork, loopback: inout [Event]) {
        for case .execute(let execution) in effects.executions { work.decided.append(execution) }
        if let audience = effects.audience { peers = audience.map(\.id) }
        if let view = effects.hasLeft { work.hasLeft = view }
        if effects.unspoken != nil { work.isUnspoken = true }
        work.decidedAtSend += passGate()
        for send in effects.sends {
            let sealed = sealer.seal(makeUp?(send.message) ?? send.message)
            noteVote(sealed)
            work.sent.append(Send(sealed, to: send.destination))
            switch send.destination {
            case .everyone:
                loopback.append(.message(sealer.loopback(sealed)))
                addForOthers(sealed, &work)
            case .others: addForOthers(sealed, &work)
            case .replica(let id) where id == sealer.replica: loopback.append(.message(sealer.loopback(sealed)))
            // There is a link to nobody else.
            case .replica(let id): if peers.contains(id) { work.outgoing.append(Outgoing(sealed, to: id)) }
            }
        }
        work.refusals.append(contentsOf: effects.refusals)
        work.checks.append(contentsOf: effects.checks)
        work.calculations.append(contentsOf: effects.calculations)
        work.serves.append(contentsOf: effects.serves)
        work.lookUps.append(contentsOf: effects.lookUps)
        work.notices.append(contentsOf: effects.notices)
        if effects.entropyWanted > 0 {
            loopback.append(.entropy((0..<effects.entropyWanted).map { _ in entropy.next() }))
        }
        for certificate in effects.views { verifier.views.add(certificate) }
        work.views.append(contentsOf: effects.views)
        for order in effects.executions {
            executionInbox.append(.order(order))
        }
        effects.removeAll()
    }

    func addForOthers(_ message: PeerMessage, _ work: inout OrderingWork) {
        for peer in peers where peer != id { work.outgoing.append(Outgoing(message, to: peer)) }
    }

    func noteVote(_ message: PeerMessage) {
        switch message {
        case .write, .accept, .stopData, .propose, .sync: hasVoted = true
        default: break
        }
    }

    // MARK: - Execution

    /// The answer to a read, or nil when it waits for a decision.
    func answer(_ read: ReadRequest, from client: ClientID) -> ReplicaToClientMessage? {
        ticket += 1
        let answer = executor.answer(read, from: client, ticket: ticket)
        if answer == nil { waitingReads[ticket] = ReadAsker(client: client, query: read.query) }
        return answer
    }

    /// Carries out one order and leaves what came of it in `executionEffects`. Throws when an installed state cannot be
    /// read, which no correct group ever produces.
    func carryOut(_ order: ExecutionOrder) throws {
        if case .serve(let now) = order { served = now }
        guard case .install(let state) = order else { return executor.carryOut(order, into: &executionEffects) }
        let contents = state.contents
        try executor.install(contents.image(), contents.reader, into: &executionEffects)
        newest.note(executor.machine.snapshot(), restoredFrom: state.checkpoint)
        store.forget(beyond: state.certificate.instance)
        store.insert(state.checkpoint, after: state.certificate.instance)
        try disk?.keep(state.checkpoint, after: state.certificate.instance, untilDone: true)
    }

    /// Encodes a snapshot and keeps it in memory; the digest is what the core gets.
    func encode(_ snapshot: PendingSnapshot<Service>) -> Digest {
        let written = newest.write(snapshot, hashing: Hashing.digest(ofChunk:))
        let contents = CheckpointContents(
            image: snapshot.image(), application: written.chunks, pieceBytes: Self.pieceBytes)
        let checkpoint = isRotten ? Hashing.hashed(contents.flippingLastBit) : Hashing.hashed(contents, written)
        store.insert(checkpoint, after: snapshot.instance)
        return checkpoint.digest
    }

    func forget(_ forgotten: ForgottenSnapshots) { store.forget(forgotten) }

    // MARK: - Writing

    /// Keeps back what has to wait for the disk. Returns how far this replica had decided at each of the sends that are left.
    func passGate() -> [Instance] {
        noteSends()
        records += effects.records
        // Once is enough for a segment; the first time is durable first, and all that came after it stands behind it.
        if let told = effects.logRewritten, told.segment != rewritten?.told.segment {
            rewritten = (told, LogPosition(written.rawValue + UInt64(records.count)))
        }
        heldSends += zip(effects.sends, decidedAtSend).map { ($0.after, $1) }
        decidedAtSend.removeAll(keepingCapacity: true)
        gate.pass(&effects)
        let passed = heldSends.filter { $0.after <= gate.durable }.map(\.decided)
        heldSends.removeAll { $0.after <= gate.durable }
        return passed
    }

    var hasToWrite: Bool { !records.isEmpty }
    /// What is not durable yet.
    var unwritten: [LogRecord] { unsynced + records }
    var isRestoring: Bool { core.isRestoring }

    /// All records so far in one go. Returns what is durable when they are.
    func write() throws -> LogPosition {
        let isRescue = disk?.needsRescue ?? false
        try disk?.append(isRescue ? unsynced + records : records)
        unsynced += records
        written = LogPosition(written.rawValue + UInt64(records.count))
        records.removeAll(keepingCapacity: true)
        return written
    }

    func sync(upTo position: LogPosition) throws {
        try disk?.sync()
        unsynced.removeAll(keepingCapacity: true)
        gate.note(durable: position)
    }

    // MARK: - Starting again

    /// Returns the state that it begins with, where that is not the very first one.
    func restart(at now: Instant) throws -> CheckpointImage? {
        isUp = true
        isRotten = false
        if let oldUntil, now >= oldUntil { versions = .supported }
        takeNextKey()
        if disk != nil { return try restartFromDisk(at: now) }
        verifier = makeVerifier()
        guard view.index(of: id) != nil else {
            wait()
            return nil
        }
        if hasVoted {
            mode = .learner
            number = max(1, entropy.next())
        }
        begin([], nil, at: now)
        return nil
    }

    func begin(_ chain: [ViewCertificate], _ restoration: Restoration?, at now: Instant) {
        isWaiting = false
        served = nil
        effects.removeAll()
        decidedAtSend.removeAll()
        core = Self.core(
            id, view, chain, key, mode, max(1, number), versions, access, timeouts, memory, clock.reading(at: now),
            &effects, restoration)
        executor = Executor(machine: Self.service(), view: view.number, mode: mode, settings: view.settings)
        store = SnapshotStore()
        newest = NewestSnapshot()
    }

    func restartFromDisk(at now: Instant) throws -> CheckpointImage? {
        let fresh = max(1, entropy.next())
        guard let recovered = try disk?.recover(hasVoted: hasVoted, incarnation: fresh) else { return nil }
        hasLostVotes = recovered.isDamaged
        let (restoration, checkpoint) = (recovered.restoration, recovered.checkpoint)
        number = recovered.isDamaged ? fresh : restoration.incarnation
        let isFounder = view.index(of: id) != nil
        if !isFounder, number == 0 { number = fresh }
        mode = number == 0 ? .voter : .learner
        verifier = makeVerifier()
        // What it had written down about views is as good as heard anew.
        guard isFounder || restoration.chain.last?.next.replica(id) != nil else {
            wait()
            return nil
        }
        begin(isFounder ? [] : restoration.chain, restoration.isEmpty ? nil : restoration, at: now)
        executor.carryOut(.holdReads(upTo: restoration.lastAnswered), into: &executionEffects)
        guard let base = restoration.base, let checkpoint else { return nil }
        try executor.install(base.image, checkpoint.contents.reader, into: &executionEffects)
        executionEffects.removeAll()
        newest.note(executor.machine.snapshot(), restoredFrom: checkpoint)
        store.insert(checkpoint, after: base.image.instance)
        return base.image
    }
}
