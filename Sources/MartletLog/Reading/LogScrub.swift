// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// A look at a log that is in use, for damage at rest.
package enum LogScrub {
    /// Reads all of it. What may only seem to be damaged, because it was being written or went, is looked at again at once, and counts
    /// when it is found again.
    package static func damages(
        pacedBy paced: inout (some FileStore & ~Copyable), again files: inout (some FileStore & ~Copyable)
    ) throws(LogError) -> [LogDamage] {
        let first = damages(in: try LogInspection(of: &paced))
        guard !first.isEmpty else { return [] }
        let second = damages(in: try LogInspection(of: &files))
        return second.filter { first.contains($0) }
    }

    private static func damages(in inspection: LogInspection) -> [LogDamage] {
        inspection.findings.compactMap { finding in
            if case .damage(let damage) = finding { damage } else { nil }
        }
    }
}
