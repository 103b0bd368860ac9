// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Logging
import MartletTypes

/// The state that a group begins with, where that is another group's (`Genesis.origin`), as a replica holds it in a backup.
struct FirstState {
    let origin: GenesisOrigin
    /// Of the backup.
    let path: String

    /// Has the service begin with it. Returns the agreed time that the group begins with. Throws when there is no backup, or it is not of
    /// the state that the genesis names, or not whole.
    func restore(_ machine: inout some StreamingStateMachine, _ logger: Logger) throws(ReplicaError) -> Timestamp {
        let (file, image) = try opened()
        logger.info(
            "the group begins with the state of group \(origin.state.group) after instance \(origin.state.instance): \(file.header.stateBytes) bytes in \(path)"
        )
        let first = file.header.imageChunks
        do {
            try machine.restore(
                all: SnapshotReader(count: file.header.chunks.count - first) { try file.chunk(first + $0) })
        } catch {
            if let failure = file.failure { throw unusable(failure) }
            throw .serviceFailed("the service cannot begin with the state in \(path): \(error)")
        }
        // A service that passed over it may have taken in anything.
        if let failure = file.failure { throw unusable(failure) }
        machine.beginAnew()
        return image.time
    }

    private func opened() throws(ReplicaError) -> (BackupFile, CheckpointImage) {
        do throws(BackupError) {
            let file = try BackupFile(path)
            let (found, image) = (try file.described().origin, try file.image())
            guard found == origin.state else {
                throw BackupError(
                    path,
                    .unproved(
                        "it holds the state \(Self.told(found)), but the group begins with \(Self.told(origin.state))"
                    ))
            }
            return (file, image)
        } catch {
            throw unusable(error)
        }
    }

    private static func told(_ state: OriginState) -> String {
        "\(state.digest) of group \(state.group) after instance \(state.instance)"
    }

    private func unusable(_ error: BackupError) -> ReplicaError {
        .homeUnusable(
            path: path,
            reason:
                "the group begins with the state of another one, of which this must be the backup: \(error.problem). Copy the file origin from another member's home"
        )
    }
}
