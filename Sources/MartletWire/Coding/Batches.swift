// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

extension BatchEntry: WireCodable {
    package static var encodedBytesMin: Int { RequestID.encodedBytesMin + 32 }

    package func encode(into writer: inout Writer) {
        id.encode(into: &writer)
        writer.write(digest.words)
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(id: try RequestID(from: &reader), digest: try Digest(from: &reader))
    }
}

extension Batch: WireCodable {
    package static var encodedBytesMin: Int { 8 + 16 + 8 + 4 }
    package var encodedSizeHint: Int { Self.encodedBytesMin + entries.count * BatchEntry.encodedBytesMin }

    package func encode(into writer: inout Writer) {
        writer.reserve(encodedSizeHint)
        writer.write(instance.rawValue, born.view.rawValue, born.regency.rawValue)
        writer.write(time)
        writer.writeList(entries)
    }

    /// An empty batch carries no time.
    package init(from reader: inout Reader) throws(WireError) {
        self.init(
            instance: try reader.positive(Instance.self), born: try Epoch(from: &reader),
            time: try reader.number(Timestamp.self), entries: try reader.list(of: BatchEntry.self, Limits.batchEntries))
        guard !entries.isEmpty || time == .zero else { throw .notCanonical("an empty batch carries a time") }
    }
}

extension Propose: WireCodable {
    package static var encodedBytesMin: Int { 16 + Batch.encodedBytesMin }
    package var encodedSizeHint: Int { 16 + batch.encodedSizeHint }

    package func encode(into writer: inout Writer) {
        epoch.encode(into: &writer)
        batch.encode(into: &writer)
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(epoch: try Epoch(from: &reader), batch: try Batch(from: &reader))
    }
}

extension BatchBody: WireCodable {
    package static var encodedBytesMin: Int { Batch.encodedBytesMin + 4 }
    package var encodedSizeHint: Int {
        bodies.reduce(into: batch.encodedSizeHint + 4) { sum, body in sum += 1 + (body?.encodedSizeHint ?? 0) }
    }

    package func encode(into writer: inout Writer) {
        batch.encode(into: &writer)
        writer.writeOptionals(bodies)
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(
            batch: try Batch(from: &reader), bodies: try reader.optionals(of: Request.self, Limits.batchEntries))
        guard bodies.count == batch.entries.count else {
            throw .notCanonical("a batch of \(batch.entries.count) entries comes with \(bodies.count) bodies")
        }
    }
}
