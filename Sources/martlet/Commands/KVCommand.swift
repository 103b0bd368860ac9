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
            the key is absent, or is not what cas expects), 3 when it is not known whether it took effect.
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
        let console = options.console
        try await FailureReport.telling(console) {
            let client = try options.access().client(deadline: .seconds(options.timeout))
            client.start()
            let answer: Answer
            do {
                answer = try await operation(KVClient(client.openSession()))
            } catch {
                await client.close()
                throw error
            }
            await client.close()
            if answer.isAsWished { console.say(answer.text) } else { Console.note(answer.text) }
            let members = [JSONValue.Member(name: "ok", value: true)]
            console.report(.object(members + answer.json.map { JSONValue.Member(name: $0.key, value: $0.value) }))
            if !answer.isAsWished { throw ExitCode(1) }
        }
    }
}
