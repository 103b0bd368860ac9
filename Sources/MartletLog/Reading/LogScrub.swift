// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// A look at a log that is in use, for damage at rest.
package enum LogScrub {
    /// Reads all of it. What may only seem to be damaged, because it was being written or went, is looked at again at once, and counts
    /// when it is found again; so does a segment that cannot be read.
    package static func damages(in files: inout (some FileStore & ~Copyable)) throws(LogError) -> [LogDamage] {
        let first = try look(&files)
        guard !first.isEmpty else { return [] }
        return try look(&files).filter { first.contains($0) }
    }

    private static func look(_ files: inout (some FileStore & ~Copyable)) throws(LogError) -> [LogDamage] {
        do {
            return try LogInspection(of: &files).findings.compactMap { finding in
                if case .damage(let damage) = finding { damage } else { nil }
            }
        } catch .file(.readFailed(let file, let reason)) {
            // It may be named with its directory.
            let name = file.split(separator: "/").last.map(String.init) ?? file
            guard LogNames.segmentNumber(in: name) != nil else {
                throw .file(.readFailed(file: file, reason: reason))
            }
            return [LogDamage(file: name, offset: 0, missing: nil, fault: .unreadable)]
        }
    }
}
