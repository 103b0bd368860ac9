// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// Why a file is not the whole snapshot that its name says.
package enum SnapshotFault: Error, Hashable, Sendable {
    /// The file does not begin as a snapshot does.
    case noHeader
    case headerChecksum
    /// Of a newer program.
    case unknownFormat(version: UInt32)
    case otherInstance(Instance)
    /// Shorter or longer than its header says; in bytes of the state.
    case size(found: Int, expected: Int)
    case stateChecksum
    /// The state is as it was written, yet not the one that its header names.
    case otherDigest(Digest)
}

extension SnapshotFault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .noHeader: "it does not begin as a snapshot does"
        case .headerChecksum: "the checksum of its header is wrong"
        case .unknownFormat(let version): "it has the format \(version), which this program does not know"
        case .otherInstance(let instance): "its header is that of the snapshot after instance \(instance)"
        case .size(let found, let expected): "it holds \(found) bytes of a state of \(expected)"
        case .stateChecksum: "the checksum of its state is wrong"
        case .otherDigest(let digest):
            "its state has the digest \(digest.hexadecimal), which is not the one in its header"
        }
    }
}
