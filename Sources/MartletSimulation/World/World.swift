// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletClientCore
import MartletCore
import MartletCrypto
import MartletTypes

/// One simulated world: replicas, clients, links and time. Runs one scenario once.
final class World {
    enum Happening {
        /// `key`: how often its sender had got another key when it was sent.
        case toReplica(Int, from: Int, key: Int, Packet<PeerMessage>)
        case request(Int, client: Int, Packet<ClientMessage>)
        case toClient(Int, from: Int, Packet<ReplicaToClientMessage>)
        case wake(Int)
        case execute(Int)
        /// From a stage to the right, for the core.
        case post(Int, incarnation: Int, Event)
        /// What is to be on the disk is written.
        case write(Int, incarnation: Int)
        /// And synced.
        case sync(Int, incarnation: Int, LogPosition)
        case reply(Int, incarnation: Int, client: Int, ReplicaToClientMessage)
        case wakeClient(Int)
        case fault(Int)
        case resume(Int)
        case restart(Int)
        /// A snapshot that could not be kept on the disk.
        case keepAgain(Int, incarnation: Int, Instance, Digest)
        case powerGone(Int, incarnation: Int)
        case diskFree(Int)
        case scrub(Int, incarnation: Int)
        /// A clock fault by its place in the scenario, or the end of it.
        case clock(Int, isOver: Bool)
        case clientLink(Int, isUp: Bool)
        /// The process of a newcomer starts.
        case start(Int)
        /// A replica connects anew to all that it knows of.
        case dial(Int, incarnation: Int)
        /// Of a replica that connects: the newest view that it knows.
        case hello(Int, from: Int, incarnation: Int, newest: ViewNumber)
        /// A robbed replica has another key: whoever has the old one speaks.
        case theft(Int)
        case rotation(Int)
    }

    let scenario: Scenario
    /// The group's first view.
    let view: View
    let trace: Trace
    var now = Instant.zero
    var queue = EventQueue<Happening>()
    var network: SimulatedNetwork
    var random: SeededRandom
    var replicas: [SimulatedReplica] = []
    var liars: [LiarState?] = []
    let conspiracy: Conspiracy
    /// By member: where among the replicas its twin stands.
    var twins: [Int: Int] = [:]
    /// The same of whoever has its old key, and how that one lies.
    var thieves: [Int: Int] = [:]
    var thieving: [Int: LiarState] = [:]
    let keys: WorldKeys
    var clients: [any ClientActor] = []
    var clientIDs: [ClientID] = []
    /// Client positions by id; only looked up.
    var clientPositions: [ClientID: Int] = [:]
    var clientWakes: [Instant?] = []
    /// When each call began that has not ended; only looked up.
    var callsSince: [OperationID: Instant] = [:]
    var clientLinks: ClientLinks
    /// Calls whose client would wait no longer; only looked up.
    var gaveUp: Set<OperationID> = []
    var checkers: Checkers
    var counts = WorldCounts()
    var consensusTimes = ConsensusTimes()
    /// What all must have executed in the end: what somebody had when half of their time was left. Members that report go on
    /// ordering for ever, and who is far away is never quite where the others are.
    private var goal: Instance?
    var viewTimes: [(view: View, at: Instant)] = []
    var fingerprint = Fingerprint()
    var work = OrderingWork()

    init(_ scenario: Scenario, trace: Trace) {
        self.scenario = scenario
        self.trace = trace
        var random = SeededRandom(seed: scenario.seed)
        network = SimulatedNetwork(
            model: scenario.links, matrix: scenario.matrix, placement: scenario.placement,
            faults: scenario.linkFaults, healsAt: scenario.healsAt, random: random.fork())
        clientLinks = ClientLinks(replicas: scenario.slots, clients: scenario.clientNodes)
        for client in 0..<scenario.clientNodes {
            for slot in scenario.n..<scenario.slots { _ = clientLinks.breaks(client, slot) }
        }
        let (scheme, pairs) = SimulatedScheme.make(
            principals: WorldKeys.count(of: scenario), isReal: scenario.usesRealSignatures, random: &random)
        keys = WorldKeys(pairs, scenario)
        view = Self.view(of: scenario, keys: keys)
        checkers = Checkers(
            view: view, slots: scenario.slots, liars: (scenario.liars + scenario.thieves).map(\.replica),
            limits: scenario.limits, access: Self.clientAccess(scenario, keys),
            memory: MemoryChecker(
                n: scenario.slots, leasesMax: scenario.highestF + 1, clients: scenario.clientNodes,
                settings: scenario.widestSettings, limits: scenario.memoryLimits))
        self.random = random.fork()
        conspiracy = Conspiracy(
            view: view, members: scenario.liars(of: .colluder), neighbours: scenario.liars(of: .falseNeighbour),
            random: &random)
        addReplicas(scheme, &random)
        addClients(scheme, &random)
        for place in 0..<scenario.administrators { addAdministrator(place, scheme) }
        scheduleFaults()
    }

    // MARK: - Time

    /// Until everything is answered and all replicas agree, or time is up.
    func run() {
        var end = Instant.distantFuture
        while let (time, happening) = queue.removeFirst() {
            now = time
            if isQuiet { break }
            if end == .distantFuture, now >= scenario.healsAt, now >= scenario.clientsUntil {
                end = now + livenessBound
            }
            if goal == nil, end != .distantFuture, end.since(now) <= livenessBound / 2 {
                goal = highestOwed
            }
            if now > end || !checkers.violations.isEmpty { break }
            counts.happenings += 1
            checkers.happened(messages: counts.messages, at: now)
            handle(happening)
        }
        finish()
    }

