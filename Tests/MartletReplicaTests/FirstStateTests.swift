// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MartletTypes
import Testing

@testable import MartletReplica

/// A group's members begin with the state that its genesis names, or not at all.
@Suite struct FirstStateTests {
    /// A service that passes over what cannot be read.
    private struct CarelessMachine: StateMachine {
        var texts = TextMachine()
        /// Takes another reader for the one that it was given.
        let swapsReader: Bool
        var failures = 0

        mutating func execute(_ operation: Bytes, in context: ExecutionContext) -> Bytes {
            texts.execute(operation, in: context)
        }

        func read(_ query: Bytes, lastExecuted: Instance) -> ReadAnswer {
            texts.read(query, lastExecuted: lastExecuted)
        }

        func snapshot() -> [String: String] { texts.snapshot() }
        static func encode(_ snapshot: [String: String]) -> Bytes { TextMachine.encode(snapshot) }
        mutating func restore(from bytes: Bytes) throws { try texts.restore(from: bytes) }

        mutating func restore(from reader: inout SnapshotReader) throws {
            var bytes: Bytes = []
            for _ in 0..<reader.count {
                do {
                    bytes += try reader.next() ?? []
                } catch {
                    failures += 1
                    if swapsReader { reader = SnapshotReader(chunks: []) }
                }
            }
            try texts.restore(from: bytes)
        }
    }

    /// The replica began with a part of the state, or with another one.
    @Test(arguments: [false, true]) func aServiceThatPassesOverDamageDoesNotBegin(swapsReader: Bool) async throws {
        let group = try await TestGroup.withCheckpoint(names: 20)
        let path = group.directory + "/backup"
        let backup = try Backup.make(ofHome: group.home(0), genesis: group.genesis, to: path)
        let first = FirstState(origin: backup.newOrigin(), path: path)
        var machine = CarelessMachine(swapsReader: swapsReader)
        let time = try first.restore(&machine, group.log.logger("0"))
        #expect(time == TestGroup.time && machine.failures == 0 && machine.snapshot().count == 20)

        var data = try Data(contentsOf: URL(filePath: path))
        data[data.count - 5] ^= 1
        try data.write(to: URL(filePath: path))
        let error = #expect(throws: ReplicaError.self) { try first.restore(&machine, group.log.logger("0")) }
        #expect(error?.description.contains("is not the one that was signed") == true)
        #expect(machine.failures > 0)
        try FileManager.default.removeItem(atPath: group.directory)
    }

    @Test func noTwoFoundingsNameTheSameBeginning() async throws {
        let group = try await TestGroup.withCheckpoint(names: 1)
        let path = group.directory + "/backup"
        let backup = try Backup.make(ofHome: group.home(0), genesis: group.genesis, to: path)
        let origins = (0..<4).map { _ in backup.newOrigin() }
        #expect(Set(origins).count == 4 && origins.allSatisfy { $0.state == backup.origin })
        try FileManager.default.removeItem(atPath: group.directory)
    }
}
