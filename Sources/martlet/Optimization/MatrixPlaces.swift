// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletOptimizer
import MartletSimulation
import MartletTypes

/// A file of latencies, and the places that replicas and clients are put at.
struct MatrixPlaces {
    private let file: String
    /// As in the file; what a place is to itself counts as nothing.
    let matrix: LatencyMatrix

    init(file: String, unit: LatencyUnit) throws {
        self.file = file
        matrix = try MatrixPart.matrix(file: file, unit: unit.unit, ignoringDiagonal: true)
    }

    func name(_ place: Int) -> String { matrix.regions[place] }

    /// The named places, as A,B,C; all of them when none are named.
    func places(named names: String?, option: String) throws -> [Int] {
        guard let names else { return Array(matrix.regions.indices) }
        var places: [Int] = []
        for name in names.split(separator: ",", omittingEmptySubsequences: false) {
            let name = String(name.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
            guard let place = matrix.region(named: name) else {
                let guess = Spelling.nearest(to: name, among: matrix.regions).map { "did you mean '\($0)'?" }
                let first = matrix.regions.prefix(3).joined(separator: ", ")
                throw CommandFailure(
                    "\(option): '\(name)' is no place of \(file); \(guess ?? "its first line names \(first) and so on")"
                )
            }
            guard !places.contains(place) else {
                throw CommandFailure("\(option): '\(name)' is named twice; name each place once")
            }
            places.append(place)
        }
        return places
    }

    /// One way in whole microseconds, halves rounded up; of the two directions the slower (adaptation §3).
    func links(between places: [Int]) -> LinkLatencies {
        LinkLatencies(sanitizing: places.map { from in places.map { latency(from, $0) } })
    }

    /// One client at each of these places, as far from a replica as a replica at the client's place would be.
    func clients(at places: [Int], of replicas: [Int]) -> [ClientPlace] {
        places.map { place in
            let latencies = replicas.map { $0 == place ? .zero : max(latency(place, $0), latency($0, place)) }
            return ClientPlace(toReplicas: latencies, fromReplicas: latencies)
        }
    }

    private func latency(_ from: Int, _ to: Int) -> Latency {
        Latency((matrix.delay(from: from, to: to).nanoseconds + 500) / 1_000)
    }
}
