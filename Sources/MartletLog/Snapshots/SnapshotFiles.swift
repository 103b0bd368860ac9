// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// The snapshots of one replica, a file each (protocol §7). One is kept for good only until a quorum has a newer one that this
/// replica has, too, and knows durably that it does. Holds no files: each call is given those that they lie in.
package struct SnapshotFiles: Sendable {
    /// One that is kept.
    package struct Entry: Hashable, Sendable {
        package let instance: Instance
        package let digest: Digest
    }

    private let identity: LogIdentity
    /// By ascending instance.
    package private(set) var entries: [Entry] = []
    /// Those that this run has written, or read and found whole: only on them anything rests.
    private var proven: [Entry] = []
    /// The newest checkpoint that is stable, as this replica has written down durably.
    private var stable: Entry?
    /// Why a file that nobody needs is still there.
    package private(set) var cleaningFailure: FileError?

    /// Finds what earlier runs left. A file whose header is damaged is left alone: nobody counts on it. What a newer program or another
    /// replica has written is refused, and then nothing is touched.
    package init(in files: inout (some FileStore & ~Copyable), _ identity: LogIdentity) throws(LogError) {
        self.identity = identity
        let names = try LogError.wrapping { () throws(FileError) in try files.names() }
        for name in names {
            guard let instance = Self.instance(in: name), let header = try Self.header(of: name, in: &files) else {
                continue
            }
            guard header.identity == identity else {
                throw .otherOwner(file: name, found: header.identity, expected: identity)
            }
            if header.instance == instance { entries.append(Entry(instance: instance, digest: header.digest)) }
        }
        if names.contains(Self.draftName) {
            try LogError.wrapping { () throws(FileError) in try files.remove(Self.draftName) }
        }
    }

    /// Nil when it is damaged.
    private static func header(
        of name: String, in files: inout (some FileStore & ~Copyable)
    ) throws(LogError) -> SnapshotHeader? {
        let bytes = try LogError.wrapping { () throws(FileError) in
            try files.read(name, at: 0, count: SnapshotHeader.bytes)
        }
        do {
            return try SnapshotHeader(reading: bytes)
        } catch .unknownFormat(let version) {
            throw .unknownSnapshotFormat(file: name, version: version)
        } catch {
            return nil
        }
    }

    package func holds(_ instance: Instance, _ digest: Digest) -> Bool {
        entries.contains(Entry(instance: instance, digest: digest))
    }

    // MARK: - Keeping

    /// Durable on return. Returns through which instance the log is not needed any more, if that has changed.
    package mutating func keep(
        _ state: Bytes, after instance: Instance, _ digest: Digest, in files: inout (some FileStore & ~Copyable)
    ) throws(FileError) -> Instance? {
        let entry = Entry(instance: instance, digest: digest)
        guard !proven.contains(entry) else { return nil }
        let header = SnapshotHeader(
            identity: identity, instance: instance, digest: digest, stateBytes: state.count,
            stateChecksum: CRC32C.checksum(state))
        try removeIfThere(Self.draftName, in: &files)
        try files.create(Self.draftName)
        try files.write(header.encoded(), to: Self.draftName, at: 0)
        try files.write(state, to: Self.draftName, at: SnapshotHeader.bytes)
        try files.sync(Self.draftName)
        // Of the same instance another state was wrong, or this one is.
        try removeIfThere(Self.name(instance), in: &files)
        entries.removeAll { $0.instance == instance }
        proven.removeAll { $0.instance == instance }
        try files.rename(Self.draftName, to: Self.name(instance))
        try files.syncNames()
        let place = entries.firstIndex { $0.instance > instance } ?? entries.count
        entries.insert(entry, at: place)
        proven.append(entry)
        return stable?.instance == instance ? forgetOlder(in: &files) : nil
    }

    /// A quorum has this checkpoint, and this replica's log says so durably. Returns as `keep` does.
    package mutating func note(
        stable certificate: CheckpointCertificate, in files: inout (some FileStore & ~Copyable)
    ) -> Instance? {
        guard certificate.instance > stable?.instance ?? .zero else { return nil }
        stable = Entry(instance: certificate.instance, digest: certificate.digest)
        return forgetOlder(in: &files)
    }

    /// Before the log goes: a crash in between leaves a log that is longer than it need be.
    private mutating func forgetOlder(in files: inout (some FileStore & ~Copyable)) -> Instance? {
        guard let stable, proven.contains(stable) else { return nil }
        cleaningFailure = nil
        for entry in entries where entry.instance < stable.instance {
            do {
                try removeIfThere(Self.name(entry.instance), in: &files)
            } catch {
                cleaningFailure = error
                return nil
            }
        }
        entries.removeAll { $0.instance < stable.instance }
        proven.removeAll { $0.instance < stable.instance }
        return stable.instance
    }

    // MARK: - Reading

    /// The state, or nil when it is not kept or damaged. What is found whole need not be written again.
    package mutating func state(
        after instance: Instance, _ digest: Digest, in files: inout (some FileStore & ~Copyable)
    ) throws(FileError) -> Bytes? {
        guard holds(instance, digest) else { return nil }
        let name = Self.name(instance)
        guard let header = SnapshotHeader(try files.read(name, at: 0, count: SnapshotHeader.bytes)),
            header.digest == digest
        else { return nil }
        let state = try files.read(name, at: SnapshotHeader.bytes, count: header.stateBytes)
        guard state.count == header.stateBytes, CRC32C.checksum(state) == header.stateChecksum else { return nil }
        let entry = Entry(instance: instance, digest: digest)
        if !proven.contains(entry) { proven.append(entry) }
        return state
    }

    // MARK: - Names

    static let draftName = "snapshot-draft"
    private static let prefix = "snapshot-"

    package static func name(_ instance: Instance) -> String {
        let text = String(instance.rawValue, radix: 16)
        return prefix + String(repeating: "0", count: 16 - text.count) + text
    }

    static func instance(in name: String) -> Instance? {
        guard name.hasPrefix(prefix), let value = UInt64(name.dropFirst(prefix.count), radix: 16), value > 0,
            name == self.name(Instance(value))
        else { return nil }
        return Instance(value)
    }

    private func removeIfThere(_ name: String, in files: inout (some FileStore & ~Copyable)) throws(FileError) {
        do {
            try files.remove(name)
        } catch .notFound {
            return
        }
    }
}
