// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// `martlet attack`: what hostile peers can do to a group.
struct AttackCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "attack",
        abstract: "Attack a group on this machine, and see what it costs and whether it is safe.",
        discussion: """
            For each class of attack a fresh group of four is started, each replica a process of its own, with TLS. \
            Honest clients put a steady load on it before, during and after the attack, which hostile processes carry \
            out (the program martlet-attack). All figures are those during the attack against those before it. Then \
            the honest replicas' states are read one by one and compared with each other and with all that the \
            clients were told. Nothing is sent beyond this machine.
            """)

    @Argument(help: "Which attacks; see --list.") var names: [String] = []
    @Flag(help: "All of them.") var all = false
    @Flag(help: "Name them.") var list = false
    @Option(help: "How long each attack lasts; a slow leader is watched for two and a half times as long.")
    var seconds = 8
    @Flag(help: "Show what the replicas log: leader changes, first of all.") var log = false
    @Option(help: "Also write the table into this document, between its two marks.") var markdown: String?
    @Flag(help: "End with one line of JSON.") var json = false

    func validate() throws {
        guard (2...600).contains(seconds) else { throw ValidationError("--seconds must be from 2 to 600") }
        for name in names where AttackClass(rawValue: name) == nil {
            throw ValidationError("there is no attack named \(name); 'martlet attack --list' names them")
        }
        guard all || list || !names.isEmpty else {
            throw ValidationError("name an attack, or --all of them; 'martlet attack --list' names them")
        }
    }

    func run() async throws {
        let console = Console(isJSON: json)
        if list {
            var table = ConsoleTable([.init("attack"), .init("what happens")])
            for kind in AttackClass.allCases { table.add([kind.rawValue, kind.summary]) }
            return console.say(table.text)
        }
        // After all attacks is too late to find that there is no place for the table.
        if let markdown { try AttackTable(results: []).checkPlace(in: markdown) }
        let attacker = try AttackerProgram.path()
        let kinds = all ? AttackClass.allCases : names.compactMap { AttackClass(rawValue: $0) }
        let results = try await Interruptible.run {
            var results: [AttackResult] = []
            for kind in kinds { results.append(try await run(kind, attacker)) }
            return results
        }
        let table = AttackTable(results: results)
        console.say(table.text)
        if let markdown { try table.write(into: markdown) }
        console.report(.list(results.map(\.json)))
        if !results.allSatisfy({ $0.isSafe && $0.isAttacked }) { throw ExitCode.failure }
    }

    private func run(_ kind: AttackClass, _ attacker: String) async throws -> AttackResult {
        let place = ScratchDirectory(named: nil, kind: "attack", keeps: false)
        defer { place.removeIfTemporary() }
        let run = AttackRun(
            kind: kind, seconds: kind.seconds(seconds), directory: place.path, executable: nil, attacker: attacker,
            tellsLog: log)
        return try await run.run { Console.note($0) }
    }
}
