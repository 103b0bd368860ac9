// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What an experiment came to, in all the forms in which it is shown.
protocol ExperimentReport {
    /// For people.
    var text: String { get }
    /// For programs.
    var json: JSONValue { get }
    var chart: Chart { get }
    /// Whether nothing happened that makes the figures worthless.
    var isSound: Bool { get }
}

extension ExperimentReport {
    var isSound: Bool { true }

    func writeChart(to file: String) throws {
        do {
            try Data(ChartDrawing(chart).svg.utf8).write(to: URL(filePath: file))
        } catch {
            throw CommandFailure("the chart \(file) cannot be written: \(FileFailure(error))")
        }
    }
}
