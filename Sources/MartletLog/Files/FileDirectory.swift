// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A real directory. Files stay open between calls; whoever may write holds a lock, so that no two processes ever do.
package struct FileDirectory: FileStore, ~Copyable, Sendable {
    package enum Access: Sendable {
        /// Alone, with the lock.
        case exclusive
        /// Beside whoever writes; changes nothing.
        case reading
        /// Beside others, for files with names of one's own in a directory that is no log's. Nobody else may read them.
        case writingBeside

        /// Of the files that are made.
        var mode: mode_t { self == .writingBeside ? 0o600 : 0o644 }
    }

    private struct OpenFile {
        let name: String
        let descriptor: CInt
        /// Written to and not synced since: it stays open, so that no error is missed.
        var isDirty = false
    }

    package static let lockName = "lock"

    package let path: String
    /// So many files that are not dirty stay open.
    private let openFilesMax: Int
    private let access: Access
    private let directory: CInt
    private let lock: CInt
    private var files: [OpenFile] = []

    /// The directory must exist.
    package init(at path: String, _ access: Access = .exclusive, openFilesMax: Int = 16) throws(FileError) {
        let directory = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw Self.readError(path) }
        do throws(FileError) {
            lock = access == .exclusive ? try Self.lock(directory, path) : -1
        } catch {
            _ = close(directory)
            throw error
        }
        self.path = path
        self.access = access
        self.openFilesMax = openFilesMax
        self.directory = directory
    }

    private static func lock(_ directory: CInt, _ path: String) throws(FileError) -> CInt {
        let descriptor = unsafe openat(directory, lockName, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw writeError(path + "/" + lockName) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let error = errno == EWOULDBLOCK ? FileError.inUse(directory: path) : writeError(path + "/" + lockName)
            _ = close(descriptor)
            throw error
        }
        return descriptor
    }

    deinit {
        for file in files { _ = close(file.descriptor) }
        // The lock goes with its descriptor.
        if lock >= 0 { _ = close(lock) }
        _ = close(directory)
    }

    // MARK: - Bytes

    package mutating func size(of name: String) throws(FileError) -> Int {
        let descriptor = try opened(name)
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw Self.readError(fullPath(name)) }
        return Int(status.st_size)
    }

    package mutating func read(_ name: String, at offset: Int, count: Int) throws(FileError) -> Bytes {
        let descriptor = try opened(name)
        var bytes = Bytes(repeating: 0, count: count)
        var done = 0
        while done < count {
            let got = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe pread(descriptor, buffer.baseAddress! + done, count - done, off_t(offset + done))
            }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw Self.readError(fullPath(name)) }
            if got == 0 { break }
            done += got
        }
        bytes.removeLast(count - done)
        return bytes
    }

    package mutating func write(_ bytes: Bytes, to name: String, at offset: Int) throws(FileError) {
        let descriptor = try opened(name)
        markDirty(name, true)
        var done = 0
        while done < bytes.count {
            let put = unsafe bytes.withUnsafeBytes { buffer in
                unsafe pwrite(descriptor, buffer.baseAddress! + done, buffer.count - done, off_t(offset + done))
            }
            if put < 0, errno == EINTR { continue }
            guard put >= 0 else { throw Self.writeError(fullPath(name)) }
            done += put
        }
    }

    package mutating func sync(_ name: String) throws(FileError) {
        let descriptor = try opened(name)
        guard Self.synchronize(descriptor) else { throw Self.syncError(fullPath(name)) }
        markDirty(name, false)
    }

    package mutating func forgetCached(_ name: String) {
        #if !canImport(Darwin)
            // A hint; pages that are not written yet stay.
            do throws(FileError) {
                _ = posix_fadvise(try opened(name), 0, 0, POSIX_FADV_DONTNEED)
            } catch {
                // Whoever reads it is told.
                return
            }
        #endif
    }

    // MARK: - Names

    package mutating func names() throws(FileError) -> [String] {
        // Another process may have put other files behind the names.
        for file in files where !file.isDirty { _ = close(file.descriptor) }
        files.removeAll { !$0.isDirty }
        guard let stream = unsafe opendir(path) else { throw Self.readError(path) }
        defer { _ = unsafe closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = unsafe readdir(stream) else { break }
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        guard errno == 0 else { throw Self.readError(path) }
        return names.sorted()
    }

    package mutating func create(_ name: String) throws(FileError) {
        let descriptor = unsafe openat(directory, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, access.mode)
        guard descriptor >= 0 else {
            throw errno == EEXIST ? .alreadyExists(file: fullPath(name)) : Self.writeError(fullPath(name))
        }
        keep(OpenFile(name: name, descriptor: descriptor))
    }

    package mutating func rename(_ name: String, to newName: String) throws(FileError) {
        guard unsafe renameat(directory, name, directory, newName) == 0 else { throw Self.writeError(fullPath(name)) }
        guard let place = files.firstIndex(where: { $0.name == name }) else { return }
        let file = files.remove(at: place)
        files.append(OpenFile(name: newName, descriptor: file.descriptor, isDirty: file.isDirty))
    }

    package mutating func replace(_ name: String, with draft: String) throws(FileError) {
        // Whoever reads by that name is to read the new one.
        for file in files where file.name == name { _ = close(file.descriptor) }
        files.removeAll { $0.name == name }
        try rename(draft, to: name)
    }

    package mutating func remove(_ name: String) throws(FileError) {
        guard unsafe unlinkat(directory, name, 0) == 0 else { throw Self.writeError(fullPath(name)) }
        guard let place = files.firstIndex(where: { $0.name == name }) else { return }
        _ = close(files.remove(at: place).descriptor)
    }

    package mutating func syncNames() throws(FileError) {
        guard fsync(directory) == 0 else { throw Self.syncError(path) }
    }

    // MARK: - Open files

    private mutating func opened(_ name: String) throws(FileError) -> CInt {
        if let file = files.last(where: { $0.name == name }) { return file.descriptor }
        let mode = access == .reading ? O_RDONLY : O_RDWR
        let descriptor = unsafe openat(directory, name, mode | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.readError(fullPath(name)) }
        keep(OpenFile(name: name, descriptor: descriptor))
        return descriptor
    }

    private mutating func keep(_ file: OpenFile) {
        if files.count >= openFilesMax, let idle = files.firstIndex(where: { !$0.isDirty }) {
            _ = close(files.remove(at: idle).descriptor)
        }
        files.append(file)
    }

    private mutating func markDirty(_ name: String, _ isDirty: Bool) {
        guard let place = files.lastIndex(where: { $0.name == name }) else { return }
        files[place].isDirty = isDirty
    }

    private static func synchronize(_ descriptor: CInt) -> Bool {
        #if canImport(Darwin)
            // There fsync leaves the data in the drive's own cache.
            return fcntl(descriptor, F_FULLFSYNC) == 0
        #else
            return fdatasync(descriptor) == 0
        #endif
    }

    // MARK: - Errors

    private func fullPath(_ name: String) -> String { path + "/" + name }

    private static var reason: String { unsafe String(cString: strerror(errno)) }

    private static func readError(_ path: String) -> FileError {
        errno == ENOENT ? .notFound(file: path) : .readFailed(file: path, reason: reason)
    }

    private static func writeError(_ path: String) -> FileError {
        switch errno {
        case ENOENT: .notFound(file: path)
        case ENOSPC, EDQUOT: .noSpace(file: path)
        default: .writeFailed(file: path, reason: reason)
        }
    }

    private static func syncError(_ path: String) -> FileError {
        errno == ENOSPC || errno == EDQUOT ? .noSpace(file: path) : .syncFailed(file: path, reason: reason)
    }
}
