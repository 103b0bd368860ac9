// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

public import MartletTypes
import MartletWire

/// How a receipt is judged offline, by somebody who trusts nothing but the genesis (protocol §4).
extension Receipt {
    /// Throws when it shows nothing. **Safety**: of members that weigh a quorum one at least is correct, and a correct member signs
    /// only what it has executed finally; so f liars cannot make one up, nor alter one.
    public func checked(against genesis: Genesis) throws(ReceiptError) -> CheckedReceipt {
        let id = Hashing.group(of: genesis)
        guard group == id else { throw .otherGroup(group.hexadecimal) }
        try checkWhatItIsAbout()
        let verifier = Verifier(view: try firstView(of: genesis), scheme: Ed25519Scheme(), rememberedSignaturesMax: 0)
        try prove(viewsBy: verifier)
        return try checkSignatures(by: verifier)
    }

    private func checkWhatItIsAbout() throws(ReceiptError) {
        switch request.kind {
        case .operation, .orderedRead: break
        case .open, .reconfiguration, .measure, .rejoin: throw .noOperation
        }
        let numbers = [
            view.rawValue, instance.rawValue, time.rawValue, request.id.sequence.rawValue,
            request.id.session.instance.rawValue,
        ]
        guard numbers.allSatisfy({ VerifierLimits.isInRange($0, from: 0) }), instance > .zero else {
            throw .numberOutOfRange
        }
    }

    private func firstView(of genesis: Genesis) throws(ReceiptError) -> View {
        do {
            return try genesis.firstView(group: group)
        } catch {
            throw .unprovedViews("no group can be founded on it: \(error)")
        }
    }

    /// Each by the one before, and none beyond the one whose members signed: what is not needed is not looked at.
    private func prove(viewsBy verifier: Verifier<Ed25519Scheme>) throws(ReceiptError) {
        let proved = verifier.view.number.rawValue + UInt64(chain.count)
        guard view.rawValue == proved else { throw .unprovedView(view.rawValue, provedTo: proved) }
        var rest = chain[...]
        while !rest.isEmpty {
            do {
                let part = ViewChainPart(certificates: Array(rest.prefix(ViewChainPart.certificatesMax)))
                _ = try verifier.checked(part)
            } catch {
                throw .unprovedViews("\(error)")
            }
            rest = rest.dropFirst(ViewChainPart.certificatesMax)
        }
        // One that stands there twice proves nothing more.
        let newest = verifier.view.number
        guard newest == view else { throw .unprovedView(view.rawValue, provedTo: newest.rawValue) }
    }

    /// Weighs first: what is too light costs no signature.
    private func checkSignatures(by verifier: Verifier<Ed25519Scheme>) throws(ReceiptError) -> CheckedReceipt {
        let view = verifier.view
        var voters = ReplicaSet()
        for share in shares {
            guard let index = view.index(of: share.replica) else { throw .notMember(share.replica) }
            guard voters.insert(index) else { throw .signsTwice(share.replica) }
        }
        let (weight, quorumWeight) = (view.weight(of: voters), view.quorum.quorumWeight)
        guard weight >= quorumWeight else {
            throw .tooLight(weight: Int(weight.rawValue), quorumWeight: Int(quorumWeight.rawValue))
        }
        let statement = Statement.receipt(statement)
        for share in shares where !verifier.isValid(share.signature, of: statement, by: share.replica, in: view) {
            throw .wrongSignature(share.replica)
        }
        return CheckedReceipt(
            receipt: self, view: view, signers: shares.map(\.replica), weight: Int(weight.rawValue),
            quorumWeight: Int(quorumWeight.rawValue))
    }

    /// What its signers are to have signed: the digests are of what is in it.
    private var statement: ReceiptStatement {
        ReceiptStatement(
            view: view,
            provenance: Provenance(
                request: Hashing.digest(of: request, group: group), instance: instance, time: time),
            result: Hashing.digest(ofResult: result))
    }
}