    var livenessBound: Interval { scenario.timeouts.requestMax * UInt64(scenario.livenessTimeoutsMax) }

    /// All clients have what they asked for and all replicas stand where the others do.
    var isQuiet: Bool {
        guard now >= scenario.healsAt, clients.allSatisfy(\.isDone) else { return false }
        let highest = highestOwed
        return replicas.allSatisfy { !isOwed($0) || $0.executor.lastDecided >= highest } && learnersToAdmit.isEmpty
    }

    /// Whether it must get to where the others are: it is up, does not lie, and the newest view lists it.
    private func isOwed(_ replica: SimulatedReplica) -> Bool {
        !replica.isLiar && replica.isUp && checkers.newestView.replica(replica.id) != nil
    }

    /// Those that follow, and are to become members.
    private var learnersToAdmit: [SimulatedReplica] {
        checkers.newestView.learners.map { replicas[$0.member.id.slot] }.filter(isOwed)
    }

    /// What all must get to: what any has executed for good, or a client has a result of.
    private var highestOwed: Instance { max(checkers.agreement.highest, checkers.highestReliedOn) }

    private func handle(_ happening: Happening) {
        switch happening {
        case .toReplica(let to, let from, let key, let packet):
            // A connection ends with the key that it was made with, and what is under way on it.
            guard key == replicas[from].keysTaken else { return counts.linksRefused += 1 }
            onPeerPacket(packet, to: replicas[to], from: replicas[from])
            if let twin = twins[to] { onPeerPacket(packet, to: replicas[twin], from: replicas[from]) }
            if let thief = thieves[to] { onPeerPacket(packet, to: replicas[thief], from: replicas[from]) }
        case .request(let to, let client, let packet):
            onClientPacket(packet, to: replicas[to], client: client)
            if let twin = twins[to] { onClientPacket(packet, to: replicas[twin], client: client) }
        case .toClient(let client, let from, let packet): onReplyPacket(packet, client: client, from: from)
        case .wake(let replica): onWake(replicas[replica])
        case .execute(let replica): onExecute(replicas[replica])
        case .post(let replica, let incarnation, let event):
            if replicas[replica].incarnation == incarnation { deliver(event, to: replicas[replica]) }
        case .write(let replica, let incarnation):
            if replicas[replica].incarnation == incarnation { onWrite(by: replicas[replica]) }
        case .sync(let replica, let incarnation, let position):
            if replicas[replica].incarnation == incarnation { onSync(by: replicas[replica], upTo: position) }
        case .reply(let replica, let incarnation, let client, let message):
            if replicas[replica].incarnation == incarnation { sendToClient(message, client: client, from: replica) }
        case .wakeClient(let client): onClientWake(client)
        case .fault(let place): onFault(scenario.replicaFaults[place])
        case .resume(let replica): onResume(replicas[replica])
        case .restart(let replica): onRestart(replicas[replica])
        case .keepAgain(let replica, let incarnation, let instance, let digest):
            if replicas[replica].incarnation == incarnation { keepAgain(instance, digest, by: replicas[replica]) }
        case .powerGone(let replica, let incarnation):
            guard replicas[replica].incarnation == incarnation else { return }
            crash(replicas[replica], restartAt: replicas[replica].powerBackAt)
        case .diskFree(let replica): replicas[replica].setDiskFull(false)
        case .scrub(let replica, let incarnation):
            if replicas[replica].incarnation == incarnation { scrub(replicas[replica]) }
        case .clock(let place, let isOver): onClock(scenario.clockFaults[place], isOver: isOver)
        case .clientLink(let place, let isUp): onClientLink(scenario.clientLinkFaults[place], isUp: isUp)
        case .start(let slot): onStart(replicas[slot])
        case .dial(let slot, let incarnation):
            if replicas[slot].incarnation == incarnation { dial(from: replicas[slot]) }
        case .hello(let to, let from, let incarnation, let newest):
            guard replicas[from].incarnation == incarnation else { return }
            onHello(by: replicas[from], newest, at: replicas[to])
        case .theft(let slot): onTheft(replicas[slot])
        case .rotation(let slot): onRotation(of: slot)
        }
    }

    // MARK: - The end

    private func finish() {
        if checkers.violations.isEmpty, !scenario.isBeyond { checkLiveness() }
        checkers.finish(at: now)
    }

    private func checkLiveness() {
        for (id, operation) in checkers.results.unanswered where !gaveUp.contains(id) {
            checkers.note(
                Violation(
                    .liveness, at: now,
                    "not answered \(scenario.livenessTimeoutsMax) longest timeouts after the network healed: "
                        + "client \(id.client) call \(id.number), \(operation)"))
        }
        let goal = max(goal ?? highestOwed, checkers.highestReliedOn)
        for learner in learnersToAdmit {
            checkers.note(
                Violation(
                    .liveness, at: now,
                    "replica \(learner.id), which was added, has not become a member; it has executed "
                        + "\(learner.executor.lastDecided) of \(goal)"))
        }
        for replica in replicas where isOwed(replica) && replica.executor.lastDecided < goal {
            checkers.note(
                Violation(
                    .liveness, at: now,
                    "replica \(replica.id) has executed only \(replica.executor.lastDecided) of \(goal)"))
        }
    }
}
