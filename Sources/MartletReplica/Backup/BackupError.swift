// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletLog
public import MartletTypes

/// Why a backup can be neither made nor used: what is wrong, where, and what to do.
public struct BackupError: Error, Hashable, CustomStringConvertible {
    public enum Reason: Hashable, Sendable {
        /// A file or directory cannot be read or written, in the system's words.
        case file(String)
        /// A backup is never written over anything.
        case exists
        /// It does not begin as a backup does.
        case noBackup
        /// It is not as it was written.
        case damaged(String)
        /// It is a backup of a later version of Martlet.
        case unknownFormat(UInt32)
        /// It does not show that a quorum has signed it.
        case unproved(String)
        /// It is of another group than the genesis, by their ids.
        case otherGroup(found: Digest, expected: Digest)
        /// The group keeps everything in memory.
        case notDurable
        /// The home holds no stable checkpoint yet.
        case nothingStable
        /// The replica's own state after this instance is not the one that a quorum signed.
        case otherState(Instance)
        /// It is not the one that was there a moment ago.
        case replaced
        /// Nobody could read it: what it would begin with is too long, in words.
        case tooLarge(String)
    }

    public let path: String
    public let reason: Reason

    init(_ path: String, _ reason: Reason) {
        self.path = path
        self.reason = reason
    }

    /// Another copy, or an older checkpoint, may be whole.
    var isDamage: Bool {
        switch reason {
        case .damaged, .otherState: true
        default: false
        }
    }

    public var description: String { advice.map { "\(problem)\($0)" } ?? problem }

    /// What is wrong, and where.
    var problem: String {
        switch reason {
        case .file(let words): words
        case .exists: "\(path) exists already, and backups are never written over"
        case .noBackup: "\(path) is no backup: it does not begin as one does"
        case .damaged(let words): "\(path) is damaged: \(words)"
        case .unknownFormat(let version):
            "\(path) is a backup of the format \(version), and this program reads the format \(BackupHeader.version)"
        case .unproved(let words): "\(path) is not to be trusted: \(words)"
        case .otherGroup(let found, let expected):
            "\(path) is of the group \(found.hexadecimal), but the genesis is that of the group \(expected.hexadecimal)"
        case .notDurable:
            "\(path) is the home of a replica that keeps everything in memory, so there is nothing to make a backup of"
        case .nothingStable: "\(path) holds no stable checkpoint yet"
        case .otherState(let instance):
            "\(path) holds a state after instance \(instance) that is not the one that a quorum signed: this replica's service went another way than the others'"
        case .replaced: "\(path) is another backup than it was a moment ago: somebody has replaced it"
        case .tooLarge(let words): "\(path) would be a backup that nobody can read: \(words)"
        }
    }

    private var advice: String? {
        switch reason {
        case .file, .noBackup, .tooLarge: nil
        case .exists: ": name another file"
        case .damaged: ". Take another backup, or that of another replica"
        case .unknownFormat: ": use the version of martlet that made it, or a later one"
        case .unproved: ". Do not restore it; take one of another replica"
        case .otherGroup: ": name the genesis of the same group"
        case .notDurable: ": only groups founded without --memory have any"
        case .nothingStable:
            ": the group takes the first one after so many instances as its setting checkpointPeriod says; try again later, or another replica"
        case .otherState: ". Make the backup of another replica's home, and find out what is wrong with this one"
        case .replaced: ". Try again when nobody writes there"
        }
    }

    static func wrapping<Value: ~Copyable>(
        _ path: String, _ body: () throws(FileError) -> Value
    ) throws(BackupError) -> Value {
        do {
            return try body()
        } catch {
            throw BackupError(path, .file("\(error)"))
        }
    }
}
