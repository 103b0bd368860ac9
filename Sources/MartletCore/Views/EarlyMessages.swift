// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// Proposals and votes of the view that comes next, from members that have entered it already: kept until this replica
/// does, so that it need not ask for them.
package struct EarlyMessages: Sendable {
    private let ofMemberMax: Int
    private var messages: ReplicaTable<[VerifiedMessage]>

    /// Of each member a proposal and two votes for each instance that can run.
    package init(view: View) {
        ofMemberMax = 3 * view.settings.window
        messages = ReplicaTable(repeating: [], count: view.n)
    }

    package var mostOfOneMember: Int { messages.all.map(\.count).max() ?? 0 }

    /// What is beyond the limit is lost; it is sent again to whoever asks.
    package mutating func keep(_ message: VerifiedMessage, from member: ReplicaIndex) {
        if messages[member].count < ofMemberMax { messages[member].append(message) }
    }

    /// By member, each one's in the order of arrival.
    package var all: [VerifiedMessage] { messages.all.flatMap { $0 } }
}
