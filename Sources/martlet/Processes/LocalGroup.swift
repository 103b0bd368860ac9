// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Logging
import MartletClient
import MartletCrypto
import MartletTransport
import MartletTypes
import Synchronization

/// A group whose replicas all run on this machine, each as a process of its own, for as long as one command lasts.
final class LocalGroup: Sendable {
    let directory: GroupDirectory
    let genesis: Genesis
    let clientKey: SigningKey
    private let founder: GroupFounder
    private let security: TransportSecurity
    private let log: LineLog
    private let executable: String?
    private let arguments: [String]
    private let listening: @Sendable (ReplicaID) -> @Sendable (String) -> Void
    private let residents: Mutex<[Resident]>

    private struct Resident {
        let process: ReplicaProcess
        let address: Address
    }

    /// Founds the group in a directory that does not exist or is empty; `limits` and `arguments` go to each replica, and `onLine`
    /// gets what each of them logs. `program` says what runs in a replica's place instead of a replica.
    init(
        in path: String, name: String, replicas: Int, faultModel: FaultModel = .byzantine, f: Int? = nil,
        settings: GroupSettings = GroupSettings(), leaders: [Int]? = nil, heavy: [Int]? = nil,
        limits: [ReplicaFile.Limit] = [], security: TransportSecurity = .tls, executable: String? = nil,
        arguments: [String] = [], program: (ReplicaID, GroupDirectory) -> ReplicaProcess.Program? = { _, _ in nil },
        onLine: @escaping @Sendable (ReplicaID, String) -> Void = { _, _ in }
    ) throws {
        let directory = GroupDirectory(path)
        try directory.requireVacant()
        let keys = (0..<replicas).map { _ in SigningKey() }
        let clientKey = SigningKey()
        let base = try FreePorts.consecutive(replicas)
        let members = keys.enumerated().map { place, key in
            FoundingMember(key: key.publicKey, address: Address(host: "127.0.0.1", port: base + place))
        }
        let founding = Founding(
            name: name, faultModel: faultModel, f: f, members: members, administrators: [clientKey.publicKey],
            clientAccess: .open, settings: settings, leaders: leaders, heavy: heavy)
        genesis = try founding.genesis()
        founder = GroupFounder(directory: directory, genesis: genesis, limits: limits)
        try founder.write(replicaKeys: keys, clientKey: clientKey)
        self.directory = directory
        self.clientKey = clientKey
        self.security = security
        self.executable = executable
        self.arguments = arguments
        let log = LineLog()
        self.log = log
        let listening: @Sendable (ReplicaID) -> @Sendable (String) -> Void = { id in
            { line in
                log.add(line, of: id)
                onLine(id, line)
            }
        }
        self.listening = listening
        residents = Mutex(
            genesis.members.map { member in
                let process =
                    program(member.id, directory).map { ReplicaProcess(member.id, $0, onLine: listening(member.id)) }
                    ?? ReplicaProcess(
                        member.id, in: directory, executable: executable, arguments: arguments,
                        onLine: listening(member.id))
                return Resident(process: process, address: Address(host: member.host, port: member.port))
            })
    }

    var processes: [ReplicaProcess] { residents.withLock { $0.map(\.process) } }

    // MARK: Coming and going

    /// Makes the home of a replica that no view lists yet, with a key of its own, and its process, which is not started. It asks those that
    /// are here now for the view that will list it.
    func makeNewcomer(_ id: ReplicaID) throws -> (member: Member, process: ReplicaProcess) {
        let key = SigningKey()
        let member = Member(
            id: id, key: key.publicKey, host: "127.0.0.1", port: try FreePorts.consecutive(1), isHeavy: false)
        try founder.makeHome(for: member, key: key)
        let process = ReplicaProcess(
            id, in: directory, executable: executable,
            arguments: contacts.flatMap { ["--via", "\($0)"] } + arguments, onLine: listening(id))
        let resident = Resident(process: process, address: Address(host: member.host, port: member.port))
        residents.withLock { $0.append(resident) }
        return (member, process)
    }

    /// One that has ended for good.
    func forget(_ id: ReplicaID) { residents.withLock { $0.removeAll { $0.process.replica == id } } }

    /// Where those listen whose processes run.
    var contacts: [Address] {
        residents.withLock { $0.filter { $0.process.processIdentifier != nil }.map(\.address) }
    }

    /// What a command is given that has to do with the group as it is now, and not as it was founded.
    func access() throws -> GroupAccess { try GroupAccess(directory, via: contacts) }

    // MARK: Running

    /// Starts all replicas, and returns once each of them answers.
    func start(within limit: Duration = .seconds(20)) async throws {
        try await withThrowingTaskGroup { group in
            for process in processes { group.addTask { try await process.start() } }
            try await group.waitForAll()
        }
        try await waitUntilServing(within: limit)
    }

    func waitUntilServing(within limit: Duration) async throws {
        let deadline = ContinuousClock.now + limit
        while true {
            let silent = try await reports().filter { $0.status == nil }.map(\.member.id)
            if silent.isEmpty { return }
            for process in processes where process.processIdentifier == nil {
                throw CommandFailure("replica \(process.replica) has ended:\n\(log.text(of: process.replica))")
            }
            guard ContinuousClock.now < deadline else {
                let id = silent[0]
                throw CommandFailure("replica \(id) does not answer:\n\(log.text(of: id))")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// Asks the running ones for a graceful stop, all at once, and kills those that take too long.
    func stop() async {
        await withTaskGroup { group in
            for process in processes { group.addTask { await process.stop(within: .seconds(3)) } }
        }
    }

    /// Runs `body` with a client of the group, which is closed afterwards, whatever came of it.
    func withClient<Value>(_ body: (Client) async throws -> Value) async throws -> Value {
        var configuration = ClientConfiguration(
            genesis: genesis, key: clientKey, logger: ConsoleLogHandler.logger("client", level: .error))
        configuration.transport = transport
        let client = try Client(configuration)
        client.start()
        do {
            let value = try await body(client)
            await client.close()
            return value
        } catch {
            await client.close()
            throw error
        }
    }

    /// Runs `body`, which may start replicas; afterwards none runs, whatever came of it.
    func stopping<Value>(after body: () async throws -> Value) async throws -> Value {
        do {
            let value = try await body()
            await stop()
            return value
        } catch {
            await stop()
            throw error
        }
    }

    // MARK: Asking

    /// The last lines that a replica wrote.
    func lastLines(of replica: ReplicaID) -> String { log.text(of: replica) }

    func probe() throws -> ClusterProbe {
        try ClusterProbe(
            genesis: genesis, key: clientKey,
            via: contacts.map { Contact(host: $0.host, port: $0.port) }, transport: transport)
    }

    func reports() async throws -> [MemberReport] { try await probe().run(within: .seconds(1)) }

    /// Who leads, by the word of those that are furthest.
    func leader() async throws -> ReplicaID {
        let statuses = try await reports().compactMap(\.status)
        guard let newest = statuses.max(by: { $0.epoch < $1.epoch }) else {
            throw CommandFailure("no replica says who leads")
        }
        return newest.leader
    }

    var transport: TransportConfiguration {
        var transport = TransportConfiguration()
        transport.security = security
        return transport
    }

    func process(_ id: ReplicaID) -> ReplicaProcess? { processes.first { $0.replica == id } }
}
