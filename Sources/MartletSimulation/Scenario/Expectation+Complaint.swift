// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// What can be known of an expectation before anything runs.
extension Expectation {
    /// Says why no run can ever meet it; nil when one can.
    package var complaint: String? {
        if let max, max < min { return "no count is \(min) or more and at most \(max)" }
        // Any count at all would do: what is left to complain about is the name. The report of a world in which nothing has
        // happened yet has all names.
        var idle = Scenario(seed: 1)
        idle.expectations = [Expectation(what)]
        return SimulationReport(World(idle, trace: Trace(nil))).violations.first
    }
}
