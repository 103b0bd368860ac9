// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletCrypto
import MartletTypes

/// How a world is put together from a scenario.
extension World {
    static func view(of scenario: Scenario, keys: WorldKeys) -> View {
        let rule = QuorumRule(faultModel: scenario.faultModel, n: scenario.n, f: scenario.f)
        // Unless the scenario says so, who is heavy follows from the seed, so that light replicas lead too.
        let shift = Int(scenario.seed % UInt64(scenario.n))
        let heavy =
            scenario.heavy.isEmpty
            ? (0..<scenario.n).filter { ($0 + shift) % scenario.n < rule.heavyCount } : scenario.heavy
        let leaders = scenario.leaders.isEmpty ? Array(0..<scenario.n) : scenario.leaders
        let members = (0..<scenario.n).map { place in
            Member(
                id: ReplicaID(UInt16(place)), key: keys.replicas[place].publicKey, host: "r\(place)", port: 1,
                isHeavy: heavy.contains(place))
        }
        do {
            return try View(
                group: Digest(words: Words32(scenario.seed, 1, 2, 3)), number: .genesis,
                faultModel: scenario.faultModel, f: scenario.f, members: members,
                leaderOrder: leaders.map { members[$0].id },
                settings: scenario.settings,
                administration: Administration(
                    keys: keys.administrators.map(\.publicKey), needed: min(1, keys.administrators.count)))
        } catch {
            preconditionFailure("the scenario's group cannot be: \(error)")
        }
    }

    /// Whom the group serves to begin with.
    var clientAccess: ClientAccess { Self.clientAccess(scenario, keys) }

    static func clientAccess(_ scenario: Scenario, _ keys: WorldKeys) -> ClientAccess {
        scenario.listedClients.map { .allowList($0.map { keys.clients[$0].publicKey }) } ?? .open
    }

    func addReplicas(_ scheme: SimulatedScheme, _ random: inout SeededRandom) {
        for place in 0..<scenario.slots {
            addReplica(place, slot: place, scheme, &random)
            let plan = scenario.liars.first { $0.replica == place }
            replicas[place].isLiar = plan != nil
            if plan != nil {
                replicas[place].makeUp = { [unowned self, unowned replica = replicas[place]] in makeUp($0, as: replica)
                }
            }
            liars.append(
                plan.map {
                    LiarState(plan: $0, replica: replicas[place], conspiracy: conspiracy, random: random.fork())
                })
        }
        for place in 0..<scenario.n where liars[place]?.hasTwin == true {
            twins[place] = replicas.count
            addReplica(place, slot: replicas.count, scheme, &random)
            replicas.last?.isLiar = true
        }
        for plan in scenario.thieves where thieves[plan.replica] == nil {
            let slot = replicas.count
            addReplica(plan.replica, slot: slot, isThief: true, scheme, &random)
            replicas[slot].isLiar = true
            thieves[plan.replica] = slot
            thieving[slot] = LiarState(
                plan: plan, replica: replicas[slot], conspiracy: conspiracy, random: random.fork())
        }
    }

    private func addReplica(
        _ place: Int, slot: Int, isThief: Bool = false, _ scheme: SimulatedScheme, _ random: inout SeededRandom
    ) {
        let id = ReplicaID(slot: place)
        // Valid signatures are worth remembering only where checking costs more than a look-up.
        let remembered = scenario.usesRealSignatures ? 4096 : 0
        let makeVerifier = { [view] in
            Verifier(
                view: view, scheme: scheme, rememberedSignaturesMax: remembered)
        }
        replicas.append(
            SimulatedReplica(
                id: id, slot: slot, key: keys.replicas[place], view: view, makeVerifier: makeVerifier,
                makeSealer: { [view] in Sealer(group: view.group, replica: id, key: $0, scheme: scheme) },
                access: AccessTable(clientAccess), timeouts: scenario.timeouts, memory: scenario.memoryLimits,
                clock: ReplicaClock(
                    monotonicOffset: random.interval(upTo: .seconds(1_000)),
                    wallOffset: .microseconds(UInt64(random.below(20_000)))),
                entropy: SeededRandom(seed: scenario.seed ^ 0xE417_0000 &+ UInt64(slot)),
                syncErrorPermille: scenario.diskSyncErrorPermille,
                oldUntil: scenario.oldPrograms.first { $0.replica == place }?.until))
        guard !isThief else { return replicas[slot].waitToSteal() }
        let begin = random.instant(from: .zero, to: Instant.zero + .milliseconds(2))
        guard place < scenario.n else {
            return queue.insert(.start(slot), at: max(begin, scenario.newcomers[place - scenario.n].startsAt))
        }
        queue.insert(.wake(slot), at: begin)
        scheduleDial(from: replicas[slot])
    }

