// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes

/// Several cores joined by perfect links under virtual time; a test may drop or change what travels.
final class Group {
    final class Node {
        var core: ReplicaCore
        var effects = Effects()
        var executions: [Execution] = []
        var tentative: [Execution] = []
        var rollbacks: [Instance] = []
        var holds: [Instance] = []
        var notices: [Notice] = []
        var refusals: [ClientRefusal] = []
        var resends: [RequestID] = []
        var endedSessions: [SessionID] = []
        /// Whom it lets in.
        var served: ServedClients?
        /// How often it was told not to be counted on any more.
        var stops = 0
        var sessions: [Instance: SessionTable] = [:]
        /// The view after each snapshot.
        var views: [Instance: View] = [:]
        var certificates: [ViewCertificate] = []
        var adaptations: [Instance: AdaptationImage] = [:]
        var calculations: [CalculationInput] = []
        var isUp = true
        /// What the core last said of which snapshots are kept.
        var forgotten = ForgottenSnapshots(below: .zero)
        var installed: [CheckpointState] = []
        /// Places of chunks that its own store has.
        var chunksAtHome: [Int] = []
        /// It says that it has no checkpoint at all.
        var lacksCheckpoints = false
        /// How many random numbers it waits for.
        var entropyWanted = 0
        /// What is written down, in a durable group: what a loss of power leaves, and what it may not.
        var log: [LogRecord] = []
        var unsynced: [LogRecord] = []
        var syncedCount = 0
        var gate = DurabilityGate()
        let id: ReplicaID
        /// Whom it speaks with.
        var audience: [Member] = []
        /// The view that does not list it any more, once it may go.
        var hasLeft: ViewNumber?
        var unspoken: UnspokenVersion?

        init(_ configuration: CoreConfiguration, restoring restoration: Restoration? = nil, at now: ClockReading) {
            id = configuration.replica
            core = ReplicaCore(configuration, restoring: restoration, at: now, into: &effects)
        }
    }

    struct Parcel {
        let from: Int
        let to: Int
        let message: PeerMessage
    }

    let view: View
    var nodes: [Node] = []
    var now = ClockReading(monotonic: Instant(1_000_000_000), wall: Timestamp(1_700_000_000_000_000))
    var queue: [Parcel] = []
    /// What passes; by default everything between replicas that are up.
    var passes: (Parcel) -> Bool = { _ in true }
    /// Is told of everything that leaves a replica, arrived or not.
    var onSend: (Int, PeerMessage) -> Void = { _, _ in }
    /// What a liar makes of its own message for one receiver.
    var rewrite: (Parcel) -> PeerMessage = { $0.message }
    /// The others send again what is not answered, signed, as the library does.
    var neverSigning: Set<ClientID> = []
    private var submitted: [(request: AdmittedRequest, places: [Int], at: Instant)] = []
    /// How many random numbers were drawn, once a test lets them be.
    private var lastNumber: UInt64?
    /// What comes of a calculation, at once; nil: nothing yet. By default everything is good enough as it is.
    var calculate: (CalculationTask) -> CalculationOutcome? = { task in
        CalculationOutcome(
            view: task.view.number, instance: task.input.instance, reason: .goodEnough,
            leaderOrder: task.view.leaderOrder, heavy: task.view.heavyMembers,
            predictions: .init(current: 1, best: 1, median: 1, worst: 1))
    }
    /// A member that does not come to calculate, and what is done instead.
    var slow: (place: Int, note: (CalculationTask) -> Void)?
    /// Who takes long to digest a snapshot, and which wait.
    var holdsSnapshots: Set<Int> = []
    var heldSnapshots: [Instance] = []
    /// Whose disk does not sync until a test says so.
    var holdsSyncs: Set<Int> = []
    /// Whose checks of certificates take long, and which wait.
    var holdsChecks: Set<Int> = []
    var heldChecks: [DecisionCertificate] = []
    /// Whose signatures in ACCEPTs are not valid.
    var badSigners: Set<ReplicaID> = []

    /// How many chunks a checkpoint has, and how long each is.
    var chunks = (count: 1, bytes: 8)

