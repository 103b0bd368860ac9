// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletClient
import MartletCrypto
import MartletTypes
import Testing

@Suite(.timeLimit(.minutes(1))) struct ClusterProbeTests {
    @Test func `each member is reported, reachable or with the reason why not`() async throws {
        let group = try await FakeGroup()
        try await group.start([0, 1, 2])
        group.setManners(of: [1]) { $0.deniesAccess = true }
        group.setManners(of: [2]) { $0.isSilent = true }
        let probe = try ClusterProbe(genesis: group.genesis, key: SigningKey())
        // On a busy machine a second may not suffice for a handshake.
        var reports = await probe.run(within: .seconds(1))
        for _ in 0..<10 where reports[0].status == nil { reports = await probe.run(within: .seconds(1)) }
        #expect(reports.map(\.member.id.rawValue) == [0, 1, 2, 3])
        #expect(reports[0].status?.decided == Instance(7), "\(reports[0].answer)")
        #expect(reason(reports[1]).contains("does not serve this client"))
        #expect(reason(reports[2]) == "connected, but it does not answer")
        #expect(reason(reports[3]).contains("not connected"))
        await group.stopAll()
    }

    private func reason(_ report: MemberReport) -> String {
        if case .unreachable(let reason) = report.answer { reason } else { "" }
    }
}
