// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// A snapshot that is read beside the replica that it belongs to, without changing anything. All layers that it needs are open from
/// the beginning, so that it stays readable to its end, though the replica may go on and remove them.
package final class HeldSnapshot {
    package enum Failure: Error, Hashable, Sendable {
        /// `.notFound` where the replica has gone on and removed it meanwhile, or has not written it yet.
        case file(FileError)
        /// What is in the file is not what was written there, in words.
        case damaged(file: String, String)
    }

    package let stored: StoredSnapshot
    private var files: FileDirectory

    /// `path`: of the replica's directory of snapshots.
    package init(after instance: Instance, at path: String) throws(Failure) {
        let name = SnapshotNames.snapshot(instance)
        let found: Result<StoredSnapshot, SnapshotFault>
        do throws(FileError) {
            files = try FileDirectory(at: path, .reading, openFilesMax: .max)
            found = try SnapshotFiles.snapshot(name, instance, in: &files)
        } catch {
            throw .file(error)
        }
        do throws(SnapshotFault) {
            stored = try found.get()
        } catch {
            throw .damaged(file: "\(path)/\(name)", "\(error)")
        }
        do throws(FileError) {
            var open = Set<LayerNumber>()
            for chunk in stored.chunks where open.insert(chunk.place.layer).inserted {
                _ = try files.size(of: SnapshotNames.layer(chunk.place.layer))
            }
        } catch {
            throw .file(error)
        }
    }

    /// By its position in the manifest. Only the checksum is looked at.
    package func chunk(_ position: Int) throws(Failure) -> Bytes {
        let place = stored.chunks[position].place
        let name = SnapshotNames.layer(place.layer)
        let bytes: Bytes
        do throws(FileError) {
            bytes = try files.read(name, at: place.offset, count: place.bytes)
        } catch {
            throw .file(error)
        }
        guard place.fits(bytes) else {
            let fault = bytes.count < place.bytes ? ChunkFault.cutOff : .checksum
            throw .damaged(file: "\(files.path)/\(name)", "at byte \(place.offset) \(fault)")
        }
        return bytes
    }
}
