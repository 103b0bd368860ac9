// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// From one view of the group to the next (protocol §3): the client follows the chain of proofs, told by any one replica
/// that it has a link to. Members, their places, f and the fault model may be others then.
extension ClientCore {
    /// Views are told before the replies that belong to them, so this is mostly no news.
    mutating func onViews(_ part: ViewChainPart, from id: ReplicaID, _ effects: inout ClientEffects) {
        var newest = configuration.view
        for certificate in part.certificates where certificate.view == newest.number { newest = certificate.next }
        guard newest.number > configuration.view.number else { return }
        begin(newest, &effects)
        if part.certificates.count == ViewChainPart.certificatesMax {
            links.mayBeAskedAtOnce(id)
            askForViews(id, &effects)
        }
        letFormerMembersGo(&effects)
        effects.notices.append(.viewBegun(newest.number))
        askAgainInNewView(&effects)
    }

    /// Whatever is kept by position moves along. Tallies need not: they are begun anew.
    private mutating func begin(_ view: View, _ effects: inout ClientEffects) {
        let audience = links.audience
        let moves = links.follow(view, at: now)
        configuration.view = view
        rule = AcceptanceRule(view: view)
        memberIDs = view.members.map(\.id)
        signing.move(moves)
        effects.move(moves)
        // Weights are no concern of links.
        if !audience.elementsEqual(links.audience, by: { $0.weighted(isHeavy: false) == $1.weighted(isHeavy: false) }) {
            effects.audience = links.audience
        }
    }

    /// What was answered in the view before does not count in this one. New members are sent it when their links are up.
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
        if number > configuration.view.number { askForViews(memberIDs[replica.position], &effects) }
        return number == configuration.view.number
    }

    /// Not for each of a liar's words.
    mutating func askForViews(_ id: ReplicaID, _ effects: inout ClientEffects) {
        guard links.mayAskForViews(id, at: now, pause: configuration.retryMin) else { return }
        effects.viewFetches.append(ClientViewFetch(target: id, fetch: FetchViews(after: configuration.view.number)))
    }
}
