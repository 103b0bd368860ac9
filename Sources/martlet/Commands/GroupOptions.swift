// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import MartletClient

/// What all commands that speak with a group understand.
struct GroupOptions: ParsableArguments {
    @Option(help: "The group's directory (default: $MARTLET_GROUP, or the current one).") var group: String?
    @Option(help: "Act with this key file instead of the group's client.key.") var key: String?
    @OptionGroup var contacts: ContactOptions
    @Option(help: "Give up after so many seconds.") var timeout: Double = 30
    @Flag(help: "End with one line of JSON.") var json = false

    func validate() throws {
        guard timeout > 0, timeout <= 86_400 else { throw ValidationError("--timeout must be from 0 to 86400 seconds") }
    }

    var console: Console { Console(isJSON: json) }

    func access() throws -> GroupAccess {
        let path = group ?? ProcessInfo.processInfo.environment["MARTLET_GROUP"]
        guard let path else {
            guard GroupDirectory.isGroup(".") else {
                throw CommandFailure("there is no group in the current directory: name the group's with --group DIR")
            }
            return try GroupAccess(GroupDirectory("."), keyFile: key, via: contacts.via)
        }
        return try GroupAccess(GroupDirectory(path), keyFile: key, via: contacts.via)
    }
}
