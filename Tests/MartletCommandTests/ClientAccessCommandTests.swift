// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Logging
import MartletClient
import MartletCrypto
import MartletTypes
import Testing

@testable import martlet_cli

/// Clients of a group of four processes that are admitted, expelled and given another key by commands of the built program. Nobody is on
/// its list at founding; the one administrator's key is `client.key`.
@Suite(.serialized) struct ClientAccessCommandTests {
    private let scratch: Scratch
    private let directory: GroupDirectory

    init() throws {
        scratch = try Scratch()
        directory = GroupDirectory(scratch.path + "/group")
        let keys = Array(Sample.keys.prefix(4))
        let base = try FreePorts.consecutive(4)
        var founding = Sample.founding(4)
        founding.clientAccess = .allowList([])
        founding.members = keys.enumerated().map {
            FoundingMember(key: $1.publicKey, address: Address(host: "127.0.0.1", port: base + $0))
        }
        try GroupFounder(directory: directory, genesis: founding.genesis()).write(
            replicaKeys: keys, clientKey: Sample.keys[7])
        for place in 4...6 { try KeyFile.create(at: file(place), with: Sample.keys[place]) }
    }

    private func file(_ place: Int) -> String { scratch.path + "/\(place).key" }
    private func key(_ place: Int) -> String { "\(Sample.keys[place].publicKey)" }

    private func run(_ arguments: [String], inGroup: Bool = true) async throws -> (text: String, status: ProcessEnding?)
    {
        try await BuiltProgram.run(arguments + (inGroup ? ["--group", directory.path] : []))
    }

    private func put(_ value: String, by place: Int) async throws -> (text: String, status: ProcessEnding?) {
        try await run(["kv", "put", "a", value, "--key", file(place), "--timeout", "20"])
    }

    private func admin(
        _ arguments: String..., expecting text: String, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let done = try await run(["admin"] + arguments)
        #expect(done.status == .exited(0), "\(done.text)", sourceLocation: sourceLocation)
        #expect(done.text.contains(text), "\(done.text)", sourceLocation: sourceLocation)
    }

    @Test(.timeLimit(.minutes(4))) func clientsComeAndGoAndChangeTheirKeys() async throws {
        try await directory.whileServing {
            let stranger = try await put("1", by: 4)
            #expect(stranger.status == .exited(1), "\(stranger.text)")
            #expect(stranger.text.contains("martlet admin client add \(key(4))"), "\(stranger.text)")
            #expect(stranger.text.contains("the group does not serve this client"), "\(stranger.text)")
            let lost = try await run(["admin", "client", "add", key(4), "--key-file", file(4)])
            #expect(lost.status == .exited(1) && lost.text.contains("no replica lets this client in"), "\(lost.text)")

            try await admin("client", "add", file(4), "--sessions", "9", expecting: "follows view 1: admit 1 client")
            let put = try await self.put("1", by: 4)
            #expect(put.status == .exited(0), "\(put.text)")
            let again = try await run(["admin", "client", "add", key(4), "--sessions", "9"])
            #expect(again.status == .exited(1) && again.text.contains("is admitted already"), "\(again.text)")

            // One that is connected is told, and does not get in again.
            var configuration = ClientConfiguration(
                genesis: try directory.genesis(), key: Sample.keys[4],
                logger: Logger(label: "client") { _ in SwiftLogNoOpLogHandler() })
            configuration.deadline = .seconds(20)
            let client = try Client(configuration)
            client.start()
            let session = try client.openSession()
            let first = await session.execute([0])
            guard case .result = first else {
                Issue.record("the client is not served: \(first)")
                return
            }
            try await admin("client", "expel", key(4), expecting: "expel 1 client")
            switch await session.execute([0]) {
            case .failed(.accessDenied), .unknown(.accessDenied): break
            case let other: Issue.record("\(other)")
            }
            #expect(await session.execute([0]) == .failed(.accessDenied))
            await client.close()
            let expelled = try await self.put("2", by: 4)
            #expect(expelled.status == .exited(1), "\(expelled.text)")
            #expect(expelled.text.contains("have expelled this client's key \(key(4))"), "\(expelled.text)")

            try await admin("client", "add", key(4), key(6), expecting: "admit 2 clients")
            try await admin("client", "replace", key(4), key(5), expecting: "a client has another key")
            let old = try await self.put("3", by: 4)
            #expect(old.status == .exited(1) && old.text.contains("expelled"), "\(old.text)")
            let new = try await self.put("3", by: 5)
            #expect(new.status == .exited(0), "\(new.text)")

            let status = try await run(["status", directory.path, "--json"], inGroup: false)
            #expect(status.text.contains(#""clients":{"access":"listed","admitted":2,"expelled":1}"#), "\(status.text)")
            let dry = try await run(["admin", "access", "open", "--dry-run"])
            #expect(dry.text.contains("Warning: anyone with a key can then be a client"), "\(dry.text)")
            // The only administrator, who is on no list, gives that up. It may be let go before a quorum has told it so in one view.
            let given = try await run(["admin", "administrators", "--key", key(6)])
            #expect(given.status == .exited(0) || given.status == .exited(3), "\(given.text)")
            let former = try await run(["admin", "access", "open"])
            #expect(former.status == .exited(1), "\(former.text)")
            #expect(former.text.contains("no replica lets this client in"), "\(former.text)")
            try await admin("access", "open", "--key-file", file(6), expecting: "serve anyone with a key")
            let open = try await run(["status", directory.path], inGroup: false)
            #expect(open.text.contains("clients: open to anyone with a key, 2 admitted by name, 1 expelled"))
        }
    }
}
