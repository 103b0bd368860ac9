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

/// The directory of one replica. In a group without disks it holds one thing: the marker that says that the replica may
/// have voted (protocol §7). A replica that finds it has lost its votes.
struct ReplicaHome {
    private static let markerName = "voted"
    private static let markerFormat = "martlet-voted 1"
    private static let markerBytesMax = 4096

    private let directory: String
    private let group: Digest
    private let replica: ReplicaID

    init(directory: String, group: Digest, replica: ReplicaID) {
        self.directory = directory
        self.group = group
        self.replica = replica
    }

    private var markerPath: String { directory + "/" + Self.markerName }

    private var marker: String {
        """
        \(Self.markerFormat)
        group \(group.hexadecimal)
        replica \(replica)

        """
    }

    /// Whether an earlier run may have voted. Throws when the directory belongs to another replica or group, or when
    /// what it says cannot be read.
    func hasVoted() throws(ReplicaError) -> Bool {
        guard let bytes = try contents(of: markerPath) else { return false }
        if bytes == Array(marker.utf8) { return true }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        guard lines.count == 3, lines[0] == Self.markerFormat else {
            throw .homeUnusable(path: markerPath, reason: "it is damaged, so nobody knows whether the replica voted")
        }
        throw .homeOfAnother(
            path: markerPath, found: "\(lines[2]) of \(lines[1])",
            expected: "replica \(replica) of group \(group.hexadecimal)")
    }

    /// Writes the marker and waits until it is on the disk; only then may the replica vote.
    func markVoted() throws(ReplicaError) {
        let draft = markerPath + ".new"
        try create(draft, with: Array(marker.utf8))
        guard unsafe rename(draft, markerPath) == 0 else { throw Self.failure("write", markerPath) }
        try Self.sync(directory: directory)
    }

    // MARK: - Files

    /// Makes it where it is not there, durably.
    static func makeDirectory(_ path: String) throws(ReplicaError) {
        guard unsafe mkdir(path, 0o755) == 0 || errno == EEXIST else { throw failure("make", path) }
        let parent = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        // It may have been made by a run that did not get any further.
        try sync(directory: parent)
    }

    private func contents(of path: String) throws(ReplicaError) -> Bytes? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw Self.failure("open", path)
        }
        defer { _ = close(descriptor) }
        var bytes = Bytes(repeating: 0, count: Self.markerBytesMax)
        let count = unsafe bytes.withUnsafeMutableBytes { buffer in
            unsafe read(descriptor, buffer.baseAddress, buffer.count)
        }
        guard count >= 0 else { throw Self.failure("read", path) }
        return Array(bytes.prefix(count))
    }

    private func create(_ path: String, with bytes: Bytes) throws(ReplicaError) {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Self.failure("create", path) }
        defer { _ = close(descriptor) }
        let count = unsafe bytes.withUnsafeBytes { buffer in
            unsafe write(descriptor, buffer.baseAddress, buffer.count)
        }
        guard count == bytes.count, fsync(descriptor) == 0 else { throw Self.failure("write", path) }
    }

    private static func sync(directory: String) throws(ReplicaError) {
        let descriptor = unsafe open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open", directory) }
        defer { _ = close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure("write", directory) }
    }

    private static func failure(_ operation: String, _ path: String) -> ReplicaError {
        .homeUnusable(path: path, reason: "cannot \(operation) it: \(unsafe String(cString: strerror(errno)))")
    }
}
