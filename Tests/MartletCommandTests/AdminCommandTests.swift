// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MartletCrypto
import MartletTypes
import Testing

@testable import martlet_cli

/// Commands of the built program, as administrators and others run them, on a group of four processes; two of its three administrators
/// must sign.
@Suite(.serialized) struct AdminCommandTests {
    private let scratch: Scratch
    private let directory: GroupDirectory

    init() throws {
        scratch = try Scratch()
        directory = GroupDirectory(scratch.path + "/group")
    }

    private func found(needed: Int) throws {
        let keys = Array(Sample.keys.prefix(4))
        let base = try FreePorts.consecutive(4)
        var founding = Sample.founding(4)
        founding.members = keys.enumerated().map {
            FoundingMember(key: $1.publicKey, address: Address(host: "127.0.0.1", port: base + $0))
        }
        let single = try founding.genesis()
        var settings = GroupSettings()
        settings.measuringPermille = 0
        let genesis = try Genesis(
            name: "several", faultModel: .byzantine, f: 1, members: single.members,
            administrators: Sample.keys[5...7].map(\.publicKey), administratorsNeeded: needed, clientAccess: .open,
            settings: settings)
        try GroupFounder(directory: directory, genesis: genesis).write(replicaKeys: keys, clientKey: Sample.keys[7])
        for place in 4...6 { try KeyFile.create(at: key(place), with: Sample.keys[place]) }
    }

    private func key(_ place: Int) -> String { scratch.path + "/\(place).key" }

    private func run(_ arguments: String...) async throws -> (text: String, status: ProcessEnding?) {
        try await BuiltProgram.run(arguments)
    }

    private func admin(_ arguments: [String]) async throws -> (text: String, status: ProcessEnding?) {
        try await BuiltProgram.run(["admin"] + arguments + ["--group", directory.path])
    }

    private func withGroup(needed: Int, _ body: () async throws -> Void) async throws {
        try found(needed: needed)
        try await directory.whileServing(body)
    }

