// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// A directory of files, flat: what the log writes to. The real one is `FileDirectory`; the simulator has its own, with
/// faults.
///
/// A write may stay in a cache until `sync`, a change of names (create, rename, remove) until `syncNames`. What was not
/// synced is there or not after a crash, each piece of it for itself, wholly or in part. One change of names is done or not,
/// never by half.
///
/// After a failed `sync` nobody knows what is durable, and a second one that succeeds says nothing about it: the system may
/// have marked as clean what it could not write.
package protocol FileStore: ~Copyable {
    /// All names, ascending. Looks anew, also at what another process has done meanwhile.
    mutating func names() throws(FileError) -> [String]
    /// In bytes.
    mutating func size(of name: String) throws(FileError) -> Int
    /// Fewer bytes than asked for only where the file ends.
    mutating func read(_ name: String, at offset: Int, count: Int) throws(FileError) -> Bytes
    /// An empty file under a name that was free.
    mutating func create(_ name: String) throws(FileError)
    /// What lies between the present end and the offset becomes zeros. After an error a part may have been written.
    mutating func write(_ bytes: Bytes, to name: String, at offset: Int) throws(FileError)
    /// Returns when all that was written to the file is durable, its size too; its name may not be.
    mutating func sync(_ name: String) throws(FileError)
    /// Replaces nothing: the new name is free.
    mutating func rename(_ name: String, to newName: String) throws(FileError)
    /// What was called so is gone in the same step, where the files can do that; else a crash may find neither.
    mutating func replace(_ name: String, with draft: String) throws(FileError)
    mutating func remove(_ name: String) throws(FileError)
    /// Returns when all changes of names are durable.
    mutating func syncNames() throws(FileError)
    /// What is read of the file next comes from the disk itself, where that can be asked for.
    mutating func forgetCached(_ name: String)
}

extension FileStore where Self: ~Copyable {
    package mutating func forgetCached(_ name: String) {}

    package mutating func replace(_ name: String, with draft: String) throws(FileError) {
        if try names().contains(name) { try remove(name) }
        try rename(draft, to: name)
    }
}
