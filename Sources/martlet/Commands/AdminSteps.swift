// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import MartletCrypto
import MartletTypes

/// Writes an operation that nobody has signed, or shows what it would do.
struct AdminProposal<Operation: AdminOperation>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: Operation.commandName, abstract: Operation.abstract)
    }

    @OptionGroup var operation: Operation
    @OptionGroup var options: AdminOptions
    @Option(help: "The file to make (default: standard output).") var output: String?
    @Flag(help: "Show the group before and after it; write nothing.") var dryRun = false

    func run() async throws {
        let console = options.console
        try await FailureReport.telling(console) {
            let desk = try await OperationDesk(options.access(), within: options.limit)
            let asked = try operation.operation(on: desk.view)
            let preview = OperationPreview(try ViewComparison(asked, on: desk.view), on: desk)
            if dryRun { return preview.tell(console) }
            for warning in preview.warnings { Console.note("Warning: \(warning)") }
            let file = OperationFile(group: desk.view.group, operation: Reconfiguration(after: desk.view, asked))
            if let output {
                try file.write(to: output, isNew: true)
                console.say(
                    "Wrote \(output): \(OperationText.words(asked)). Signatures that it needs: \(desk.view.administration.needed)"
                )
            } else if !options.json {
                Console.write(file.text, to: .standardOutput)
            }
            console.report(
                .object(
                    OperationText(file.operation).json(group: file.group).with("ok", true).with(
                        "file", .text(file.text))))
        }
    }
}

/// Proposes, signs and submits in one step.
struct AdminStep<Operation: AdminOperation>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: Operation.commandName, abstract: Operation.abstract,
            discussion: "The key must be the one administrator's whose signature the group asks for.")
    }

    @OptionGroup var operation: Operation
    @OptionGroup var options: AdminOptions
    @Flag(help: "Show the group before and after it; change nothing.") var dryRun = false
    @Flag(help: "Of add and replace: wait until the replica is a member, for as long as --timeout says.") var wait =
        false
    @Flag(help: "With --wait: when the time is over, remove it again.") var giveUp = false

    func validate() throws {
        guard !wait || Operation.joins else { throw ValidationError("--wait goes with add and replace") }
        guard !giveUp || wait else { throw ValidationError("--give-up goes with --wait") }
    }

    func run() async throws {
        let console = options.console
        try await FailureReport.telling(console) {
            let desk = try await OperationDesk(options.access(), within: options.limit)
            let asked = try operation.operation(on: desk.view)
            let preview = OperationPreview(try ViewComparison(asked, on: desk.view), on: desk)
            if dryRun { return preview.tell(console) }
            try desk.requireOneKey()
            for warning in preview.warnings { Console.note("Warning: \(warning)") }
            let end = ContinuousClock.now + options.limit
            let view = try await desk.order(desk.signed(Reconfiguration(after: desk.view, asked)))
            console.say("view \(view) follows view \(desk.view.number): \(OperationText.words(asked))")
            guard wait, case .add(let learner) = asked else {
                return console.report(.object(["ok": true, "view": .integer(Int(clamping: view.rawValue))]))
            }
            try await AdmissionStep(
                access: desk.access, replica: learner.member.id, console: console, gives: giveUp, limit: options.limit
            )
            .wait(until: end)
        }
    }
}

/// The view before and after an operation, as it is shown.
struct OperationPreview {
    let comparison: ViewComparison
    let warnings: [String]

    /// What it asks for of clients; empty where it does not.
    let access: [String]

    init(_ comparison: ViewComparison, on desk: OperationDesk) {
        self.comparison = comparison
        var warnings = comparison.warnings(absent: desk.absent)
        if case .access(let change) = comparison.operation {
            access = [AccessText.words(change)] + AccessText.details(change).map { "  \($0)" }
            warnings += AccessText.warnings(change, now: desk.health.access)
        } else {
            access = []
        }
        self.warnings = warnings
    }

    func tell(_ console: Console) {
        console.say(([comparison.table.text] + access + warnings.map { "Warning: \($0)" }).joined(separator: "\n"))
        console.report(
            .object(["ok": true, "views": comparison.json, "warnings": .list(warnings.map { .text($0) })]))
    }
}

/// Waits until a learner is a member.
struct AdmissionStep {
    let access: GroupAccess
    let replica: ReplicaID
    let console: Console
    /// Whether it is removed when the time is over.
    let gives: Bool
    let limit: Duration

    func wait(until end: ContinuousClock.Instant) async throws {
        let watch = JoinWatch(
            replica: replica, look: { try await access.health(within: .seconds(1)) }, say: console.say)
        switch try await watch.follow(for: end - .now) {
        case .member(let view):
            console.say("replica \(replica) is a member, in view \(view)")
            console.report(.object(["ok": true, "view": .integer(Int(clamping: view.rawValue)), "isMember": true]))
        case .gone(let view):
            throw CommandFailure("replica \(replica) was given up by another operation: view \(view) does not list it")
        case .late(let word):
            guard gives else {
                throw CommandFailure(
                    "replica \(replica) is no member yet (\(word)). It goes on by itself: see martlet status. To give up: "
                        + "martlet admin remove --replica \(replica)")
            }
            let desk = try await OperationDesk(access, within: limit)
            let view = try await desk.order(desk.signed(Reconfiguration(after: desk.view, .remove(replica))))
            throw CommandFailure(
                "replica \(replica) was no member in time (\(word)), and was given up: view \(view) does not list it")
        }
    }
}

extension [JSONValue.Member] {
    func with(_ name: String, _ value: JSONValue) -> [JSONValue.Member] { self + [.init(name: name, value: value)] }
}
