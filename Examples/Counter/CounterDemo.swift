// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Logging
import Martlet

/// Starts a group of four counters in this one process, adds to it as a client would, and prints what the group says.
///
///     swift run --package-path Examples Counter [FIRST-PORT]
///
/// Everyone in one process is good for trying things out only: four replicas tolerate one faulty machine if they run on
/// four.
@main
struct CounterDemo {
    static func main() async throws {
        let firstPort = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 47_100
        let keys = (0..<4).map { _ in SigningKey() }
        let genesis = try genesis(of: keys, firstPort: firstPort)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (member, key) in zip(genesis.members, keys) {
                // Without a home directory the replica cannot remember that it voted, so it must not be started twice.
                let configuration = ReplicaConfiguration(
                    genesis: genesis, replica: member.id, key: key, homeDirectory: nil, logger: logger())
                let replica = try Replica(configuration: configuration, machine: Counter())
                group.addTask { try await replica.run() }
            }
            group.addTask { try await count(in: genesis) }
            // The client is the first to be done, unless a replica fails; either way all the others end.
            try await group.next()
            group.cancelAll()
        }
    }

    /// What the group is founded on: its members' public keys and addresses, of whom one may be faulty. Real members
    /// make their own keys, and only the public parts meet.
    private static func genesis(of keys: [SigningKey], firstPort: Int) throws -> Genesis {
        let members = keys.enumerated().map { place, key in
            Member(
                id: ReplicaID(UInt16(place)), key: key.publicKey, host: "127.0.0.1", port: firstPort + place,
                isHeavy: place < 2)
        }
        return try Genesis(
            name: "counter", faultModel: .byzantine, f: 1, members: members, administrators: [],
            administratorsNeeded: 0, clientAccess: .open, settings: GroupSettings())
    }

    /// The client's part: all that a program has to do which uses the counter from elsewhere.
    private static func count(in genesis: Genesis) async throws {
        let client = try Client(ClientConfiguration(genesis: genesis, key: SigningKey(), logger: logger()))
        client.start()
        let counter = CounterClient(try client.openSession())
        for amount in 1...10 as ClosedRange<Int64> {
            print("added \(amount), total", try await counter.add(amount))
        }
        print("the group says", try await counter.read())
        await client.close()
    }

    private static func logger() -> Logger {
        var logger = Logger(label: "counter")
        logger.logLevel = .error
        return logger
    }
}
