// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTypes
import MartletWire

/// What a backup is made of, chunk by chunk, wherever it lies.
protocol BackupContent: AnyObject {
    /// For people.
    var path: String { get }
    /// Proved.
    var header: BackupHeader { get }
    /// By its position; it has the digest that the header says.
    func chunk(_ position: Int) throws(BackupError) -> Bytes
}

extension BackupContent {
    /// What is known of the group's own state.
    func image() throws(BackupError) -> CheckpointImage {
        var bytes: Bytes = []
        for position in 0..<header.imageChunks { bytes += try chunk(position) }
        let instance = header.proof.certificate.instance
        do throws(WireError) {
            let image = try CheckpointImage(decoding: bytes)
            guard image.instance == instance else {
                throw WireError.invalid("it is the state after instance \(image.instance), not \(instance)")
            }
            // The group that begins with it adds to the time.
            guard VerifierLimits.isInRange(image.time.rawValue, from: 0) else {
                throw WireError.valueOutOfRange(field: "time", value: image.time.rawValue)
            }
            return image
        } catch {
            throw BackupError(path, .unproved("what was signed is no state: \(error)"))
        }
    }

    func described() throws(BackupError) -> Backup {
        let image = try image()
        return Backup(header, time: image.time, access: image.access)
    }

    /// Reads all of it.
    func readThrough(_ progress: (BackupProgress) -> Void) throws(BackupError) {
        var done = BackupProgress(bytes: header.stateBytes)
        for position in header.chunks.indices {
            done.bytesDone += try chunk(position).count
            progress(done)
        }
    }

    func check(_ chunk: Bytes, isThatAt position: Int, _ where: String) throws(BackupError) {
        guard Hashing.digest(ofChunk: chunk) == header.chunks[position].digest else {
            throw BackupError(path, .damaged("chunk \(position), \(`where`), is not the one that was signed"))
        }
    }
}
