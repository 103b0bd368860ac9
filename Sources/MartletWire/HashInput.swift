// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// What is hashed. Its bytes begin with the kind, so that a digest of one kind is never one of another.
package enum HashInput: Hashable, Sendable {
    /// All of it: client, session, sequence, kind, kept replies, payload.
    case request(Request, group: Digest)
    /// Everything that execution sees, and the epoch of birth (protocol §5).
    case batch(Batch, group: Digest)
    /// The group's id.
    case genesis(Genesis)
    case view(View)
    /// A checkpoint's chunk.
    case chunk(Bytes)
    /// An inner node of the Merkle tree over a checkpoint's chunks.
    case node(Digest, Digest)
    /// What checkpoint votes name: the tree's root, and all else that a manifest says.
    case manifest(root: Digest, imageChunks: Int, chunks: Int, bytes: Int)
    /// What an operation gave, for a receipt.
    case result(Bytes)

    package var bytes: Bytes {
        var writer = Writer()
        write(into: &writer)
        return writer.finish()
    }

    /// Appends the bytes to be hashed, for whoever keeps a writer.
    package func write(into writer: inout Writer) {
        writer.writeConstant(purpose)
        switch self {
        case .request(let request, let group):
            writer.reserve(32 + request.encodedSizeHint)
            group.encode(into: &writer)
            request.encode(into: &writer)
        case .batch(let batch, let group):
            group.encode(into: &writer)
            batch.encode(into: &writer)
        case .genesis(let genesis): genesis.encode(into: &writer)
        case .view(let view): view.encode(into: &writer)
        case .chunk(let bytes): writer.writeRaw(bytes)
        case .node(let left, let right):
            left.encode(into: &writer)
            right.encode(into: &writer)
        case .manifest(let root, let imageChunks, let chunks, let bytes):
            root.encode(into: &writer)
            writer.write(UInt64(imageChunks), UInt64(chunks), UInt64(bytes))
        case .result(let bytes):
            writer.reserve(bytes.count)
            writer.writeRaw(bytes)
        }
    }

    /// What stands before the bytes of a chunk, for whoever hashes them without copying them.
    package static var chunkPrefix: Bytes { HashInput.chunk([]).bytes }

    private var purpose: StaticString {
        switch self {
        case .request: "martlet/v1/request"
        case .batch: "martlet/v1/batch"
        case .genesis: "martlet/v1/genesis"
        case .view: "martlet/v1/view"
        case .chunk: "martlet/v1/chunk"
        case .node: "martlet/v1/node"
        case .manifest: "martlet/v1/manifest"
        case .result: "martlet/v1/result"
        }
    }
}
