// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import MartletCrypto
import MartletReplica
import MartletTypes
import Testing

@testable import martlet_cli

@Suite struct BackupCommandTests {
    private let scratch: Scratch
    private let group: CheckpointedGroup
    private var file: String { scratch.path + "/backup" }

    init() throws {
        scratch = try Scratch()
        group = try CheckpointedGroup(in: scratch)
    }

    private func run(_ command: any ParsableCommand.Type, _ arguments: [String]) async throws {
        var command = try command.parseAsRoot(arguments)
        if var asynchronous = command as? any AsyncParsableCommand {
            try await asynchronous.run()
        } else {
            try command.run()
        }
    }

    private func make() async throws { try await run(BackupCommand.self, ["make", group.home, file]) }

    private func restore(_ directory: String, _ arguments: [String] = []) async throws {
        try await run(
            RestoreCommand.self,
            [file, scratch.path + "/" + directory, "--genesis", group.directory.genesisPath] + arguments)
    }

    @Test func aBackupIsMadeVerifiedAndRestoredIntoAGroupOfAnotherSize() async throws {
        try await make()
        try await run(BackupCommand.self, ["verify", file, "--genesis", group.directory.genesisPath])
        try await run(BackupCommand.self, ["verify", file, "--trust-backup", "--json"])
        try await restore("new", ["--replicas", "7", "--name", "again"])
        let new = GroupDirectory(scratch.path + "/new")
        let genesis = try new.genesis()
        let backup = try Backup(at: file, of: group.genesis)
        #expect(genesis.members.count == 7 && genesis.f == 2 && genesis.name == "again" && genesis.settings.isDurable)
        #expect(genesis.origin?.state == backup.origin && backup.origin.instance == Instance(1024))
        #expect(backup.origin.group == Hashing.group(of: group.genesis))
        let keys = Set(group.genesis.members.map(\.key))
        for member in genesis.members {
            #expect(!keys.contains(member.key))
            #expect(try Backup.verify(new.home(of: member.id) + "/origin", of: group.genesis) == backup)
        }
        let report = BackupReport(backup: backup, file: file).table
        #expect(report.contains("agreed time") && report.contains("2023-11-14T22:13:20Z"), "\(report)")
        #expect(report.contains(backup.origin.digest.hexadecimal) && report.contains("3 members of view 1"))
    }

