// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What a command says. With `--json` all but the last line goes to standard error, so that standard output is one
/// object.
struct Console {
    let isJSON: Bool

    /// For people.
    func say(_ text: String) { Self.write(text + "\n", to: isJSON ? .standardError : .standardOutput) }

    /// For programs, when they asked: the last line of standard output.
    func report(_ value: JSONValue) {
        if isJSON { Self.write("\(value)\n", to: .standardOutput) }
    }

    /// Warnings and progress, never part of the result.
    static func note(_ text: String) { write(text + "\n", to: .standardError) }

    /// A reader that is gone ends the writing; there is nobody left to tell.
    static func write(_ text: String, to file: FileHandle) {
        do {
            try file.write(contentsOf: Data(text.utf8))
        } catch {
            return
        }
    }
}
