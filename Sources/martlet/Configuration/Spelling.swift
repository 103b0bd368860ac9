// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// Guesses what a mistyped name was meant to be.
enum Spelling {
    /// Fewer letters stand in many a name.
    private static let partMin = 3

    /// The closest of the names, or the only one that has this one in it; nil when there is neither.
    static func nearest(to name: String, among names: [String]) -> String? {
        let ranked = names.map { (distance: distance(name.lowercased(), $0.lowercased()), name: $0) }
        guard let best = ranked.min(by: { $0.distance < $1.distance }) else { return nil }
        return best.distance <= max(1, name.count / 3) ? best.name : whole(of: name, among: names)
    }

    /// The only one of the names of which this one is a part.
    private static func whole(of name: String, among names: [String]) -> String? {
        let wholes = names.filter { $0.lowercased().contains(name.lowercased()) }
        return name.count >= partMin && wholes.count == 1 ? wholes[0] : nil
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
