// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// Looks at every candidate.
package struct ExhaustiveSearch {
    private var predictor: ObjectivePredictor
    private let space: WeightAssignments
    private let preference: Preference

    init(_ model: LatencyModel, _ space: WeightAssignments, _ preference: Preference) {
        predictor = ObjectivePredictor(model)
        self.space = space
        self.preference = preference
    }

    mutating func run() -> SearchOutcome {
        var best: Candidate?
        var latencies: [Latency] = []
        for assignment in space where !space.rejected.contains(assignment) {
            let candidate = Candidate(assignment, predictor.latency(of: assignment))
            latencies.append(candidate.latency)
            if best.map({ preference.isBetter(candidate, than: $0) }) ?? true { best = candidate }
        }
        latencies.sort()
        let survey = latencies.last.map {
            SearchOutcome.Survey(median: latencies[(latencies.count - 1) / 2], worst: $0)
        }
        return SearchOutcome(method: .exhaustive, best: best, predictions: predictor.count, survey: survey)
    }

    /// All candidates, the best first.
    package static func ranking(
        _ model: LatencyModel, _ space: WeightAssignments, current: WeightAssignment? = nil, ids: [ReplicaID]
    ) -> [Candidate] {
        var predictor = ObjectivePredictor(model)
        let preference = Preference(current: current, ids: ids)
        return space.map { Candidate($0, predictor.latency(of: $0)) }.sorted { preference.isBetter($0, than: $1) }
    }
}
