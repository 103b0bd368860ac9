// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// Who votes again after it had lost its votes (protocol §7): a member is admitted by a view of its own asking only, the one that
/// follows the view in which it asked, and not twice within a short time.
package struct RejoinChecker: Sendable {
    private struct Question: Hashable {
        let replica: Int
        let rejoin: Rejoin
    }

    private let liars: [Int]
    private var asked: Set<Question> = []
    private var judged: Set<ViewNumber> = []
    /// How often a member was admitted again.
    package private(set) var admitted = 0

    package init(liars: [Int]) { self.liars = liars }

    package mutating func sent(_ message: PeerMessage, by replica: Int) {
        guard case .operation(let operation) = message, operation.request.kind == .rejoin,
            let rejoin = Rejoin(payload: operation.request.payload)
        else { return }
        asked.insert(Question(replica: replica, rejoin: rejoin))
    }

    /// A correct replica holds this for proved.
    package mutating func proved(_ certificate: ViewCertificate, after view: View?, at now: Instant) -> Violation? {
        guard let view, judged.insert(certificate.next.number).inserted else { return nil }
        let next = certificate.next
        let (before, after) = (view.incarnations, next.incarnations)
        let others = before.filter { !after.contains($0) && next.index(of: $0.replica) != nil }.map(\.replica)
        let new = after.filter { !before.contains($0) }
        guard !new.isEmpty || !others.isEmpty else { return nil }
        func complaint(_ text: String) -> Violation {
            Violation(.views, at: now, "view \(certificate.next.number) \(text)")
        }
        let isPromotion = new.first.map { view.index(of: $0.replica) == nil } ?? false
        guard new.count == 1, others.allSatisfy({ $0 == new[0].replica }), next.settings == view.settings,
            next.lastOperation == view.lastOperation,
            isPromotion || next.plan == view.plan && next.members == view.members
        else {
            return complaint("admits \(new), but that is not all that differs from the view before")
        }
        admitted += 1
        if let last = before.first(where: { $0.replica == new[0].replica }),
            new[0].admitted.rawValue < last.admitted.rawValue + UInt64(view.settings.rejoinMilliseconds) * 1_000
        {
            return complaint("admits member \(new[0].replica) again too soon after \(last.admitted)")
        }
        let member = new[0].replica.slot
        guard view.replica(new[0].replica) != nil else {
            return complaint("admits \(new[0].replica), who is neither member nor learner")
        }
        let rejoin = Rejoin(view: view.number, incarnation: new[0].number, versions: new[0].versions)
        guard liars.contains(member) || asked.contains(Question(replica: member, rejoin: rejoin)) else {
            return complaint(
                "admits incarnation \(new[0].number) of member \(new[0].replica), which did not ask for it")
        }
        return nil
    }
}
