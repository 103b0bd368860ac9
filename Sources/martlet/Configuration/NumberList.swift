// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// Numbers of members as options give them: `4,0,1`.
struct NumberList: Hashable {
    let numbers: [Int]

    /// Nil when one is none, or is negative.
    init?(_ text: String) {
        var numbers: [Int] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let number = Int(part), number >= 0 else { return nil }
            numbers.append(number)
        }
        self.numbers = numbers
    }
}
