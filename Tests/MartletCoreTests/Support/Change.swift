// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes

/// Operations of an administrator, whose signatures Admission has checked.
final class Change {
    private let group: Group
    private let client: ClientID
    private let session: SessionID
    private var sequence: UInt64 = 0

    init(_ group: Group, by client: ClientID) {
        self.group = group
        self.client = client
        session = group.openSession(client)
    }

    func plan(heavy: [Int], order: [Int], settings: GroupSettings? = nil) -> ViewPlan {
        ViewPlan(
            heavy: heavy.map { ReplicaID(UInt16($0)) }, leaderOrder: order.map { ReplicaID(UInt16($0)) },
            settings: settings ?? group.view.settings)
    }

    /// For the newest view that any replica is in.
    func request(
        heavy: [Int], order: [Int], settings: GroupSettings? = nil, isSigned: Bool = false
    ) -> AdmittedRequest {
        request(.arrange(plan(heavy: heavy, order: order, settings: settings)), isSigned: isSigned)
    }

    /// The same of any other operation.
    func request(_ operation: GroupOperation, isSigned: Bool = false) -> AdmittedRequest {
        let views = group.nodes.indices.map { group.status($0).view }
        let newest = views.max { $0.number < $1.number } ?? group.view
        return named(
            Reconfiguration(after: newest, operation, shares: [Samples.administrator]), isSigned: isSigned)
    }

    func again(_ request: AdmittedRequest) -> AdmittedRequest {
        guard case .reconfiguration(let operation) = request.request.kind else { return request }
        return named(operation, isSigned: false)
    }

    /// Where the first of them is proposed.
    func instance(in group: Group) -> Instance? {
        group.nodes[0].executions.last.map { $0.instance + 1 }
    }

    private func named(_ operation: Reconfiguration, isSigned: Bool) -> AdmittedRequest {
        sequence += 1
        let plain = Samples.admitted(
            Request(
                id: RequestID(client: client, session: session, sequence: SequenceNumber(sequence)),
                kind: .reconfiguration(operation), repliesKeptFrom: SequenceNumber(0), payload: []))
        guard isSigned else { return plain }
        return Samples.admitted(plain.request, proof: RequestProof(digests: [plain.digest], signature: .absent))
    }
}
