// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes
package import MartletWire

/// Why a file is not the manifest or the layer that its name says.
package enum SnapshotFault: Error, Hashable, Sendable {
    /// The file does not begin as it should.
    case noHeader
    case headerChecksum
    /// Of an older or a newer program.
    case unknownFormat(version: UInt32)
    case otherInstance(Instance)
    case otherLayer(LayerNumber)
    /// Shorter or longer than its header says; in bytes of the list of chunks.
    case size(found: Int, expected: Int)
    case listChecksum
    /// As it was written, yet no list of chunks: written by something else than this program.
    case undecodable(WireError)
    /// The chunks are as they were written, yet not of the state that the header names.
    case otherDigest(Digest)
    case missing
}

extension SnapshotFault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .noHeader: "it does not begin as it should"
        case .headerChecksum: "the checksum of its header is wrong"
        case .unknownFormat(let version): "it has the format \(version), which this program does not know"
        case .otherInstance(let instance): "its header is that of the snapshot after instance \(instance)"
        case .otherLayer(let number): "its header is that of layer \(number)"
        case .size(let found, let expected): "it holds \(found) bytes of a list of \(expected)"
        case .listChecksum: "the checksum of its list of chunks is wrong"
        case .undecodable(let error): "its list of chunks cannot be decoded: \(error)"
        case .otherDigest(let digest):
            "its state has the digest \(digest.hexadecimal), which is not the one in its header"
        case .missing: "the file is gone"
        }
    }
}

/// Why a chunk is not where a manifest says that it is.
package enum ChunkFault: Hashable, Sendable {
    /// The layer's file ends before the chunk does.
    case cutOff
    case checksum
    /// As it was written, yet not the one that the manifest names.
    case otherDigest
}

extension ChunkFault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .cutOff: "the file ends inside a chunk"
        case .checksum: "the checksum of a chunk is wrong"
        case .otherDigest: "a chunk is not the one that a snapshot's list names"
        }
    }
}
