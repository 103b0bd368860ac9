// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTypes

/// What leads from one view of a group to the next.
extension TestGroup {
    private init(keys: [SigningKey], view: View) {
        self.keys = keys
        self.view = view
    }

    /// The same members with the same keys in the view that follows, where these are heavy.
    func following(heavy: [UInt16], batchRequestsMax: Int? = nil) throws -> TestGroup {
        var settings = view.settings
        if let batchRequestsMax { settings.batchRequestsMax = batchRequestsMax }
        let plan = ViewPlan(
            heavy: heavy.map { ReplicaID($0) }, leaderOrder: view.plan.leaderOrder, settings: settings)
        return TestGroup(keys: keys, view: try view.successor(plan))
    }

    func install(_ replica: Int, last: UInt64, next: View, of number: ViewNumber? = nil) -> Install {
        let install = Install(view: number ?? view.number, last: Instance(last), next: next)
        guard case .install(let sealed) = sealer(replica).seal(.install(install)) else { preconditionFailure() }
        return sealed
    }

    /// Members' word that `next` follows this view.
    func shares(for next: View, last: UInt64, by signers: [Int]) -> [SignatureShare] {
        signers.map {
            SignatureShare(
                replica: ReplicaID(UInt16($0)), signature: install($0, last: last, next: next).signature)
        }
    }

    func proof(of next: View, last: UInt64, by signers: [Int] = [0, 1, 2]) -> ViewCertificate {
        ViewCertificate(
            view: view.number, last: Instance(last), next: next, shares: shares(for: next, last: last, by: signers))
    }
}
