// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletOptimizer
import MartletTypes

/// What came of running every configuration.
struct ConfigurationsReport: ExperimentReport, Sendable {
    struct Row: Sendable {
        let assignment: WeightAssignment
        /// Of consensus, as adaptation §4 has it.
        let predicted: Latency
        /// Of an instance that waits for no other.
        let first: Latency
        let consensus: LatencySample
        /// By client, in a group without unordered reads: f+1 replies are enough.
        let writes: [LatencySample]
        let predictedWrites: [Latency]
        /// In a group with unordered reads: replies of a quorum are needed.
        let writesBesideReads: [LatencySample]
        let predictedBesideReads: [Latency]
        /// The same with tentative execution: replies of a quorum, before the decision.
        let tentativeWrites: [LatencySample]
        let predictedTentative: [Latency]
        let reads: [LatencySample]
        let predictedReads: [Latency]
        let leaderChanges: Int
        let violations: [String]
    }

    let names: [String]
    let clientNames: [String]
    /// The lowest prediction first.
    let rows: [Row]

    var isSound: Bool { rows.allSatisfy { $0.violations.isEmpty && $0.leaderChanges == 0 && $0.isMeasured } }
}

extension ConfigurationsReport.Row {
    var isMeasured: Bool {
        consensus.count > 0 && (writes + writesBesideReads + tentativeWrites + reads).allSatisfy { $0.count > 0 }
    }

    /// The mean over all places of the mean of the 11th to the 90th percentile; nil where a place has none.
    static func overall(_ samples: [LatencySample]) -> Double? {
        let means = samples.compactMap(\.middleMean)
        return means.isEmpty || means.count < samples.count ? nil : means.reduce(0, +) / Double(means.count)
    }

    static func overall(_ predictions: [Latency]) -> Double {
        predictions.reduce(0) { $0 + Double($1.rawValue) } / Double(predictions.count)
    }

    /// How far what was measured lies from the prediction, in percent of what was measured.
    var error: Double? {
        consensus.middleMean.map { (Double(predicted.rawValue) - $0) * 100 / $0 }
    }
}

/// All rows together.
extension ConfigurationsReport {
    var errors: [Double] { rows.compactMap { $0.error.map(abs) } }

    /// Of predicted consensus and measured client latency (Pearson's r).
    var correlation: Double? { correlation { Double($0.predicted.rawValue) } }

    /// Of what is predicted for clients and what they wait.
    var clientCorrelation: Double? { correlation { Row.overall($0.predictedWrites) } }

    private func correlation(_ prediction: (Row) -> Double) -> Double? {
        let pairs = rows.compactMap { row in Row.overall(row.writes).map { (prediction(row), $0) } }
        guard pairs.count > 1 else { return nil }
        let meanX = pairs.reduce(0) { $0 + $1.0 } / Double(pairs.count)
        let meanY = pairs.reduce(0) { $0 + $1.1 } / Double(pairs.count)
        var (xx, yy, xy) = (0.0, 0.0, 0.0)
        for (x, y) in pairs {
            xx += (x - meanX) * (x - meanX)
            yy += (y - meanY) * (y - meanY)
            xy += (x - meanX) * (y - meanY)
        }
        return xx > 0 && yy > 0 ? xy / (xx * yy).squareRoot() : nil
    }

    /// Whether these are the links that AWARE's published figures are of: its prediction for the best of 20 says so.
    var isPublished: Bool {
        rows.count == 20 && names.count == 5 && rows.first?.predicted == Latency(143_520)
            && rows.contains { name($0) == "⟨2,1⟩" && $0.predicted == Latency(267_314) }
    }

    func name(_ row: Row) -> String {
        let heavy = row.assignment.heavy.filter { $0 != row.assignment.leader }.map { "\($0.position)" }
        return "⟨" + (["\(row.assignment.leader.position)"] + heavy).joined(separator: ",") + "⟩"
    }
}
