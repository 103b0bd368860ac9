// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes
import MartletWire

/// Whose log it is.
package struct LogIdentity: Hashable, Sendable, CustomStringConvertible {
    package let group: Digest
    package let replica: ReplicaID

    package init(group: Digest, replica: ReplicaID) {
        self.group = group
        self.replica = replica
    }

    package var description: String { "replica \(replica) of group \(group.hexadecimal)" }

    /// Checksums of frames go on from this one, so that nothing of another log fits.
    var checksum: UInt32 {
        var writer = Writer(capacity: 34)
        writer.write(group.words)
        writer.write(replica)
        return CRC32C.checksum(writer.finish())
    }
}