    @Test(.timeLimit(.minutes(3))) func severalSignAFileAndItIsDoneOnce() async throws {
        try await withGroup(needed: 2) {
            let path = scratch.path + "/op"
            let direct = try await admin(["settings", "--window", "24"])
            #expect(direct.status == .exited(1))
            #expect(
                direct.text.contains("the group several asks for the signatures of 2 administrators: make a file with"))

            let proposed = try await admin(["propose", "settings", "--window", "24", "--output", path])
            #expect(proposed.status == .exited(0), "\(proposed.text)")
            #expect(proposed.text.contains("arrange the group anew. Signatures that it needs: 2"))
            let unsigned = try await admin(["submit", path])
            #expect(unsigned.status == .exited(1))
            #expect(unsigned.text.contains("refused: 0 of the administrators have signed it, but 2 must"))

            let first = try await admin(["sign", path, "--key", key(5)])
            #expect(first.status == .exited(0), "\(first.text)")
            #expect(first.text.contains("setting that is not the default: window 24"))
            let under = try await admin(["submit", path])
            #expect(under.status == .exited(1))
            #expect(under.text.contains("refused: 1 of the administrators have signed it, but 2 must"))

            // A stranger's signature helps nobody.
            let spoilt = scratch.path + "/spoilt"
            try FileManager.default.copyItem(atPath: path, toPath: spoilt)
            let strange = try await admin(["sign", spoilt, "--key", key(4)])
            #expect(
                strange.text.contains("the group was not founded with \(Sample.keys[4].publicKey) as an administrator"))
            let stranger = try await admin(["submit", spoilt])
            #expect(stranger.status == .exited(1))
            #expect(
                stranger.text.contains(
                    "refused: the key \(Sample.keys[4].publicKey) is no administrator's of the group"))

            _ = try await admin(["sign", path, "--key", key(6)])
            let shown = try await admin(["show", path, "--json"])
            #expect(shown.text.contains(#""isValid":true},{"administrator""#))
            let done = try await admin(["submit", path])
            #expect(done.status == .exited(0), "\(done.text)")
            #expect(done.text.contains("view 2 follows: arrange the group anew"))
            let replayed = try await admin(["submit", path])
            #expect(replayed.status == .exited(1))
            #expect(replayed.text.contains("refused: this very operation was done before: it made view 2"))

            // Another one that was made for the same number comes too late.
            let rival = OperationFile(
                group: try OperationFile.read(path).group,
                operation: Reconfiguration(view: .genesis, number: OperationNumber(1), operation: .remove(ReplicaID(1)))
            )
            try rival.write(to: scratch.path + "/rival", isNew: true)
            for place in [5, 6] { _ = try await admin(["sign", scratch.path + "/rival", "--key", key(place)]) }
            let late = try await admin(["submit", scratch.path + "/rival"])
            #expect(late.text.contains("refused: operation 1 was done before: the next one has the number 2"))
        }
    }

    @Test(.timeLimit(.minutes(3))) func oneStepSufficesForOneKey() async throws {
        try await withGroup(needed: 1) {
            let dry = try await admin(["settings", "--window", "24", "--batch-requests", "77", "--dry-run", "--json"])
            #expect(
                dry.status == .exited(0) && dry.text.contains("batchRequestsMax") && dry.text.contains("view 2, then"),
                "\(dry.text)")
            #expect(dry.text.contains(#""before":{"view":1,"#))
            let done = try await admin(["settings", "--window", "24", "--batch-requests", "77"])
            #expect(done.status == .exited(0) && done.text.contains("view 2 follows view 1"), "\(done.text)")
            let same = try await admin(["settings", "--window", "24"])
            #expect(same.status == .exited(1) && same.text.contains("the settings are like that already"))
            let odd = try await admin(["settings", "--window", "0"])
            #expect(odd.status == .exited(1) && odd.text.contains("window is 0, but must be from 1 to 1024"))
            let stranger = try await admin(["arrange", "--leader", "3", "--key-file", key(4)])
            #expect(stranger.status == .exited(1))
            #expect(
                stranger.text.contains("the key \(Sample.keys[4].publicKey) is no administrator's of the group several")
            )
            let arranged = try await admin(["arrange", "--leader", "3", "--heavy", "2,3"])
            #expect(
                arranged.status == .exited(0) && arranged.text.contains("view 3 follows view 2"), "\(arranged.text)")
            let pinned = try await run("adaptation", "pin", directory.path, "--leader", "1")
            #expect(pinned.status == .exited(0) && pinned.text.contains("view 4 follows view 3"), "\(pinned.text)")
            let small = try await admin(["remove", "--replica", "2"])
            #expect(small.status == .exited(1))
            #expect(
                small.text.contains("3 members cannot tolerate 1 byzantine faults: at least 4 are needed"),
                "\(small.text)")
            let known = try await admin([
                "rekey", "--replica", "2", "--key", "\(Sample.keys[1].publicKey)", "--dry-run",
            ])
            #expect(
                known.status == .exited(1) && known.text.contains("members 1 and 2 have the same key"), "\(known.text)")
            let newcomer = ["--key", "\(Sample.keys[4].publicKey)", "--address", "127.0.0.1:9"]
            let used = try await admin(["add", "--replica", "3"] + newcomer + ["--dry-run"])
            #expect(used.status == .exited(1) && used.text.contains("no id is given twice"), "\(used.text)")
            let adding = try await admin(["add"] + newcomer + ["--dry-run"])
            #expect(
                adding.status == .exited(0) && adding.text.contains("view 6, once it is admitted"), "\(adding.text)")
            let unknown = try await admin(["add"] + newcomer + ["--replaces", "9", "--dry-run"])
            #expect(unknown.text.contains("replica 9, which shall be replaced, is no member"), "\(unknown.text)")
            try await growing(newcomer)
            let status = try await run("status", directory.path)
            #expect(status.status == .exited(0) && status.text.contains("4 of 4 replicas answer"), "\(status.text)")
        }
    }

    /// By a replica that nobody starts.
    private func growing(_ newcomer: [String]) async throws {
        let added = try await admin(["add"] + newcomer)
        #expect(added.status == .exited(0), "\(added.text)")
        #expect(added.text.contains("view 5 follows view 4: add replica 4 at 127.0.0.1:9"))
        let joining = try await run("status", directory.path, "--json")
        #expect(joining.status == .exited(0), "\(joining.text)")
        #expect(joining.text.contains("replica 4 joins the group\n4 of 4 replicas answer"))
        #expect(joining.text.contains(#""learners":[{"id":4,"replaces":null"#))
        let twice = try await admin(["add"] + newcomer)
        #expect(twice.status == .exited(1) && twice.text.contains("members 4 and 5 have the same key"), "\(twice.text)")
        let removed = try await admin(["remove", "--replica", "4"])
        #expect(
            removed.status == .exited(0) && removed.text.contains("view 6 follows view 5: remove replica 4"),
            "\(removed.text)")

        let late = try await admin(
            ["replace", "--replaces", "2"] + newcomer + ["--wait", "--timeout", "20", "--give-up"])
        #expect(late.status == .exited(1))
        #expect(late.text.contains("replica 5 is waited for at 127.0.0.1:9: not connected"), "\(late.text)")
        #expect(late.text.contains("and was given up: view 8 does not list it"), "\(late.text)")
    }
}
