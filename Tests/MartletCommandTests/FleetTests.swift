// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import MartletClient
import MartletCrypto
import MartletKV
import MartletTypes
import Synchronization
import Testing

@testable import martlet_cli

/// The whole thing: four processes of the built program, found beside the tests.
@Suite(.serialized) struct FleetTests {
    private let scratch: Scratch
    private let directory: GroupDirectory

    init() throws {
        scratch = try Scratch()
        directory = GroupDirectory(scratch.path + "/group")
    }

    private func found() throws {
        let keys = Array(Sample.keys.prefix(4))
        let base = try FreePorts.consecutive(4)
        var founding = Sample.founding(4)
        founding.members = keys.enumerated().map {
            FoundingMember(key: $1.publicKey, address: Address(host: "127.0.0.1", port: base + $0))
        }
        try GroupFounder(directory: directory, genesis: founding.genesis())
            .write(replicaKeys: keys, clientKey: Sample.keys[7])
    }

    /// As a person would: a put with a receipt, which is verified offline.
    private func signAPut() async throws {
        let file = scratch.path + "/receipt"
        func put(_ file: String) async throws {
            let arguments = ["put", "a", "b", "--receipt", file, "--group", directory.path, "--timeout", "60"]
            let command = try #require(try KVCommand.parseAsRoot(arguments) as? KVCommand.Put)
            try await command.run()
        }
        try await put(file)
        let report = try ReceiptCommand.Verify.report(on: file, directory.genesis())
        #expect(report.table.contains("put a = b") && report.table.contains("stored"), "\(report.table)")
        #expect(report.receipt.client == ClientID(Sample.keys[7].publicKey))
        // Nothing is written over, and then nothing is done either.
        await #expect(throws: ExitCode(1)) { try await put(file) }
        await #expect(throws: ExitCode(1)) { try await put(scratch.path + "/no/such/directory") }
    }

    @Test(.timeLimit(.minutes(2))) func fourProcessesServeAndSurviveTheirKilledLeader() async throws {
        try found()
        let executable = try #require(BuiltProgram.path())
        let fleet = try ReplicaFleet(directory, executable: executable, onLine: { _, _ in })
        try await fleet.start()
        var health = try await fleet.waitUntilServing(within: .seconds(60))
        #expect(health.isServing, "\(health.sentence)")

        let client = try GroupAccess(directory).client(deadline: .seconds(60))
        client.start()
        let store = try KVClient(client.openSession())
        try await store.put([1], [2])
        let leader = try #require(health.leader.flatMap { fleet[$0] })
        await leader.kill()
        #expect(leader.processIdentifier == nil)
        #expect(await leader.waitUntilEnded() == .signaled(9))
        try await store.put([3], [4])
        #expect(try await store.get([1]) == [2])
        try await signAPut()
        await client.close()

        health = try await fleet.waitUntilServing(within: .seconds(60))
        #expect(health.answering.count == 3)
        #expect(health.leader != leader.replica)
        // The others have noticed, and say since when.
        var report = StatusReport(health: health)
        let isTold = { report.text.contains("replica \(leader.replica) has been out of reach of replicas") }
        for _ in 0..<100 where !isTold() {
            try await Task.sleep(for: .milliseconds(100))
            report = StatusReport(health: try await fleet.health())
        }
        #expect(isTold(), "\(report.text)")
        try await leader.start()
        health = try await fleet.waitUntilServing(within: .seconds(60))
        #expect(health.answering.count == 4)
        await fleet.stop()
        for process in fleet.processes { #expect(await process.waitUntilEnded() == .exited(0)) }
    }

    @Test(.timeLimit(.minutes(1))) func aReplicaThatCannotRunSaysWhyAndEnds() async throws {
        try found()
        try FileManager.default.removeItem(atPath: directory.home(of: ReplicaID(2)) + "/replica.key")
        let lines = Mutex<[String]>([])
        let executable = try #require(BuiltProgram.path())
        let process = ReplicaProcess(ReplicaID(2), in: directory, executable: executable) { line in
            lines.withLock { $0.append(line) }
        }
        try await process.start()
        #expect(await process.waitUntilEnded() == .exited(1))
        #expect(lines.withLock { $0.contains { $0.contains("there is no key file") } })
    }

    @Test func aProgramThatDoesNotExistCannotBeStarted() async throws {
        try found()
        let process = ReplicaProcess(ReplicaID(0), in: directory, executable: scratch.path + "/none") { _ in }
        await #expect(throws: CommandFailure.self) { try await process.start() }
        #expect(process.processIdentifier == nil)
    }
}
