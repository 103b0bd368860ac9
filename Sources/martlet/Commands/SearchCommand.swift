// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import MartletTypes

/// `martlet experiment search`.
struct SearchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search", abstract: "How long the search for the best configuration takes, and how good it is.")

    @Option(help: "A file of latencies, whose first places are used beside made-up ones.") var matrix: String?
    @Option(help: "What its numbers are: us-oneway (microseconds one way) or ms-rtt (milliseconds there and back).")
    var unit: LatencyUnit?
    @Option(help: "The numbers of replicas, as A,B,C.") var sizes = "5,9,13,17,25,37,51,75,100"
    @Option(help: "Where not all candidates can be looked at, compare with the best of so many searches.")
    var rivals = 5
    @Option(help: "Where chance begins.") var seed: UInt64 = 1
    @OptionGroup var options: ExperimentOptions

    func validate() throws {
        guard (matrix == nil) == (unit == nil) else { throw ValidationError("--matrix and --unit go together") }
        guard (2...100).contains(rivals) else { throw ValidationError("--rivals must be from 2 to 100") }
        let numbers = numbers
        guard (1...SearchExperiment.sizesMax).contains(numbers.count),
            numbers.allSatisfy({ (4...ReplicaSet.membersMax).contains($0 ?? 0) })
        else {
            throw ValidationError(
                "--sizes are 1 to \(SearchExperiment.sizesMax) numbers from 4 to \(ReplicaSet.membersMax), as in 5,9,13"
            )
        }
    }

    private var numbers: [Int?] { sizes.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) } }

    func run() async throws {
        try await options.show {
            let file = try matrix.map { try MatrixPlaces(file: $0, unit: unit ?? .oneWayMicroseconds) }
            return SearchExperiment(
                sizes: numbers.compactMap { $0 }.sorted(), rivals: rivals, seed: seed, file: file
            ).run { Console.note($0) }
        }
    }
}
