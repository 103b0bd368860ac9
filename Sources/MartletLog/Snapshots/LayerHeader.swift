// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import MartletWire

/// What a layer begins with; chunks follow, without gaps, of which only manifests know where each begins.
struct LayerHeader: Hashable, Sendable {
    static let magic: UInt64 = 0x4D41_5254_4C41_590A  // "MARTLAY\n"
    static let bytes = SnapshotFormat.commonBytes + 34 + 8 + 4

    let identity: LogIdentity
    let number: LayerNumber

    init(identity: LogIdentity, number: LayerNumber) {
        self.identity = identity
        self.number = number
    }

    func encoded() -> Bytes {
        SnapshotFormat.header(Self.magic, bytes: Self.bytes) { writer in
            writer.write(identity.group.words)
            writer.write(identity.replica)
            writer.write(number)
        }
    }

    /// From a file's first bytes, or why they are no header.
    init(reading bytes: Bytes) throws(SnapshotFault) {
        self = try SnapshotFormat.read(bytes, Self.magic, headerBytes: Self.bytes) {
            (reader: inout Reader) throws(WireError) in
            let group = Digest(words: try reader.words32())
            return Self(
                identity: LogIdentity(group: group, replica: try reader.number(ReplicaID.self)),
                number: try reader.positive(LayerNumber.self))
        }
    }
}
