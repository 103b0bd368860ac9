// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

extension CheckpointContents: WireCodable {
    package static var encodedBytesMin: Int { 4 + 4 }
    package var encodedSizeHint: Int { 8 + bytes + 4 * chunks.count }

    package func encode(into writer: inout Writer) {
        writer.writeCount(imageChunks)
        writer.writeCount(chunks.count)
        for chunk in chunks { writer.writeBytes(chunk) }
    }

    package init(from reader: inout Reader) throws(WireError) {
        let imageChunks = Int(try reader.uint32())
        let count = try reader.count(Limits.chunks, elementBytesMin: 4 + 1)
        guard imageChunks > 0, imageChunks <= count else {
            throw .valueOutOfRange(field: "imageChunks", value: UInt64(imageChunks))
        }
        var chunks: [Bytes] = []
        chunks.reserveCapacity(count)
        for _ in 0..<count {
            let chunk = try reader.bytes(Limits.chunkBytes)
            guard !chunk.isEmpty else { throw .valueOutOfRange(field: "chunkBytes", value: 0) }
            chunks.append(chunk)
        }
        self.init(imageChunks: imageChunks, chunks: chunks)
    }

    /// Cuts the image's encoding; the service's chunks follow as they are.
    package init(
        image: CheckpointImage, application: [Bytes], pieceBytes: Int = SnapshotChunks.pieceBytes
    ) {
        let pieces = SnapshotChunks.pieces(of: image.encoded(), pieceBytes: pieceBytes)
        self.init(imageChunks: pieces.count, chunks: pieces + application)
    }

    /// The image that the first chunks encode.
    package func image() throws(WireError) -> CheckpointImage {
        try CheckpointImage(decoding: Bytes(chunks.prefix(imageChunks).joined()))
    }
}

extension KeptReply: WireCodable {
    package static var encodedBytesMin: Int { 8 + 1 + Provenance.encodedBytesMin }

    package func encode(into writer: inout Writer) {
        writer.write(sequence)
        body.encode(into: &writer)
        provenance.encode(into: &writer)
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(
            sequence: try reader.positive(SequenceNumber.self), body: try ReplyBody(from: &reader),
            provenance: try Provenance(from: &reader))
    }
}

extension SessionRecord: WireCodable {
    package static var encodedBytesMin: Int { 12 + 32 + 8 + 4 + 8 + 4 }

    package func encode(into writer: inout Writer) {
        id.encode(into: &writer)
        client.encode(into: &writer)
        writer.write(highest)
        writer.writeCount(marks.count)
        for word in marks { writer.write(word) }
        writer.write(repliesKeptFrom)
        writer.writeList(replies)
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(
            id: try SessionID(from: &reader), client: try ClientID(from: &reader),
            highest: try reader.number(SequenceNumber.self), marks: try Self.marks(from: &reader),
            repliesKeptFrom: try reader.number(SequenceNumber.self),
            replies: try reader.list(of: KeptReply.self, Limits.keptReplies) { reply in reply.sequence })
        guard id != .none else { throw .valueOutOfRange(field: "session", value: 0) }
    }

    private static func marks(from reader: inout Reader) throws(WireError) -> [UInt64] {
        let count = try reader.count(Limits.sequenceMarks, elementBytesMin: 8)
        var marks: [UInt64] = []
        marks.reserveCapacity(count)
        for _ in 0..<count { marks.append(try reader.uint64()) }
        return marks
    }
}

extension OpeningRecord: WireCodable {
    package static var encodedBytesMin: Int { 32 + 8 + 12 }

    package func encode(into writer: inout Writer) {
        client.encode(into: &writer)
        writer.write(number)
        session.encode(into: &writer)
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(
            client: try ClientID(from: &reader), number: try reader.number(SequenceNumber.self),
            session: try SessionID(from: &reader))
    }
}

extension CheckpointImage: WireCodable {
    /// 1 kept replies without what was executed, and when; 2 did not say whom the group serves.
    private static let version: UInt8 = 3

    package static var encodedBytesMin: Int {
        1 + 8 + 8 + View.encodedBytesMin + 4 + 4 + AccessTable.encodedBytesMin + AdaptationImage.encodedBytesMin
    }
    package var encodedSizeHint: Int {
        Self.encodedBytesMin + view.encodedSizeHint + sessions.count * 256 + openings.count * 52
            + access.encodedSizeHint + adaptation.encodedSizeHint
    }

    package func encode(into writer: inout Writer) {
        writer.write(Self.version)
        writer.write(instance.rawValue, time.rawValue)
        view.encode(into: &writer)
        writer.writeList(sessions)
        writer.writeList(openings)
        access.encode(into: &writer)
        adaptation.encode(into: &writer)
    }

    package init(from reader: inout Reader) throws(WireError) {
        let version = try reader.uint8()
        guard version == Self.version else { throw .unknownVersion(version) }
        self.init(
            instance: try reader.number(Instance.self), time: try reader.number(Timestamp.self),
            view: try View(from: &reader),
            sessions: try reader.list(of: SessionRecord.self, Limits.sessions) { session in session.id },
            openings: try reader.list(of: OpeningRecord.self, Limits.openings) { opening in opening.client },
            access: try AccessTable(from: &reader), adaptation: try AdaptationImage(from: &reader))
    }
}
