// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// Proposals and votes of the view that comes next, from members that have entered it already: kept until this replica
/// does, so that it need not ask for them.
package struct EarlyMessages: Sendable {
    private struct Share: Sendable {
        var messages: [VerifiedMessage] = []
        /// The instances of its proposals, one for each.
        var proposed: [Instance] = []
        var entries = 0
    }

    private let messagesMax: Int
    private let reach: Int
    private let entriesMax: Int
    private var shares: ReplicaTable<Share>

    /// Of each member a proposal and two votes for each instance that can run, and as many entries as those can list that
    /// run at once; by the settings of the view before, since the next one's are not proved yet.
    package init(view: View, peers: Int) {
        messagesMax = 3 * view.settings.window
        reach = 2 * view.settings.window
        entriesMax = view.settings.window * view.batchEntriesMax
        shares = ReplicaTable(repeating: Share(), count: peers)
    }

    package mutating func follow(_ move: PeerMove) { shares.follow(move, fresh: Share()) }

    package var mostOfOneMember: Int { shares.all.map(\.messages.count).max() ?? 0 }

    package var mostEntriesOfOneMember: Int { shares.all.map(\.entries).max() ?? 0 }

    /// What is beyond the limits is lost; it is sent again to whoever asks. `decided`: the end of this replica's run of
    /// decisions.
    package mutating func keep(_ message: VerifiedMessage, from member: ReplicaIndex, decided: Instance) {
        guard shares[member].messages.count < messagesMax else { return }
        if case .propose(let proposal) = message {
            let batch = proposal.message.batch
            guard batch.instance > decided, batch.instance <= decided + reach,
                !shares[member].proposed.contains(batch.instance),
                batch.entries.count <= entriesMax - shares[member].entries
            else { return }
            shares[member].proposed.append(batch.instance)
            shares[member].entries += batch.entries.count
        }
        shares[member].messages.append(message)
    }

    /// By member, each one's in the order of arrival.
    package var all: [VerifiedMessage] { shares.all.flatMap(\.messages) }
}