    let timeouts: Timeouts
    /// Whom it serves to begin with.
    let access: AccessTable

    init(
        view: View, timeouts: Timeouts = Timeouts(), pendingMax: Int = 65_536, archiveBytesMax: Int = 256 << 20,
        beginning: Timestamp = .zero, access: AccessTable = .open
    ) {
        self.view = view
        self.access = access
        self.timeouts = timeouts
        for member in view.members {
            var configuration = CoreConfiguration(view: view, replica: member.id)
            configuration.timeouts = timeouts
            configuration.pendingMax = pendingMax
            configuration.archiveBytesMax = archiveBytesMax
            configuration.beginning = beginning
            configuration.access = access
            nodes.append(Node(configuration, at: now))
        }
        for place in nodes.indices { act(place) }
    }

    convenience init(
        n: Int = 4, f: Int = 1, model: FaultModel = .byzantine, window: Int = 4, checkpointPeriod: Int = 16,
        isDurable: Bool = false, archiveBytesMax: Int = 256 << 20
    ) throws {
        var settings = GroupSettings()
        settings.isDurable = isDurable
        settings.window = window
        settings.checkpointPeriod = checkpointPeriod
        self.init(
            view: try Samples.view(n: n, f: f, model: model, settings: settings), archiveBytesMax: archiveBytesMax)
    }

    // MARK: Driving

    func step(_ place: Int, _ event: Event) {
        guard nodes[place].isUp else { return }
        nodes[place].core.step(event, at: now, into: &nodes[place].effects)
        act(place)
    }

    /// From here on the cores get the random numbers that they ask for, so that they measure.
    func drawNumbers() {
        lastNumber = 0
        for place in nodes.indices { giveNumbers(to: place) }
    }

    private func giveNumbers(to place: Int) {
        guard let last = lastNumber, nodes[place].entropyWanted > 0 else { return }
        let count = UInt64(nodes[place].entropyWanted)
        nodes[place].entropyWanted = 0
        lastNumber = last + count
        step(place, .entropy((last + 1...last + count).map { $0 &* 0x9E37_79B9_7F4A_7C15 }))
    }

    func submit(_ request: AdmittedRequest, to places: [Int]? = nil) {
        let places = places ?? Array(nodes.indices)
        send(request, to: places)
        if request.proof == nil { submitted.append((request, places, now.monotonic)) }
    }

    /// One request after the other, each in an instance of its own.
    func order(_ client: ClientID, _ session: SessionID, _ sequences: ClosedRange<UInt64>) {
        for sequence in sequences {
            submit(Samples.operation(client, session, sequence))
            pass(milliseconds: 5)
        }
    }

    private func send(_ request: AdmittedRequest, to places: [Int]) {
        for place in places { step(place, .requests(Verified([request], sender: .client(request.id.client)))) }
    }

    private func signUnanswered() {
        while let first = submitted.first, first.at + .milliseconds(195) <= now.monotonic {
            submitted.removeFirst()
            let proof = RequestProof(digests: [first.request.digest], signature: .absent)
            let unanswered = first.places.filter { place in
                !nodes[place].executions.contains { $0.steps.contains { $0.request.id == first.request.id } }
            }
            if !neverSigning.contains(first.request.id.client) {
                send(Samples.admitted(first.request.request, proof: proof), to: unanswered)
            }
        }
    }

    /// Delivers until nothing is on its way.
    func settle() {
        var steps = 0
        while !queue.isEmpty {
            let parcel = queue.removeFirst()
            deliver(parcel)
            steps += 1
            precondition(steps < 100_000, "the group never comes to rest")
        }
    }

    /// Lets time pass, in steps small enough for every timer, delivering as it goes.
    func pass(milliseconds: UInt64) {
        var left = milliseconds
        while left > 0 {
            let step = min(left, 5)
            left -= step
            now.monotonic = now.monotonic + .milliseconds(step)
            now.wall = Timestamp(now.wall.rawValue + step * 1_000)
            signUnanswered()
            for place in nodes.indices where nodes[place].isUp {
                if let deadline = nodes[place].core.nextDeadline, deadline <= now.monotonic {
                    self.step(place, .deadline)
                }
            }
            settle()
        }
    }

