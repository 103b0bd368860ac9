// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// What snapshots there are and whether they are whole, for people. Reading them changes nothing and needs no lock; a replica
/// may go on keeping and forgetting them meanwhile.
package struct SnapshotInspection: Hashable, Sendable {
    package struct Snapshot: Hashable, Sendable {
        package let file: String
        package let fileBytes: Int
        /// As its name says.
        package let instance: Instance
        let header: SnapshotHeader?
        package let fault: SnapshotFault?

        /// What its header says; nil where that cannot be read.
        package var identity: LogIdentity? { header?.identity }
        package var digest: Digest? { header?.digest }
        package var isWhole: Bool { fault == nil }
    }

    /// By ascending instance.
    package private(set) var snapshots: [Snapshot] = []
    /// One is being written, or was when its replica stopped.
    package private(set) var hasDraft = false

    /// Of none.
    package init() {}

    /// Reads all of them, one at a time. `digest` calculates what checkpoint votes name.
    package init(
        of files: inout (some FileStore & ~Copyable), digest: (Bytes) -> Digest
    ) throws(FileError) {
        for name in try files.names() {
            if name == SnapshotFiles.draftName { hasDraft = true }
            guard let instance = SnapshotFiles.instance(in: name) else { continue }
            do {
                snapshots.append(try Self.snapshot(name, instance, in: &files, digest))
            } catch .notFound {
                // It went after the names were read.
                continue
            }
        }
    }

    private static func snapshot(
        _ name: String, _ instance: Instance, in files: inout (some FileStore & ~Copyable), _ digest: (Bytes) -> Digest
    ) throws(FileError) -> Snapshot {
        let fileBytes = try files.size(of: name)
        let first = try files.read(name, at: 0, count: SnapshotHeader.bytes)
        var header: SnapshotHeader?
        var fault: SnapshotFault?
        do throws(SnapshotFault) {
            header = try SnapshotHeader(reading: first)
        } catch {
            fault = error
        }
        if let header {
            let stateBytes = fileBytes - SnapshotHeader.bytes
            if header.instance != instance {
                fault = .otherInstance(header.instance)
            } else if header.stateBytes != stateBytes {
                fault = .size(found: stateBytes, expected: header.stateBytes)
            } else {
                let state = try files.read(name, at: SnapshotHeader.bytes, count: stateBytes)
                fault = Self.fault(of: state, header, digest)
            }
        }
        return Snapshot(file: name, fileBytes: fileBytes, instance: instance, header: header, fault: fault)
    }

    private static func fault(of state: Bytes, _ header: SnapshotHeader, _ digest: (Bytes) -> Digest) -> SnapshotFault?
    {
        guard state.count == header.stateBytes else {
            return .size(found: state.count, expected: header.stateBytes)
        }
        guard CRC32C.checksum(state) == header.stateChecksum else { return .stateChecksum }
        let found = digest(state)
        return found == header.digest ? nil : .otherDigest(found)
    }
}
