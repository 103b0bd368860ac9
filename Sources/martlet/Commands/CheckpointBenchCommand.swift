// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import MartletKV

/// `martlet bench checkpoint`.
struct CheckpointBenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "checkpoint", abstract: "Measure what checkpoints of a large state cost.",
        discussion: """
            Fills the key-value service in this process, writes and hashes its snapshot in full, changes some keys and does it \
            again, and in the end restores the state from what was written. Nothing goes to a disk.
            """)

    @Option(help: "How many keys.") var keys = 1_000_000
    @Option(help: "Bytes of each value.") var valueBytes = 1_000
    @Option(help: "How many keys change before each further checkpoint, as A,B,C.") var changes = "1000,100000"
    @Flag(help: "End with one line of JSON.") var json = false

    private var counts: [Int?] { changes.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) } }

    func validate() throws {
        guard (1...50_000_000).contains(keys) else { throw ValidationError("--keys must be from 1 to 50000000") }
        guard (0...KVLimits.valueBytesMax).contains(valueBytes) else {
            throw ValidationError("--value-bytes must be from 0 to \(KVLimits.valueBytesMax)")
        }
        guard keys * (valueBytes + 64) <= KVLimits.stateBytesMax else {
            throw ValidationError("so much does not fit into the service (\(KVLimits.stateBytesMax) bytes)")
        }
        guard counts.allSatisfy({ (0...50_000_000).contains($0 ?? -1) }) else {
            throw ValidationError("--changes are numbers, as in 1000,100000")
        }
    }

    func run() async throws {
        let console = Console(isJSON: json)
        let result = try CheckpointBenchmark(keys: keys, valueBytes: valueBytes, changes: counts.compactMap { $0 })
            .run { Console.note($0) }
        console.say(result.text)
        console.report(result.json)
    }
}