    private func deliver(_ parcel: Parcel) {
        guard nodes[parcel.to].isUp, nodes[parcel.from].isUp, parcel.from == parcel.to || passes(parcel) else { return }
        let message = parcel.from == parcel.to ? parcel.message : rewrite(parcel)
        step(parcel.to, .message(Self.verified(message, from: nodes[parcel.from].id)))
    }

    // MARK: Acting on effects, as the stages do

    func act(_ place: Int) {
        let node = nodes[place]
        node.unsynced += node.effects.records
        node.gate.pass(&node.effects)
        node.notices.append(contentsOf: node.effects.notices)
        node.refusals.append(contentsOf: node.effects.refusals)
        node.certificates.append(contentsOf: node.effects.views)
        if let audience = node.effects.audience { node.audience = audience }
        node.hasLeft = node.effects.hasLeft ?? node.hasLeft
        node.unspoken = node.effects.unspoken ?? node.unspoken
        let (sends, orders, checks) = (node.effects.sends, node.effects.executions, node.effects.checks)
        node.entropyWanted += node.effects.entropyWanted
        let (serves, lookUps) = (node.effects.serves, node.effects.lookUps)
        let tasks = node.effects.calculations
        node.calculations += tasks.map(\.input)
        node.effects.removeAll()
        giveNumbers(to: place)
        for send in sends { post(send, from: place) }
        let isHolding = holdsChecks.contains(place)
        if isHolding { heldChecks += checks }
        for check in isHolding ? [] : checks { endCheck(check, at: place) }
        for service in serves { serve(service, by: place) }
        for wanted in lookUps { lookUp(wanted, at: place) }
        for order in orders { carryOut(order, at: place) }
        if !holdsSyncs.contains(place) { sync(place) }
        for task in tasks {
            if let slow, slow.place == place {
                slow.note(task)
            } else if let outcome = calculate(task) {
                step(place, .calculated(outcome))
            }
        }
    }

    func post(_ send: Send, from place: Int) {
        onSend(place, send.message)
        for (to, node) in nodes.enumerated() {
            let isHeard = to == place || nodes[place].audience.contains { $0.id == node.id }
            let isMeant =
                switch send.destination {
                case .everyone: isHeard
                case .others: to != place && isHeard
                case .replica(let id): id == node.id && isHeard
                }
            if isMeant { queue.append(Parcel(from: place, to: to, message: send.message)) }
        }
    }

    func endCheck(_ certificate: DecisionCertificate, at place: Int) {
        step(place, .certificateChecked(valid(certificate)))
    }

    private func valid(_ certificate: DecisionCertificate) -> DecisionCertificate {
        DecisionCertificate(
            epoch: certificate.epoch, instance: certificate.instance, digest: certificate.digest,
            shares: certificate.shares.filter { !badSigners.contains($0.replica) })
    }

    func takeSnapshot(_ instance: Instance, at place: Int) {
        step(place, .snapshotTaken(instance, Digest(words: Words32(instance.rawValue, 1, 1, 1))))
    }

    private func carryOut(_ order: ExecutionOrder, at place: Int) {
        let node = nodes[place]
        switch order {
        case .execute(let execution):
            node.executions.append(execution)
            step(place, .executed(upTo: execution.instance))
        case .snapshot(let instance, _, let view, let sessions, let adaptation):
            node.views[instance] = view
            node.sessions[instance] = sessions
            node.adaptations[instance] = adaptation
            if holdsSnapshots.contains(place) {
                heldSnapshots.append(instance)
            } else {
                takeSnapshot(instance, at: place)
            }
        case .resend(let id), .tellOpened(_, let id): node.resends.append(id)
        case .install(let state):
            node.installed.append(state)
            let image = image(after: state.certificate.instance)
            node.sessions[image.instance] = nodes.compactMap { $0.sessions[image.instance] }.first
            step(place, .checkpointInstalled(image))
        case .executeTentatively(let execution): node.tentative.append(execution)
        case .rollBack(let last): node.rollbacks.append(last)
        case .holdReads(let last): node.holds.append(last)
        case .stopVoting: node.stops += 1
        case .forgetSnapshots(let below, let kept): node.forgotten = ForgottenSnapshots(below: below, except: kept)
        case .endSessions(let ended): node.endedSessions += ended
        case .serve(let now): node.served = now
        case .refuse(let refusal): node.refusals.append(refusal)
        case .endView, .beginView, .beginVoting: break
        case .awaitDurable: preconditionFailure("the gate keeps that for itself")
        }
    }

