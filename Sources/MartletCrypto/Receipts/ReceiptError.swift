// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

public import MartletTypes

/// Why a receipt shows nothing to whoever trusts that genesis.
public enum ReceiptError: Error, Hashable, Sendable, CustomStringConvertible {
    /// It does not begin as a receipt does.
    case noReceipt
    /// More bytes than any receipt may have.
    case tooLarge(bytesMax: Int)
    /// It cannot be read: cut off, altered, or of another version.
    case unreadable(String)
    /// It is another group's, whose id this is.
    case otherGroup(String)
    /// The views that it names are not proved from the genesis on.
    case unprovedViews(String)
    /// It is signed as of this view, which the views that it proves do not lead to just now.
    case unprovedView(UInt64, provedTo: UInt64)
    /// It names an instance, a sequence or a time that cannot be.
    case numberOutOfRange
    /// What it is about is no operation of a client on the service.
    case noOperation
    /// A signer does not belong to the view.
    case notMember(ReplicaID)
    /// A member is counted twice.
    case signsTwice(ReplicaID)
    /// Too few members signed.
    case tooLight(weight: Int, quorumWeight: Int)
    /// This member did not sign this.
    case wrongSignature(ReplicaID)

    public var description: String {
        switch self {
        case .noReceipt: "it is no receipt"
        case .tooLarge(let bytesMax): "it is larger than any receipt, which has at most \(bytesMax) bytes"
        case .unreadable(let reason): "it is damaged, or of another version: \(reason)"
        case .otherGroup(let id): "it is of another group, \(id)"
        case .unprovedViews(let reason): "its views are not proved by that genesis: \(reason)"
        case .unprovedView(let view, let proved):
            "it is signed by members of view \(view), but the views that it proves end with view \(proved)"
        case .numberOutOfRange: "it names an instance, a sequence or a time that cannot be"
        case .noOperation: "what it is about is no operation on the service"
        case .notMember(let replica): "replica \(replica), which is to have signed it, is no member of its view"
        case .signsTwice(let replica): "replica \(replica) is counted twice"
        case .tooLight(let weight, let quorumWeight):
            "its signers weigh \(weight), but a quorum weighs at least \(quorumWeight)"
        case .wrongSignature(let replica):
            "replica \(replica) has not signed this: the operation, the result, something else in it or the signature was altered or made up"
        }
    }
}
