// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// Each planted fault (`Tests/Mutants`) still fits the sources that it changes: what a patch takes away or leaves stands
/// in its file, once.
enum PatchRule {
    static func findings(in tree: SourceTree) -> [Finding] {
        tree.files.filter { $0.path.hasSuffix(".patch") }.flatMap { patch in
            var place = Place()
            var findings: [Finding] = []
            for line in patch.lines + [(patch.lines.count + 1, "@@")] {
                if let complaint = place.take(line.text, in: tree) {
                    findings.append(Finding(patch, line.number, complaint))
                }
            }
            return place.hunks == 0 ? [Finding(patch, 0, "it changes nothing")] : findings
        }
    }

    /// Where in a patch its reader stands.
    private struct Place {
        private(set) var hunks = 0
        private var path = ""
        /// The file's lines as the hunk expects them; nil between hunks.
        private var expected: [Substring]?

        /// A complaint about the hunk that ends before this line.
        mutating func take(_ line: Substring, in tree: SourceTree) -> String? {
            let begins = ["@@", "diff ", "--- "].contains { line.hasPrefix($0) }
            let complaint = begins ? endHunk(in: tree) : nil
            if line.hasPrefix("--- a/") {
                path = String(line.dropFirst("--- a/".count))
            } else if line.hasPrefix("@@") {
                expected = []
            } else if line.hasPrefix(" ") || line.hasPrefix("-") {
                expected?.append(line.dropFirst())
            }
            return complaint
        }

        private mutating func endHunk(in tree: SourceTree) -> String? {
            guard let lines = expected else { return nil }
            expected = nil
            hunks += 1
            guard let file = tree.files.first(where: { $0.path == path }) else { return "there is no \(path)" }
            let count = file.text.ranges(of: lines.joined(separator: "\n") + "\n").count
            return count == 1 ? nil : "what it expects stands \(count) times in \(path)"
        }
    }
}
