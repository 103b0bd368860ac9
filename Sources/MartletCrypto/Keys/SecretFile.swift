// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// An open file that nobody but its owner may read; the only place where key files touch the operating system.
struct SecretFile: ~Copyable {
    private let descriptor: CInt
    private let path: String

    /// Makes the file; fails where one exists, also as a dangling symbolic link.
    init(creating path: String) throws(KeyFileError) {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw errno == EEXIST ? KeyFileError(path, .exists) : Self.error("create", path)
        }
        self.descriptor = descriptor
        self.path = path
    }

    /// Opens the file when it is a regular one and closed to others. The permissions asked are those of the file that
    /// is open, so that nobody can exchange it in between; not waiting, so that a pipe does not hang the caller.
    init(reading path: String) throws(KeyFileError) {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw errno == ENOENT ? KeyFileError(path, .missing) : Self.error("open", path)
        }
        if let problem = Self.problem(of: descriptor, path) {
            _ = close(descriptor)
            throw problem
        }
        self.descriptor = descriptor
        self.path = path
    }

    deinit { _ = close(descriptor) }

    private static func problem(of descriptor: CInt, _ path: String) -> KeyFileError? {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { return error("examine", path) }
        guard status.st_mode & S_IFMT == S_IFREG else { return KeyFileError(path, .notAFile) }
        guard status.st_mode & 0o077 == 0 else {
            return KeyFileError(path, .permissionsTooOpen(mode: UInt16(status.st_mode & 0o777)))
        }
        return nil
    }

    /// Writes all and waits until it is on the disk.
    borrowing func writeAll(_ bytes: [UInt8]) throws(KeyFileError) {
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe write(descriptor, buffer.baseAddress! + written, buffer.count - written)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw Self.error("write", path) }
            written += count
        }
        guard fsync(descriptor) == 0 else { throw Self.error("write", path) }
    }

    /// Reads to the end; a file longer than `bytesMax` is refused.
    borrowing func readAll(bytesMax: Int) throws(KeyFileError) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: bytesMax + 1)
        while true {
            let count = unsafe chunk.withUnsafeMutableBytes { buffer in
                unsafe read(descriptor, buffer.baseAddress!, buffer.count)
            }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw Self.error("read", path) }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
            guard bytes.count <= bytesMax else {
                throw KeyFileError(path, .malformed(line: 0, "it is longer than any key file"))
            }
        }
    }

    /// Takes away a file that could not be written in full.
    consuming func remove() { _ = unsafe unlink(path) }

    /// Waits until the name of a new file is on the disk too.
    static func syncDirectory(of path: String) throws(KeyFileError) {
        let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        let directory = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let descriptor = unsafe open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw error("open the directory of", path) }
        defer { _ = close(descriptor) }
        guard fsync(descriptor) == 0 else { throw error("keep the name of", path) }
    }

    private static func error(_ operation: String, _ path: String) -> KeyFileError {
        KeyFileError(path, .system(operation: operation, reason: unsafe String(cString: strerror(errno))))
    }
}
