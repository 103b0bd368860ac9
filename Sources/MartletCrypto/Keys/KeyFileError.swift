// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// Why a key file cannot be used: what is wrong, where, and what to do about it.
public struct KeyFileError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Problem: Hashable, Sendable {
        /// A file of this name exists; key files are never overwritten.
        case exists
        case missing
        /// Others than its owner may read or change it; the last nine permission bits.
        case permissionsTooOpen(mode: UInt16)
        case notAFile
        /// Not what `KeyFile` writes; the number of the line, 0 for the file as a whole.
        case malformed(line: Int, String)
        /// The operating system refused to do something with it.
        case system(operation: String, reason: String)
    }

    public let path: String
    public let problem: Problem

    init(_ path: String, _ problem: Problem) {
        self.path = path
        self.problem = problem
    }

    public var description: String {
        switch problem {
        case .exists:
            "\(path) exists already, and a key is never overwritten: choose another name, or move that file away if "
                + "its key is not needed any more"
        case .missing:
            "there is no key file \(path): check the name, or make a key with: martlet key new \(path)"
        case .permissionsTooOpen(let mode):
            "others may read or change the key file \(path) (its mode is \(Self.octal(mode))): run: chmod 600 \(path); "
                + "if others had access to it, make a new key"
        case .notAFile:
            "\(path) is not a regular file: name the key file itself"
        case .malformed(let line, let complaint):
            "the key file \(path) is damaged\(line > 0 ? " in line \(line)" : ""): \(complaint); restore it from a "
                + "copy, or make a new key"
        case .system(let operation, let reason):
            "cannot \(operation) the key file \(path): \(reason)"
        }
    }

    private static func octal(_ mode: UInt16) -> String {
        let digits = String(mode, radix: 8)
        return String(repeating: "0", count: max(0, 3 - digits.count)) + digits
    }
}
