// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// Why something could not be done with a file. Files are named as people find them; reasons are the system's words.
package enum FileError: Error, Hashable, Sendable {
    case notFound(file: String)
    case alreadyExists(file: String)
    /// The disk is full, or what the user may use of it.
    case noSpace(file: String)
    case readFailed(file: String, reason: String)
    /// Also of names: creating, renaming, removing.
    case writeFailed(file: String, reason: String)
    case syncFailed(file: String, reason: String)
    /// Another process holds the directory.
    case inUse(directory: String)
}

extension FileError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notFound(let file): "\(file) does not exist"
        case .alreadyExists(let file): "\(file) exists already"
        case .noSpace(let file): "there is no space left for \(file)"
        case .readFailed(let file, let reason): "\(file) cannot be read: \(reason)"
        case .writeFailed(let file, let reason): "\(file) cannot be written: \(reason)"
        case .syncFailed(let file, let reason): "\(file) cannot be made durable: \(reason)"
        case .inUse(let directory): "\(directory) is in use by another process"
        }
    }
}
