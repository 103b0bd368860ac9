// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import MartletSimulation

/// `martlet judge`: whether a written history is linearizable.
struct JudgeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "judge", abstract: "Judge a history written by bench or simulate: is it linearizable?",
        discussion: "Ends with status 1 when it is not, and with 2 when that is too hard to tell.")

    @Argument(help: "The history, one line of JSON for each call and return.") var file: String
    @Option(help: "The most steps to take for keys that belong together.") var steps = 10_000_000

    func run() throws {
        let text: String
        do {
            text = try String(contentsOf: URL(fileURLWithPath: file), encoding: .utf8)
        } catch {
            throw CommandFailure("cannot read \(file): \(FileFailure(error))")
        }
        let calls = try HistoryFile.read(text).calls()
        let console = Console(isJSON: false)
        switch Linearizability.judge(calls, stepsMax: steps) {
        case .linearizable: console.say("\(calls.count) calls: linearizable")
        case .violated(let call, let states):
            console.say(
                "not linearizable: \(call.operation) of process \(call.id.client) (line \(call.id.number)) "
                    + "fits no order; before it there was \(states)")
            throw ExitCode(1)
        case .tooHard(let id, let why):
            console.say("cannot be told: at line \(id.number): \(why)")
            throw ExitCode(2)
        }
    }
}