    @Test func whoMayBelieveABackupIsSaid() async throws {
        try await make()
        for arguments in [["verify", file], ["verify", file, "--trust-backup", "--genesis", "x"]] {
            #expect(throws: (any Error).self) { try BackupCommand.parseAsRoot(arguments) }
        }
        #expect(throws: (any Error).self) { try RestoreCommand.parseAsRoot([file, "new", "--replicas", "4"]) }
        #expect(throws: (any Error).self) { try RestoreCommand.parseAsRoot([file, "new", "--trust-backup"]) }
        let stranger = try CheckpointedGroup(in: scratch, "stranger", keys: 1)
        let other = ["--genesis", stranger.directory.genesisPath]
        await #expect(throws: ExitCode(1)) { try await run(BackupCommand.self, ["verify", file] + other) }
        await #expect(throws: ExitCode(1)) {
            try await run(BackupCommand.self, ["make", group.home, file + "2"] + other)
        }
        await #expect(throws: ExitCode(1)) {
            try await run(RestoreCommand.self, [file, scratch.path + "/new", "--replicas", "4"] + other)
        }
        #expect(!FileManager.default.fileExists(atPath: scratch.path + "/new"))
    }

    /// They were one group, whose members had begun twice.
    @Test func foundingTwiceWithTheSameMembersMakesTwoGroups() async throws {
        try await make()
        let members = (0..<4).flatMap { ["--member", "\(Sample.keys[$0].publicKey)@host\($0):7000"] }
        try await restore("one", members)
        try await restore("two", members)
        let (one, two) = (
            try GroupDirectory(scratch.path + "/one").genesis(), try GroupDirectory(scratch.path + "/two").genesis()
        )
        #expect(one.members == two.members && one.origin?.state == two.origin?.state)
        #expect(Hashing.group(of: one) != Hashing.group(of: two))
    }

    /// It was opened to anyone unless somebody thought of it.
    @Test func whoMayUseTheNewGroupIsAskedWhereTheOldOneWasClosed() async throws {
        let list = try scratch.file("clients", "\(Sample.keys[5].publicKey)\n\(Sample.keys[6].publicKey)\n")
        let closed = try CheckpointedGroup(in: scratch, "closed", keys: 1, founded: ["--client-access", list])
        try await run(BackupCommand.self, ["make", closed.home, file])
        func restored(_ name: String, _ arguments: [String]) async throws -> Genesis {
            let directory = scratch.path + "/" + name
            try await run(
                RestoreCommand.self,
                [file, directory, "--genesis", closed.directory.genesisPath, "--replicas", "4"] + arguments)
            return try GroupDirectory(directory).genesis()
        }
        await #expect(throws: ExitCode(1)) { _ = try await restored("new", []) }
        #expect(!FileManager.default.fileExists(atPath: scratch.path + "/new"))
        let failure = #expect(throws: CommandFailure.self) {
            let founding = try FoundingOptions.parse(["x", "--replicas", "4"])
            try founding.requireDecidedAccess(after: AccessTable(closed.genesis.clientAccess))
        }
        #expect(failure?.description.contains("only the 3 clients") == true)
        #expect(failure?.description.contains("say --client-access FILE") == true)
        #expect(failure?.description.contains("or --client-access open") == true)
        let open = try await restored("open", ["--client-access", "open"])
        #expect(open.clientAccess == .open)
        let listed = try await restored("listed", ["--client-access", list])
        #expect(listed.clientAccess.admits(ClientID(Sample.keys[5].publicKey)))
        #expect(!listed.clientAccess.admits(ClientID(Sample.keys[4].publicKey)))
        func report(_ genesis: Genesis) -> String {
            FoundingReport(directory: closed.directory, genesis: genesis, isLocal: true).access
        }
        #expect(report(open) == "open to any client" && report(listed) == "serves 3 clients")
    }

    /// With --trust-backup it is anybody's text.
    @Test func aGroupsNameMovesNothingOnTheScreen() async throws {
        let name = "a\u{1B}[2Jb\u{202E}c\nd ü"
        let group = try CheckpointedGroup(in: scratch, "named", keys: 1, founded: ["--name", name])
        try await run(BackupCommand.self, ["make", group.home, file])
        let report = BackupReport(backup: try Backup(at: file), file: file).table
        #expect(report.contains("a\\u{1b}[2Jb\\u{202e}c\\u{a}d ü, "), "\(report)")
        #expect(ForeignText.shown("größe 1") == "größe 1")
    }

    @Test func nothingIsWrittenOver() async throws {
        try await make()
        await #expect(throws: ExitCode(1)) { try await make() }
        await #expect(throws: ExitCode(1)) { try await restore("group", ["--replicas", "4"]) }
        try FileManager.default.createDirectory(atPath: scratch.path + "/mine", withIntermediateDirectories: true)
        let mine = try scratch.file("mine/a", "a")
        await #expect(throws: ExitCode(1)) { try await restore("mine", ["--replicas", "4"]) }
        #expect(try String(contentsOfFile: mine, encoding: .utf8) == "a")
    }

    /// Found only when the chunks are copied.
    @Test func aFoundingThatFailsHalfWayLeavesNothing() async throws {
        try await make()
        try DurableHome.change(file) { $0[$0.count - 10] ^= 1 }
        try FileManager.default.createDirectory(atPath: scratch.path + "/empty", withIntermediateDirectories: true)
        for directory in ["new", "empty"] {
            await #expect(throws: ExitCode(1)) { try await restore(directory, ["--replicas", "4"]) }
        }
        await #expect(throws: ExitCode(1)) { try await run(BackupCommand.self, ["verify", file, "--trust-backup"]) }
        #expect(!FileManager.default.fileExists(atPath: scratch.path + "/new"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path + "/empty").isEmpty)
    }

    /// One that was killed cannot clean up, and what it leaves is not taken for a group.
    @Test func whatAFoundingThatWasKilledLeftIsNamed() async throws {
        try await make()
        try await restore("new", ["--replicas", "4"])
        let new = GroupDirectory(scratch.path + "/new")
        try FileManager.default.removeItem(atPath: new.genesisPath)
        let failure = #expect(throws: CommandFailure.self) { try new.requireVacant() }
        #expect(failure?.description.contains("what a founding that was broken off has left: remove it") == true)
        #expect(throws: CommandFailure.self) { try new.genesis() }
    }

    @Test func aHomeWithoutItsFilesIsNamed() async throws {
        await #expect(throws: ExitCode(1)) { try await run(BackupCommand.self, ["make", scratch.path, file]) }
        let other = group.directory.home(of: ReplicaID(1))
        await #expect(throws: ExitCode(1)) { try await run(BackupCommand.self, ["make", other, file, "--json"]) }
        #expect(!FileManager.default.fileExists(atPath: file))
    }

    @Test func progressIsToldNowAndThen() {
        let begin = ContinuousClock.now
        var lines: [String] = []
        let progress = ByteProgress("copied", passes: 2, at: begin) { lines.append($0) }
        progress.note(1 << 20, of: 10 << 20, at: begin + .seconds(1))
        #expect(lines.isEmpty)
        progress.note(5 << 20, of: 10 << 20, at: begin + .seconds(5))
        progress.note(6 << 20, of: 10 << 20, at: begin + .seconds(6))
        progress.endPass()
        progress.note(5 << 20, of: 10 << 20, at: begin + .seconds(15))
        #expect(lines == ["5 of 20 MiB copied, 25 %, 15 s left", "15 of 20 MiB copied, 75 %, 5 s left"])
        progress.note(0, of: 0, at: begin + .seconds(30))
        #expect(lines.count == 2)
    }
}
