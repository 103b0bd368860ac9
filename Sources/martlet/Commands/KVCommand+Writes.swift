// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import MartletKV

extension KVCommand {
    struct Put: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Set the value of a key.")

        @Argument var key: String
        @Argument var value: String
        @OptionGroup var receipt: ReceiptOption
        @OptionGroup var options: GroupOptions

        func run() async throws {
            try await KVCommand.run(options, receipt) { store in
                try await store.put(Array(key.utf8), Array(value.utf8))
                return Answer(text: "stored", json: ["key": .text(key)])
            }
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Remove a key.")

        @Argument var key: String
        @OptionGroup var receipt: ReceiptOption
        @OptionGroup var options: GroupOptions

        func run() async throws {
            try await KVCommand.run(options, receipt) { store in
                let existed = try await store.delete(Array(key.utf8))
                return Answer(
                    text: existed ? "deleted" : "'\(key)' was absent",
                    json: ["key": .text(key), "existed": .boolean(existed)])
            }
        }
    }

    struct Incr: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Add to an integer; an absent key counts as 0.")

        @Argument var key: String
        @Option(parsing: .unconditional, help: "How much to add; may be negative.") var by: Int64 = 1
        @OptionGroup var receipt: ReceiptOption
        @OptionGroup var options: GroupOptions

        func run() async throws {
            try await KVCommand.run(options, receipt) { store in
                let sum = try await store.increment(Array(key.utf8), by: by)
                return Answer(text: "\(sum)", json: ["key": .text(key), "value": .integer(Int(sum))])
            }
        }
    }

    struct Cas: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Replace the value of a key if it is the expected one.",
            discussion: "Without --expect the key must be absent; without --set it is removed.")

        @Argument var key: String
        @Option(parsing: .unconditional, help: "The value that the key must have.") var expect: String?
        @Option(parsing: .unconditional, help: "The new value.") var set: String?
        @OptionGroup var receipt: ReceiptOption
        @OptionGroup var options: GroupOptions

        func run() async throws {
            try await KVCommand.run(options, receipt) { store in
                let outcome = try await store.compareAndSwap(
                    Array(key.utf8), expected: expect.map { Array($0.utf8) }, replacement: set.map { Array($0.utf8) })
                switch outcome {
                case .swapped:
                    return Answer(text: "swapped", json: ["key": .text(key), "swapped": true])
                case .mismatch(let current):
                    let found = current.map { "has the value \(PrintableBytes.shown($0))" } ?? "is absent"
                    return Answer(
                        text: "nothing was changed: '\(key)' \(found)",
                        json: ["key": .text(key), "swapped": false, "current": PrintableBytes.json(current)],
                        isAsWished: false)
                }
            }
        }
    }
}
