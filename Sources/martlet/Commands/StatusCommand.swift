// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import MartletClient
import MartletTypes

/// `martlet status`: each replica as it says it is.
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Ask each replica of a group how it is.",
        discussion: "Ends with a non-zero status when too few replicas answer for the group to serve.")

    @Argument(help: "The group's directory.") var directory: String
    @Option(help: "Ask with this key file instead of the group's client.key.") var key: String?
    @OptionGroup var contacts: ContactOptions
    @Option(help: "Wait so many seconds for answers.") var timeout: Double = 2
    @Flag(help: "End with one line of JSON.") var json = false

    func validate() throws {
        guard timeout > 0, timeout <= 3600 else { throw ValidationError("--timeout must be from 0 to 3600 seconds") }
    }

    func run() async throws {
        let console = Console(isJSON: json)
        try await FailureReport.telling(console) {
            let access = try GroupAccess(GroupDirectory(directory), keyFile: key, via: contacts.via)
            let health = try await access.health(within: .seconds(timeout))
            let report = StatusReport(health: health)
            console.say(report.text)
            console.report(report.json)
            if !health.isServing { throw ExitCode(1) }
        }
    }
}
