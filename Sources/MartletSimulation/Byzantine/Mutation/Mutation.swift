// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// The smallest ways to make a message wrong.
package enum Mutation: String, Hashable, Sendable, CaseIterable {
    case plusOne = "one more"
    case minusOne = "one less"
    /// What this replica itself said there before.
    case older = "an older value"
    /// What somebody else said there.
    case anothers = "another's value"
    case other = "the other choice"
    case junk = "junk"
    case absent = "absent"
    case dropped = "an entry less"
    case duplicated = "an entry twice"
    case swapped = "two entries swapped"
}
