// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// Whether a run showed what its scenario is for.
extension Expectation {
    /// Says what is missing or too much; nil when the count is as expected. `counts` is what a report counts, by name.
    func complaint(about counts: [(name: String, count: Int)]) -> String? {
        guard let count = counts.first(where: { $0.name == what })?.count else {
            return "expectation: nothing is counted under the name '\(what)'"
        }
        guard count < min || count > (max ?? .max) else { return nil }
        let bound = max.map { $0 == min ? "\(min)" : "\(min) to \($0)" } ?? "\(min) or more"
        return "expectation: '\(what)' occurred \(count) times, expected \(bound)"
    }
}
