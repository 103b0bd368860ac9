// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

extension Stop: WireCodable {
    package static var encodedBytesMin: Int { 8 + 8 + 1 }

    package func encode(into writer: inout Writer) {
        writer.write(view.rawValue, regency.rawValue)
        writer.write(reason.rawValue)
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(
            view: try reader.positive(ViewNumber.self), regency: try reader.positive(Regency.self),
            reason: try reader.enumeration(StopReason.self, "reason of a STOP"))
    }
}

extension RegencyDigest: WireCodable {
    package static var encodedBytesMin: Int { 8 + 32 }

    package func encode(into writer: inout Writer) {
        writer.write(regency)
        writer.write(digest.words)
    }

    /// 0 is no regency: what was not locked is left out, never written as 0.
    package init(from reader: inout Reader) throws(WireError) {
        self.init(regency: try reader.positive(Regency.self), digest: try Digest(from: &reader))
    }
}

extension InstanceClaim: WireCodable {
    package static var encodedBytesMin: Int { 8 + 1 + 4 }

    package func encode(into writer: inout Writer) {
        writer.write(instance)
        writer.writeOptional(lock)
        writer.writeList(writeSet)
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(
            instance: try reader.positive(Instance.self), lock: try reader.optional(RegencyDigest.self),
            writeSet: try reader.list(of: RegencyDigest.self, Limits.writeSet) { vote in vote.digest })
    }
}

extension StopData: WireCodable {
    package static var encodedBytesMin: Int { 16 + 2 + 1 + 1 + 4 + 64 }
    package var encodedSizeHint: Int {
        Self.encodedBytesMin + (base?.encodedSizeHint ?? 0) + (checkpoint?.encodedSizeHint ?? 0) + claims.count * 93
    }

    package func encode(into writer: inout Writer) {
        encodeUnsigned(into: &writer)
        signature.encode(into: &writer)
    }

    /// All but the signature, which covers it.
    func encodeUnsigned(into writer: inout Writer) {
        epoch.encode(into: &writer)
        writer.write(sender)
        writer.writeOptional(base)
        writer.writeOptional(checkpoint)
        writer.writeList(claims)
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(
            epoch: try Epoch(from: &reader), sender: try reader.number(ReplicaID.self),
            base: try reader.optional(DecisionCertificate.self),
            checkpoint: try reader.optional(CheckpointCertificate.self),
            claims: try reader.list(of: InstanceClaim.self, Limits.claims) { claim in claim.instance },
            signature: try Signature(from: &reader))
    }
}

extension Sync: WireCodable {
    package static var encodedBytesMin: Int { 16 + 4 + 64 }
    package var encodedSizeHint: Int {
        collected.reduce(into: Self.encodedBytesMin) { sum, data in sum += data.encodedSizeHint }
    }

    package func encode(into writer: inout Writer) {
        encodeUnsigned(into: &writer)
        signature.encode(into: &writer)
    }

    /// All but the signature, which covers it.
    func encodeUnsigned(into writer: inout Writer) {
        epoch.encode(into: &writer)
        writer.writeList(collected)
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(
            epoch: try Epoch(from: &reader), collected: try reader.list(of: StopData.self, Limits.collected),
            signature: try Signature(from: &reader))
    }
}
