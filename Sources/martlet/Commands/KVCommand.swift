// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import MartletClient
import MartletKV
import MartletTypes

/// `martlet kv`: one operation on the replicated key-value service.
struct KVCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kv", abstract: "Read and write the replicated key-value service.",
        discussion: """
            Ends with status 0 when the operation took effect or the read was answered, 1 when it failed for sure (or \
            the key is absent, or is not what cas expects), 3 when it is not known whether it took effect, 4 when it took effect \
            but there is no receipt of it, though one was wanted.
            """,
        subcommands: [Put.self, Get.self, Delete.self, Cas.self, Incr.self, Scan.self])

    /// What came of an operation.
    struct Answer {
        /// For people.
        let text: String
        let json: KeyValuePairs<String, JSONValue>
        /// Whether the key was there, and as it was expected to be.
        var isAsWished = true
    }

    /// Connects, does one thing, tells what came of it.
    static func run(_ options: GroupOptions, _ operation: (KVClient) async throws -> Answer) async throws {
        try await FailureReport.telling(options.console) {
            let answer = try await connected(options) { try await operation(KVClient($0)) }
            tell(answer, options.console)
            if !answer.isAsWished { throw ExitCode(1) }
        }
    }

    /// The same with an operation that a receipt may be wanted of. There is one of what was refused in order, too.
    static func run(
        _ options: GroupOptions, _ receipt: ReceiptOption, _ operation: (KVClient) async throws -> Answer
    ) async throws {
        guard let path = receipt.path else { return try await run(options, operation) }
        try await FailureReport.telling(options.console) {
            let file = try ReceiptFile(creating: path)
            var found: Receipt?
            let answer: Answer
            do {
                answer = try await connected(options) { session in
                    let session = ReceiptedSession(session)
                    defer { found = session.receipt }
                    return try await operation(KVClient(session))
                }
            } catch {
                if let found { try file.write(found) } else { file.discard() }
                throw error
            }
            if let found { try file.write(found) } else { file.discard() }
            tell(answer, options.console, [.init(name: "receipt", value: found == nil ? .null : .text(path))])
            if found == nil {
                Console.note(
                    "There is no receipt: too few replicas signed in time, or the group speaks protocol version 1, which knows none (martlet admin upgrade). The operation took effect all the same."
                )
                throw ExitCode(ReceiptOption.missingStatus)
            }
            if !answer.isAsWished { throw ExitCode(1) }
        }
    }

    private static func connected(
        _ options: GroupOptions, _ body: (ClientSession) async throws -> Answer
    ) async throws -> Answer {
        let client = try options.access().client(deadline: .seconds(options.timeout))
        client.start()
        do {
            let answer = try await body(client.openSession())
            await client.close()
            return answer
        } catch {
            await client.close()
            throw error
        }
    }

    private static func tell(_ answer: Answer, _ console: Console, _ more: [JSONValue.Member] = []) {
        if answer.isAsWished { console.say(answer.text) } else { Console.note(answer.text) }
        let members = [JSONValue.Member(name: "ok", value: true)]
        console.report(.object(members + answer.json.map { JSONValue.Member(name: $0.key, value: $0.value) } + more))
    }
}
