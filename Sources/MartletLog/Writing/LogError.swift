// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// Why a log could not be opened or written.
package enum LogError: Error, Hashable, Sendable {
    case file(FileError)
    case otherOwner(file: String, found: LogIdentity, expected: LogIdentity)
    /// Written by a newer program, or by one that is too old.
    case unknownFormat(file: String, version: UInt32)
    /// A write or sync failed before; nothing is appended until `rescue` has succeeded.
    case needsRescue
    /// What was durable is gone; nothing is appended until `startOver`.
    case damaged
}

extension LogError {
    static func wrapping<Value: ~Copyable>(_ body: () throws(FileError) -> Value) throws(LogError) -> Value {
        do {
            return try body()
        } catch {
            throw .file(error)
        }
    }
}

extension LogError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .file(let error): "\(error)"
        case .otherOwner(let file, let found, let expected): "\(file) belongs to \(found), not to \(expected)"
        case .unknownFormat(let file, let version):
            "\(file) has the format \(version), which this program does not know"
        case .needsRescue: "the log could not be written before and has not been rescued"
        case .damaged: "the log is damaged"
        }
    }
}
