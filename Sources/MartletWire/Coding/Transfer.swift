// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

extension FetchRequests: WireCodable {
    package static var encodedBytesMin: Int { 4 }
    package var encodedSizeHint: Int { 4 + entries.count * BatchEntry.encodedBytesMin }
    package func encode(into writer: inout Writer) { writer.writeList(entries) }
    package init(from reader: inout Reader) throws(WireError) {
        self.init(entries: try reader.list(of: BatchEntry.self, Limits.batchEntries))
    }
}

extension Vouches: WireCodable {
    package static var encodedBytesMin: Int { 4 }
    package var encodedSizeHint: Int { 4 + entries.count * BatchEntry.encodedBytesMin }
    package func encode(into writer: inout Writer) { writer.writeList(entries) }
    package init(from reader: inout Reader) throws(WireError) {
        self.init(entries: try reader.list(of: BatchEntry.self, Limits.batchEntries))
    }
}

extension ForwardedRequest: WireCodable {
    package static var encodedBytesMin: Int { Request.encodedBytesMin + 1 + 1 }
    package var encodedSizeHint: Int { request.encodedSizeHint + 2 + (proof?.encodedSizeHint ?? 0) }

    package func encode(into writer: inout Writer) {
        request.encode(into: &writer)
        writer.write(isVouched)
        writer.writeOptional(proof)
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(
            request: try Request(from: &reader), isVouched: try reader.bool(),
            proof: try reader.optional(RequestProof.self))
    }
}

extension FetchBatch: WireCodable {
    package static var encodedBytesMin: Int { 8 + 32 }

    package func encode(into writer: inout Writer) {
        writer.write(instance)
        writer.write(digest.words)
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(instance: try reader.positive(Instance.self), digest: try Digest(from: &reader))
    }
}

extension FetchDecisions: WireCodable {
    package static var encodedBytesMin: Int { 8 }
    package func encode(into writer: inout Writer) { writer.write(first) }
    package init(from reader: inout Reader) throws(WireError) {
        self.init(first: try reader.number(Instance.self))
    }
}

extension Decision: WireCodable {
    package static var encodedBytesMin: Int { BatchBody.encodedBytesMin + DecisionCertificate.encodedBytesMin }
    package var encodedSizeHint: Int { body.encodedSizeHint + certificate.encodedSizeHint }

    package func encode(into writer: inout Writer) {
        body.encode(into: &writer)
        certificate.encode(into: &writer)
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(body: try BatchBody(from: &reader), certificate: try DecisionCertificate(from: &reader))
    }
}

extension Decisions: WireCodable {
    package static var encodedBytesMin: Int { 4 }
    package var encodedSizeHint: Int {
        decisions.reduce(into: 4) { sum, decision in sum += decision.encodedSizeHint }
    }
    package func encode(into writer: inout Writer) { writer.writeList(decisions) }
    package init(from reader: inout Reader) throws(WireError) {
        self.init(decisions: try reader.list(of: Decision.self, Limits.decisions))
    }
}

extension FetchCheckpoint: WireCodable {
    package static var encodedBytesMin: Int { 8 }
    package func encode(into writer: inout Writer) { writer.write(instance) }
    package init(from reader: inout Reader) throws(WireError) {
        self.init(instance: try reader.number(Instance.self))
    }
}

extension Progress: WireCodable {
    package static var encodedBytesMin: Int { 16 + 1 + 1 + 8 + 8 + 1 }

    package func encode(into writer: inout Writer) {
        epoch.encode(into: &writer)
        writer.write(isSynced)
        writer.write(mode.rawValue)
        writer.write(decided.rawValue, stableCheckpoint.rawValue)
        writer.write(asksForHelp)
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(
            epoch: try Epoch(from: &reader), isSynced: try reader.bool(),
            mode: try reader.enumeration(ReplicaMode.self, "mode"), decided: try reader.number(Instance.self),
            stableCheckpoint: try reader.number(Instance.self), asksForHelp: try reader.bool())
    }
}
