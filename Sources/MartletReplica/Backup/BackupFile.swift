// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletLog
import MartletTypes

/// A backup as it lies in a file. Lengths are believed only as far as the file goes.
final class BackupFile: BackupContent {
    let path: String
    let header: BackupHeader
    /// Why a chunk could not be read. A service that is restored from them may throw another error for it.
    private(set) var failure: BackupError?
    private let name: String
    /// Where each chunk begins.
    private let offsets: [Int]
    private var files: FileDirectory

    /// Reads and proves the header. With a genesis it must be that of the group.
    init(_ path: String, of genesis: Genesis? = nil) throws(BackupError) {
        let place = FilePlace(path)
        self.path = path
        name = place.name
        files = try BackupError.wrapping(path) { () throws(FileError) in
            try FileDirectory(at: place.directory, .reading)
        }
        let (header, headerBytes) = try Self.header(place, in: &files)
        self.header = header
        var offset = headerBytes
        var offsets: [Int] = []
        offsets.reserveCapacity(header.chunks.count)
        for chunk in header.chunks {
            offsets.append(offset)
            offset += chunk.bytes
        }
        self.offsets = offsets
        let size = try BackupError.wrapping(path) { () throws(FileError) in try files.size(of: place.name) }
        guard size >= offset else {
            throw BackupError(path, .damaged("\(size) of its \(offset) bytes are there: it was not copied whole"))
        }
        guard size == offset else { throw BackupError(path, .damaged("\(size - offset) bytes follow its end")) }
        try Self.check(header, of: genesis, at: path)
    }

    private static func header(
        _ place: FilePlace, in files: inout FileDirectory
    ) throws(BackupError) -> (BackupHeader, bytes: Int) {
        let start = try read(place, BackupHeader.startBytes, in: &files)
        let length = try BackupHeader.length(of: start, at: place.path)
        let size = try BackupError.wrapping(place.path) { () throws(FileError) in try files.size(of: place.name) }
        guard length <= size else {
            throw BackupError(place.path, .damaged("its header is longer than the file: it was not copied whole"))
        }
        return (try BackupHeader(reading: try read(place, length, in: &files), at: place.path), length)
    }

    private static func read(
        _ place: FilePlace, _ count: Int, in files: inout FileDirectory
    ) throws(BackupError) -> Bytes {
        try BackupError.wrapping(place.path) { () throws(FileError) in
            try files.read(place.name, at: 0, count: count)
        }
    }

    private static func check(_ header: BackupHeader, of genesis: Genesis?, at path: String) throws(BackupError) {
        if let genesis {
            let (found, expected) = (Hashing.group(of: header.proof.genesis), Hashing.group(of: genesis))
            guard found == expected else { throw BackupError(path, .otherGroup(found: found, expected: expected)) }
        }
        try header.prove(at: path)
    }

    func chunk(_ position: Int) throws(BackupError) -> Bytes {
        do throws(BackupError) {
            let bytes = try BackupError.wrapping(path) { () throws(FileError) in
                try files.read(name, at: offsets[position], count: header.chunks[position].bytes)
            }
            try check(bytes, isThatAt: position, "at byte \(offsets[position])")
            return bytes
        } catch {
            failure = error
            throw error
        }
    }
}
