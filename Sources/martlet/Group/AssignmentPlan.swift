// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Who shall lead and be heavy in the view after this one.
struct AssignmentPlan {
    private let view: View
    private var order: [ReplicaID]
    private var heavy: [ReplicaID]

    init(_ view: View) {
        self.view = view
        (order, heavy) = (view.plan.leaderOrder, view.plan.heavy)
    }

    /// As options name them: 3,1,0.
    static func ids(_ text: String, option: String) throws(CommandFailure) -> [ReplicaID] {
        guard let list = NumberList(text), list.numbers.allSatisfy({ $0 <= Int(UInt16.max) }) else {
            throw CommandFailure("\(option) takes ids of replicas, as 3,1,0; it is: \(text)")
        }
        return list.numbers.map { ReplicaID(UInt16($0)) }
    }

    /// These first, the others after them as before.
    mutating func lead(_ ids: [ReplicaID]) throws {
        try check(ids, "--leader")
        order = ids + order.filter { !ids.contains($0) }
    }

    mutating func weigh(_ ids: [ReplicaID]) throws {
        try check(ids, "--heavy")
        guard ids.count == view.quorum.heavyCount else {
            throw CommandFailure(
                "--heavy names \(ids.count) replicas, but of this group \(view.quorum.heavyCount) are heavy")
        }
        heavy = ids.sorted()
    }

    private func check(_ ids: [ReplicaID], _ option: String) throws {
        for (place, id) in ids.enumerated() {
            guard view.index(of: id) != nil else { throw CommandFailure("\(option): there is no replica \(id)") }
            guard !ids[..<place].contains(id) else { throw CommandFailure("\(option) names replica \(id) twice") }
        }
    }

    func viewPlan(isPinned: Bool) -> ViewPlan {
        var settings = view.settings
        settings.isPinned = isPinned
        return ViewPlan(heavy: heavy, leaderOrder: order, settings: settings)
    }
}
