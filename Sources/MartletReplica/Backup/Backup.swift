// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
public import MartletTypes

/// The state of a group after an instance, with what shows that a quorum of its members signed it, in a file: enough to begin another
/// group with it, on other machines and with other keys. Whoever holds the group's genesis need trust nobody who had the file in hands.
///
/// This is what is known of one. The state itself is read and written chunk by chunk.
public struct Backup: Hashable, Sendable {
    /// Of the group that it is a backup of.
    public let genesis: Genesis
    /// What the genesis of a group that begins with this state names.
    public let origin: OriginState
    /// The agreed time of the instance.
    public let time: Timestamp
    /// The view that signed it.
    public let view: ViewNumber
    /// How many members signed it.
    public let signatures: Int
    /// Of the service's state, and of what the group keeps beside it.
    public let stateBytes: Int
    public let chunks: Int
    /// Whom the group served then.
    package let access: AccessTable
    /// The version of Martlet that wrote the file.
    public let software: String

    /// The last instance whose effects are in the state.
    public var instance: Instance { origin.instance }

    init(_ header: BackupHeader, time: Timestamp, access: AccessTable) {
        self.access = access
        let certificate = header.proof.certificate
        genesis = header.proof.genesis
        origin = OriginState(
            group: Hashing.group(of: genesis), instance: certificate.instance, digest: certificate.digest)
        self.time = time
        view = certificate.view
        signatures = certificate.shares.count
        stateBytes = header.stateBytes
        chunks = header.chunks.count
        software = header.software
    }

    // MARK: - Reading

    /// Reads what the file at `path` begins with, and proves it; chunks of the service are not looked at. With a genesis it must be a
    /// backup of that group; without one, whether the genesis in it is to be trusted is for the caller to know.
    public init(at path: String, of genesis: Genesis? = nil) throws(BackupError) {
        self = try BackupFile(path, of: genesis).described()
    }

    /// Reads and proves all of it.
    public static func verify(
        _ path: String, of genesis: Genesis? = nil, progress: (BackupProgress) -> Void = { _ in }
    ) throws(BackupError) -> Backup {
        let file = try BackupFile(path, of: genesis)
        let backup = try file.described()
        try file.readThrough(progress)
        return backup
    }

    /// For the genesis of a group that is to begin with this state: another one each time, so that no two foundings are the same group.
    public func newOrigin() -> GenesisOrigin {
        let random = SystemEntropy.numbers(4)
        return GenesisOrigin(
            state: origin, nonce: Digest(words: Words32(random[0], random[1], random[2], random[3])))
    }

    // MARK: - Writing

    /// Another file with the same content, proved on the way; durable on return. With `expected`, which was read from it before, throws when
    /// another backup lies there now.
    public static func copy(
        _ path: String, to destination: String, expecting expected: Backup? = nil,
        progress: (BackupProgress) -> Void = { _ in }
    ) throws(BackupError) {
        let file = try BackupFile(path, of: expected?.genesis)
        if let expected, try file.described() != expected { throw BackupError(path, .replaced) }
        try BackupWriter(destination).write(file, progress)
    }

    /// Writes the newest stable checkpoint in the home of a replica, which may run meanwhile, to a file; durable on return. Reads the home
    /// without changing anything, and proves what it reads: a replica that lies, or a disk that is damaged, makes no false backup. (An
    /// old one it can make: look at the instance and the time.) `onOlder` is told what is wrong with a newer checkpoint where the backup
    /// is of an older one for that reason.
    public static func make(
        ofHome home: String, genesis: Genesis, to path: String, onOlder: (BackupError) -> Void = { _ in },
        progress: (BackupProgress) -> Void = { _ in }
    ) throws(BackupError) -> Backup {
        let writer = BackupWriter(path)
        try writer.requireVacant()
        let (backup, passedOver) = try BackupHome(path: home, genesis: genesis).withNewest {
            (source) throws(BackupError) in
            let backup = try source.described()
            try writer.write(source, progress)
            return backup
        }
        if let passedOver { onOlder(passedOver) }
        return backup
    }
}

/// How far reading or writing a backup has come.
public struct BackupProgress: Hashable, Sendable {
    public internal(set) var bytesDone = 0
    public let bytes: Int
}
