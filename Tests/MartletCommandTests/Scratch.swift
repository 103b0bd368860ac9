// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MartletCrypto
import MartletTypes
import Synchronization
import Testing

@testable import martlet_cli

/// A directory of its own for one test, gone when the test is.
final class Scratch {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "martlet-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            print("left behind: \(path)")
        }
    }

    func file(_ name: String, _ text: String) throws -> String {
        try Data(text.utf8).write(to: URL(filePath: path + "/" + name))
        return path + "/" + name
    }
}

/// The programs that were built beside the tests.
enum BuiltProgram {
    static func path(_ name: String = "martlet") -> String? {
        let arguments = CommandLine.arguments
        let bundle = arguments.firstIndex(of: "--test-bundle-path").map { arguments[$0 + 1] } ?? arguments[0]
        let path = URL(filePath: bundle).deletingLastPathComponent().appending(path: name).path
        return FileManager.default.isExecutableFile(atPath: path) ? path : nil
    }

    /// Runs the program `martlet`; returns what it has written, and its exit status.
    static func run(_ arguments: [String]) async throws -> (text: String, status: ProcessEnding?) {
        let lines = Mutex<[String]>([])
        let process = ChildProcess(
            "martlet", executable: try #require(path()), arguments: arguments,
            onLine: { line in lines.withLock { $0.append(line) } })
        try await process.start()
        let status = await process.waitUntilEnded()
        return (lines.withLock { $0.joined(separator: "\n") }, status)
    }
}

extension GroupDirectory {
    /// Runs `body` while the group's replicas are processes of the built program that serve; stops them afterwards.
    func whileServing(_ body: () async throws -> Void) async throws {
        let executable = try #require(BuiltProgram.path())
        let fleet = try ReplicaFleet(self, executable: executable, onLine: { _, _ in })
        try await fleet.start()
        do {
            let health = try await fleet.waitUntilServing(within: .seconds(60))
            #expect(health.isServing, "\(health.sentence)")
            try await body()
        } catch {
            await fleet.stop()
            throw error
        }
        await fleet.stop()
    }
}

/// Groups and keys for tests.
enum Sample {
    static let keys = (1...8).compactMap { SigningKey(seed: Bytes(repeating: $0, count: 32)) }

    static func founding(_ n: Int, _ model: FaultModel = .byzantine, f: Int? = nil) -> Founding {
        Founding(
            name: "sample", faultModel: model, f: f,
            members: (0..<n).map {
                FoundingMember(key: keys[$0].publicKey, address: Address(host: "host\($0)", port: 7000 + $0))
            },
            administrators: [keys[7].publicKey], clientAccess: .open)
    }

    static func text(_ n: Int = 4) throws -> String { GenesisFile.text(of: try founding(n).genesis()) }

    /// The line, from 1, of the first line that holds the words.
    static func line(of words: String, in text: String) -> Int {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        return (lines.firstIndex { $0.contains(words) } ?? -1) + 1
    }
}
