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

/// The directory of one replica. In a group without disks it holds no more than markers: that the replica may have voted (protocol §7),
/// so that a run which finds it has lost its votes, and that it was removed and nobody needs it any more (§8).
struct ReplicaHome {
    private enum Marker: String {
        case voted
        case left
    }

    private static let markerBytesMax = 4096

    private let directory: String
    private let group: Digest
    private let replica: ReplicaID

    init(directory: String, group: Digest, replica: ReplicaID) {
        self.directory = directory
        self.group = group
        self.replica = replica
    }

    /// Whether an earlier run may have voted. Throws when the directory belongs to another replica or group, or when
    /// what it says cannot be read.
    func hasVoted() throws(ReplicaError) -> Bool { try has(.voted) }

    /// Writes the marker and waits until it is on the disk; only then may the replica vote.
    func markVoted() throws(ReplicaError) { try mark(.voted) }

    /// Whether an earlier run ended since the group had removed this replica and had all that it has. Throws as `hasVoted` does.
    func hasLeft() throws(ReplicaError) -> Bool { try has(.left) }

    func markLeft() throws(ReplicaError) { try mark(.left) }

    // MARK: - Markers

    private func path(of marker: Marker) -> String { directory + "/" + marker.rawValue }

    private func format(of marker: Marker) -> String { "martlet-\(marker.rawValue) 1" }

    private func text(of marker: Marker) -> String {
        """
        \(format(of: marker))
        group \(group.hexadecimal)
        replica \(replica)

        """
    }

    private func has(_ marker: Marker) throws(ReplicaError) -> Bool {
        let path = path(of: marker)
        guard let bytes = try contents(of: path) else { return false }
        if bytes == Array(text(of: marker).utf8) { return true }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        guard lines.count == 3, lines[0] == format(of: marker) else {
            throw .homeUnusable(
                path: path, reason: "it is damaged, so nobody knows whether the replica \(marker.rawValue)")
        }
        throw .homeOfAnother(
            path: path, found: "\(lines[2]) of \(lines[1])",
            expected: "replica \(replica) of group \(group.hexadecimal)")
    }

    private func mark(_ marker: Marker) throws(ReplicaError) {
        let path = path(of: marker)
        let draft = path + ".new"
        try create(draft, with: Array(text(of: marker).utf8))
        guard unsafe rename(draft, path) == 0 else { throw Self.failure("write", path) }
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