    func addClients(_ scheme: SimulatedScheme, _ random: inout SeededRandom) {
        clientIDs = keys.clients.map { ClientID($0.publicKey) }
        for (place, plan) in scenario.clients.enumerated() {
            clientPositions[clientIDs[place]] = place
            let workload = Workload(
                client: place, readPermille: plan.readPermille, keys: plan.flips ? 1 : 6, flips: plan.flips,
                severalPermille: plan.severalPermille, putsOnly: plan.putsOnly,
                random: random.fork())
            let encode = { [unowned self] (operation: Operation) -> Bytes in
                let bytes = ServiceCodec.bytes(of: operation, valueBytes: plan.valueBytes)
                if plan.malice == nil {
                    checkers.knows(bytes, meaning: operation)
                } else {
                    checkers.strangerKnows(bytes, meaning: operation)
                }
                return bytes
            }
            let sealer = ClientSealer(
                group: view.group, client: clientIDs[place], key: keys.clients[place], scheme: scheme)
            if let malice = plan.malice {
                let others = clientIDs.filter { $0 != clientIDs[place] }
                clients.append(
                    MaliciousClient(
                        plan: plan, malice: malice, sealer: sealer, others: others, view: view,
                        conspiracy: conspiracy, until: scenario.clientsUntil, workload: workload, encode: encode,
                        random: random.fork()))
            } else {
                clients.append(
                    LibraryClient(
                        client: place, plan: plan, view: view, until: scenario.clientsUntil, sealer: sealer,
                        verifier: ReplyVerifier(view: view, scheme: scheme), timing: scenario.clientTiming,
                        mayBeDenied: scenario.mayDeny, workload: workload, encode: encode, random: random.fork()))
            }
            clientWakes.append(.zero)
            queue.insert(.wakeClient(place), at: .zero)
        }
    }

    /// Administrators stand behind all clients. The first one gives weights and leaders, too.
    func addAdministrator(_ number: Int, _ scheme: SimulatedScheme) {
        let place = clients.count
        let key = keys.administrators[number]
        let arranging = number == 0 ? scenario.reconfigurations.map { AdministratorPlan.arrange($0) } : []
        let changing = scenario.changes.filter { $0.administrator == number }.map { AdministratorPlan.change($0) }
        let client = ClientID(key.publicKey)
        clientIDs.append(client)
        clientPositions[client] = place
        clients.append(
            Administrator(
                plans: arranging + changing,
                drafts: OperationDrafts(
                    keys: keys.replicas.map(\.publicKey), laterKeys: keys.later.map(\.publicKey),
                    administrators: keys.administrators.map(\.publicKey), clients: keys.clients.map(\.publicKey)),
                view: view, client: client,
                sealers: keys.administrators.map {
                    (
                        $0.publicKey,
                        AdministratorSealer(group: view.group, publicKey: $0.publicKey, key: $0, scheme: scheme)
                    )
                },
                clientSealer: ClientSealer(group: view.group, client: client, key: key, scheme: scheme),
                verifier: ReplyVerifier(view: view, scheme: scheme), timing: scenario.clientTiming))
        clientWakes.append(.zero)
        queue.insert(.wakeClient(place), at: .zero)
    }
}
