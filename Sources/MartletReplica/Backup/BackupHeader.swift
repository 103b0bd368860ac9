// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletLog
import MartletTypes
import MartletWire

/// What a backup begins with: whose state it is, what proves that, and which chunks follow.
///
/// On the disk: magic, version of the format, and the header's length, the same in every version; the version of Martlet that wrote
/// it, the proof, how many chunks are the image's, how many there are, and of each its digest and length; last a checksum. The
/// chunks follow without gaps.
struct BackupHeader: Hashable, Sendable {
    struct Chunk: Hashable, Sendable {
        static let encodedBytes = 32 + 4

        let digest: Digest
        let bytes: Int
    }

    static let version: UInt32 = 1
    static let magic: UInt64 = 0x4D41_5254_424B_500A  // "MARTBKP\n"
    /// Magic, version, length.
    static let startBytes = 8 + 4 + 4
    /// Of hundreds of thousands of views of a small group, and a million chunks.
    static let bytesMax = 512 << 20

    let software: String
    let proof: CheckpointProof
    /// So many chunks, the first ones, are the image's encoding.
    let imageChunks: Int
    let chunks: [Chunk]

    /// Of all chunks.
    var stateBytes: Int { chunks.reduce(0) { $0 + $1.bytes } }

    private var manifest: CheckpointManifest {
        CheckpointManifest(imageChunks: imageChunks, bytes: stateBytes, digests: chunks.map(\.digest))
    }

    /// Throws when it does not show to whoever trusts its genesis that a quorum signed the state that consists of these chunks.
    func prove(at path: String) throws(BackupError) {
        do {
            try proof.check()
        } catch {
            throw BackupError(path, .unproved("\(error)"))
        }
        guard Hashing.digest(of: manifest) == proof.certificate.digest else {
            throw BackupError(
                path,
                .unproved("its chunks are not those that were signed after instance \(proof.certificate.instance)"))
        }
    }

    // MARK: - Bytes

    func encoded() -> Bytes {
        var body = Writer(capacity: chunks.count * Chunk.encodedBytes + 4096)
        body.writeString(software)
        proof.encode(into: &body)
        body.writeCount(imageChunks)
        body.writeCount(chunks.count)
        for chunk in chunks {
            body.write(chunk.digest.words)
            body.write(UInt32(chunk.bytes))
        }
        let encoded = body.finish()
        var writer = Writer(capacity: encoded.count + Self.startBytes + 4)
        writer.write(Self.magic)
        writer.write(Self.version)
        writer.writeCount(Self.startBytes + encoded.count + 4)
        writer.writeRaw(encoded)
        writer.write(CRC32C.checksum(writer.bytes))
        return writer.finish()
    }

    /// As `encoded`; throws where nobody could read it.
    func encodedReadably(at path: String) throws(BackupError) -> Bytes {
        guard proof.chain.count <= Limits.viewChain.max, chunks.count <= Limits.chunks.max else {
            throw BackupError(path, .tooLarge("\(proof.chain.count) views and \(chunks.count) chunks"))
        }
        let bytes = encoded()
        guard bytes.count <= Self.bytesMax else {
            throw BackupError(
                path, .tooLarge("its \(proof.chain.count) views and \(chunks.count) chunks take \(bytes.count) bytes"))
        }
        return bytes
    }

    /// How long the header is that begins with these bytes. Whether it is one of this version is known only when its checksum is right:
    /// one of which a bit has flipped is damage, and no other format.
    static func length(of start: Bytes, at path: String) throws(BackupError) -> Int {
        guard start.count == startBytes, number(start[..<8]) == magic else { throw BackupError(path, .noBackup) }
        let length = Int(number(start[12...]))
        guard (startBytes + 4...bytesMax).contains(length) else { throw BackupError(path, .damaged(unreadable)) }
        return length
    }

    /// From as many bytes as `length` says.
    init(reading bytes: Bytes, at path: String) throws(BackupError) {
        let end = bytes.count - 4
        guard end >= Self.startBytes else { throw BackupError(path, .damaged(Self.unreadable)) }
        let checksum = unsafe CRC32C.checksum(bytes.span.bytes.extracting(0..<end))
        guard Self.number(bytes[end...]) == checksum else { throw BackupError(path, .damaged(Self.unreadable)) }
        let version = UInt32(Self.number(bytes[8..<12]))
        guard version == Self.version else { throw BackupError(path, .unknownFormat(version)) }
        do throws(WireError) {
            self = try unsafe Reader.read(bytes.span.bytes.extracting(Self.startBytes..<end)) {
                (reader: inout Reader) throws(WireError) in try Self(from: &reader)
            }
        } catch {
            throw BackupError(path, .damaged("its header cannot be decoded: \(error)"))
        }
        guard imageChunks > 0, imageChunks <= chunks.count else {
            throw BackupError(path, .damaged("\(imageChunks) of \(chunks.count) chunks cannot be the image's"))
        }
    }

    private init(from reader: inout Reader) throws(WireError) {
        software = try reader.string(Limits.softwareVersionBytes)
        // No signature covers it, and it is shown to people.
        guard software.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
            throw .invalid("the version of the program that wrote it is no plain text")
        }
        proof = try CheckpointProof(from: &reader)
        imageChunks = Int(try reader.uint32())
        let count = try reader.count(Limits.chunks, elementBytesMin: Chunk.encodedBytes)
        var chunks: [Chunk] = []
        chunks.reserveCapacity(count)
        for _ in 0..<count {
            let digest = Digest(words: try reader.words32())
            let bytes = try reader.uint32()
            guard bytes > 0, bytes <= SnapshotChunks.chunkBytesMax else {
                throw .valueOutOfRange(field: "bytes", value: UInt64(bytes))
            }
            chunks.append(Chunk(digest: digest, bytes: Int(bytes)))
        }
        self.chunks = chunks
    }

    init(software: String, proof: CheckpointProof, imageChunks: Int, chunks: [Chunk]) {
        self.software = software
        self.proof = proof
        self.imageChunks = imageChunks
        self.chunks = chunks
    }

    private static let unreadable = "the checksum of its header is wrong"

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
}
