// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// From one view of the group to the next (protocol §3): the client follows the chain of proofs, told by any one replica.
extension ClientCore {
    /// Views are told before the replies that belong to them, so this is mostly no news.
    mutating func onViews(_ part: ViewChainPart, from replica: ReplicaIndex, _ effects: inout ClientEffects) {
        let before = configuration.view.number
        for certificate in part.certificates where certificate.view == configuration.view.number {
            configuration.view = certificate.next
        }
        guard configuration.view.number > before else { return }
        if part.certificates.count == ViewChainPart.certificatesMax {
            // It has led on, which no liar can have it do for ever.
            viewsAsked[replica.position] = nil
            askForViews(replica, &effects)
        }
        rule = AcceptanceRule(view: configuration.view)
        effects.notices.append(.viewBegun(configuration.view.number))
        askAgainInNewView(&effects)
    }

    /// What was answered in the view before does not count in this one.
    private mutating func askAgainInNewView(_ effects: inout ClientEffects) {
        for slot in calls.indices {
            switch calls[slot].phase {
            case .free, .waiting: break
            case .reading:
                calls[slot].forgetAnswers()
                sendRead(slot, to: links.up, &effects)
            case .ordering:
                calls[slot].forgetAnswers()
                send(slot, to: links.up, &effects)
            case .receipting:
                calls[slot].forgetAnswers()
                askForReceipt(slot, from: links.up, &effects)
            }
        }
    }

    /// Replies of one view only are counted together: of the newest one that this client knows.
    mutating func isOfThisView(
        _ number: ViewNumber, _ replica: ReplicaIndex, _ effects: inout ClientEffects
    ) -> Bool {
        if number > configuration.view.number { askForViews(replica, &effects) }
        return number == configuration.view.number
    }

    /// Not for each of a liar's words.
    mutating func askForViews(_ replica: ReplicaIndex, _ effects: inout ClientEffects) {
        if let asked = viewsAsked[replica.position], asked + configuration.retryMin > now { return }
        viewsAsked[replica.position] = now
        effects.viewFetches.append(
            ClientViewFetch(target: replica, fetch: FetchViews(after: configuration.view.number)))
    }
}
