// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The part of a file that a reader looks at, so that no file has to fit into memory.
struct FileWindow {
    /// How much is read at a time.
    static let stepBytes = 1 << 20

    let name: String
    /// When reading began; a file may grow meanwhile.
    let fileBytes: Int
    private var start = 0
    private var bytes: Bytes = []

    init(_ name: String, in files: inout (some FileStore & ~Copyable)) throws(FileError) {
        self.name = name
        fileBytes = try files.size(of: name)
    }

    /// As many bytes as asked for, or nil where the file ends before that.
    mutating func slice(
        at offset: Int, count: Int, in files: inout (some FileStore & ~Copyable)
    ) throws(FileError) -> ArraySlice<UInt8>? {
        guard offset + count <= fileBytes else { return nil }
        if offset < start || offset + count > start + bytes.count {
            let wanted = max(count, min(Self.stepBytes, fileBytes - offset))
            bytes = try files.read(name, at: offset, count: wanted)
            start = offset
        }
        guard offset + count <= start + bytes.count else { return nil }
        return bytes[offset - start..<offset - start + count]
    }

    /// The first place at or after the offset with this byte.
    mutating func firstPlace(
        of byte: UInt8, from offset: Int, in files: inout (some FileStore & ~Copyable)
    ) throws(FileError) -> Int? {
        var place = offset
        while place < fileBytes {
            let inside = place >= start && place < start + bytes.count
            let count = inside ? start + bytes.count - place : min(Self.stepBytes, fileBytes - place)
            guard let part = try slice(at: place, count: count, in: &files) else { return nil }
            if let found = Self.find(byte, in: part) { return place + found }
            place += count
        }
        return nil
    }

    /// How many bytes from the offset on there are up to the last one that is not zero.
    mutating func extent(from offset: Int, in files: inout (some FileStore & ~Copyable)) throws(FileError) -> Int {
        var place = offset
        var end = offset
        while place < fileBytes {
            let count = min(Self.stepBytes, fileBytes - place)
            guard let part = try slice(at: place, count: count, in: &files) else { break }
            if let last = part.lastIndex(where: { $0 != 0 }) { end = place + last - part.startIndex + 1 }
            place += count
        }
        return end - offset
    }

    private static func find(_ byte: UInt8, in part: ArraySlice<UInt8>) -> Int? {
        unsafe part.withUnsafeBytes { buffer -> Int? in
            guard let base = buffer.baseAddress, let found = unsafe memchr(base, CInt(byte), buffer.count) else {
                return nil
            }
            return unsafe UnsafeRawPointer(found) - base
        }
    }
}
