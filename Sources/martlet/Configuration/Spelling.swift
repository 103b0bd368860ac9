// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// Guesses what a mistyped name was meant to be.
enum Spelling {
    /// The closest of the names; nil when none is close.
    static func nearest(to name: String, among names: [String]) -> String? {
        let ranked = names.map { (distance: distance(name.lowercased(), $0.lowercased()), name: $0) }
        guard let best = ranked.min(by: { $0.distance < $1.distance }) else { return nil }
        return best.distance <= max(1, name.count / 3) ? best.name : nil
    }

    /// How many letters must be put in, taken out or replaced (Levenshtein).
    static func distance(_ left: String, _ right: String) -> Int {
        let letters = Array(right)
        var row = Array(0...letters.count)
        for (place, letter) in left.enumerated() {
            var diagonal = row[0]
            row[0] = place + 1
            for column in letters.indices {
                let above = row[column + 1]
                row[column + 1] =
                    letters[column] == letter ? diagonal : min(diagonal, above, row[column]) + 1
                diagonal = above
            }
        }
        return row[letters.count]
    }
}
