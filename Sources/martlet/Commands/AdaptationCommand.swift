// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import MartletClient
import MartletCrypto
import MartletTypes

/// `martlet adaptation`: why leader and weights are what they are, and setting them by hand.
struct AdaptationCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "adaptation", abstract: "Show why leader and weights are what they are, or set them by hand.",
        subcommands: [
            AdaptationHistoryCommand.self, AdaptationExplainCommand.self, AdaptationPinCommand.self,
            AdaptationReleaseCommand.self,
        ])
}

struct AdaptationOptions: ParsableArguments {
    @Argument(help: "The group's directory.") var directory: String
    @Option(help: "Speak with this key file instead of the group's client.key.") var key: String?
    @OptionGroup var contacts: ContactOptions
    @Option(help: "Wait so many seconds for answers.") var timeout: Double = 5
    @Flag(help: "End with one line of JSON.") var json = false

    func validate() throws {
        guard timeout > 0, timeout <= 3600 else { throw ValidationError("--timeout must be from 0 to 3600 seconds") }
    }

    var access: GroupAccess {
        get throws { try GroupAccess(GroupDirectory(directory), keyFile: key, via: contacts.via) }
    }

    func tell(_ words: (AdaptationReportText) -> String) async throws {
        let console = Console(isJSON: json)
        try await FailureReport.telling(console) {
            let report = AdaptationReportText(group: try await access.adaptation(within: .seconds(timeout)))
            console.say(words(report))
            console.report(report.json)
            if report.group.newest == nil { throw ExitCode(1) }
        }
    }
}

struct AdaptationHistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history", abstract: "List the last calculations, and what became of each.",
        discussion: "What f+1 replicas agree on is shown: at least one of them is correct.")

    @OptionGroup var options: AdaptationOptions

    func run() async throws { try await options.tell(\.history) }
}

struct AdaptationExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Say why leader and weights are what they are: measured, predicted, observed, rejected.")

    @OptionGroup var options: AdaptationOptions

    func run() async throws { try await options.tell(\.explanation) }
}

struct AdaptationPinCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pin", abstract: "Set leader and heavy replicas by hand, and keep them, whatever is calculated.",
        discussion: "The key must be the one administrator's whose signature the group asks for.")

    @OptionGroup var options: AdaptationOptions
    @Option(help: "Who leads first, and who after whom if it fails, as ids: 3 or 3,1,0. The others follow as before.")
    var leader: String?
    @Option(help: "Who has the greater weight, as ids: 0,3.") var heavy: String?

    func run() async throws {
        try await GroupChange(options).make { view in
            var plan = AssignmentPlan(view)
            if let leader { try plan.lead(try AssignmentPlan.ids(leader, option: "--leader")) }
            if let heavy { try plan.weigh(try AssignmentPlan.ids(heavy, option: "--heavy")) }
            return plan.viewPlan(isPinned: true)
        }
    }
}

struct AdaptationReleaseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release", abstract: "Let leader and weights follow what is calculated again.",
        discussion: "The key must be the one administrator's whose signature the group asks for.")

    @OptionGroup var options: AdaptationOptions

    func run() async throws {
        try await GroupChange(options).make { AssignmentPlan($0).viewPlan(isPinned: false) }
    }
}