    func image(after instance: Instance) -> CheckpointImage {
        let sessions = nodes.compactMap { $0.sessions[instance] }.first
        return CheckpointImage(
            instance: instance, time: Timestamp(1), view: nodes.compactMap { $0.views[instance] }.first ?? view,
            sessions: sessions?.records ?? [], openings: sessions?.openings ?? [],
            access: sessions?.served.table ?? access,
            adaptation: nodes.compactMap { $0.adaptations[instance] }.first ?? .empty)
    }

    // MARK: Admission

    static func verified(
        _ message: PeerMessage, from id: ReplicaID, holding key: PublicKey? = nil
    ) -> VerifiedMessage {
        func by<Message: Sendable>(_ message: Message) -> Verified<Message> {
            Verified(message, sender: .replica(id), key: key)
        }
        switch message {
        case .propose(let it):
            return .propose(by(Proposal(epoch: it.epoch, batch: it.batch, digest: Samples.digest(of: it.batch))))
        case .write(let it): return .write(by(it))
        case .accept(let it): return .accept(by(it))
        case .decided(let it): return .decided(by(it))
        case .stop(let it): return .stop(by(it))
        case .stopData(let it): return .stopData(by(it))
        case .sync(let it): return .sync(by(it))
        case .checkpoint(let it): return .checkpoint(by(it))
        case .forwarded(let it):
            return .forwarded(
                by(
                    it.map {
                        AdmittedForward(
                            admitted: Samples.admitted($0.request, proof: $0.proof), isVouched: $0.isVouched)
                    }))
        case .vouches(let it): return .vouches(by(it))
        case .fetchRequests(let it): return .fetchRequests(by(it))
        case .fetchBatch(let it): return .fetchBatch(by(it))
        case .batchBody(let it):
            return .batchBody(
                by(ResolvedBatch(batch: it.batch, digest: Samples.digest(of: it.batch), bodies: it.bodies)))
        case .fetchDecisions(let it): return .fetchDecisions(by(it))
        case .decisions(let it):
            return .decisions(
                by(
                    it.decisions.map {
                        ProvenDecision(
                            batch: ResolvedBatch(
                                batch: $0.body.batch, digest: Samples.digest(of: $0.body.batch), bodies: $0.body.bodies),
                            certificate: $0.certificate)
                    }))
        case .fetchCheckpoint(let it): return .fetchCheckpoint(by(it))
        case .checkpointOffer(let it): return .checkpointOffer(by(it))
        case .fetchManifest(let it): return .fetchManifest(by(it))
        case .manifest(let it): return .manifest(by(it))
        case .fetchChunks(let it): return .fetchChunks(by(it))
        case .chunk(let it):
            return .chunk(by(HashedChunk(chunk: it, digest: Samples.digest(ofChunk: it.bytes))))
        case .progress(let it): return .progress(by(it))
        case .probe(let it): return .probe(by(it))
        case .probeEcho(let it): return .probeEcho(by(it))
        case .challenge(let it): return .challenge(by(it))
        case .challengeResponse(let it): return .challengeResponse(by(it))
        case .install(let it): return .install(by(it))
        case .fetchViews(let it): return .fetchViews(by(it))
        case .views(let it): return .views(by(it))
        case .operation(let it):
            let digest = Samples.digest(of: it.request)
            let proof = RequestProof(digests: [digest], signature: .absent)
            return .operation(by(AdmittedRequest(request: it.request, digest: digest, proof: proof)))
        }
    }

    /// A message that a liar makes up for one receiver.
    func inject(_ message: PeerMessage, from: Int, to: Int, holding key: PublicKey? = nil) {
        step(to, .message(Self.verified(message, from: nodes[from].id, holding: key)))
    }
}
