// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// Receipts (protocol §4). **Safety**: the kept replies are of the decided state alone, so nothing tentative is ever signed; and they
/// know what was executed, so that it does not matter what somebody says now to have asked for then.
extension Executor {
    /// What this replica can sign about a request; nil when it is not executed here yet, its reply is kept no longer, it gave no
    /// result, or nobody is to count on this replica now.
    package func receipt(of id: RequestID) -> ReceiptClaim? {
        guard isServing, settings.protocolVersion >= ProtocolVersions.receipts, let kept = replies.kept(id),
            case .result(let result) = kept.body
        else { return nil }
        return ReceiptClaim(request: id, view: view, provenance: kept.provenance, result: result)
    }
}
