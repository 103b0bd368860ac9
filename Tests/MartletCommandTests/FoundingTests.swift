// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MartletCrypto
import MartletTypes
import Testing

@testable import martlet_cli

@Suite struct FoundingTests {
    @Test(arguments: [
        (1, FaultModel.byzantine, 0), (4, .byzantine, 1), (6, .byzantine, 1), (7, .byzantine, 2), (1, .crash, 0),
        (3, .crash, 1), (4, .crash, 1), (5, .crash, 2),
    ])
    func toleratesAsManyFaultsAsItCan(n: Int, model: FaultModel, f: Int) throws {
        #expect(try Sample.founding(n, model).genesis().f == f)
    }

    @Test(arguments: [
        (2, FaultModel.byzantine, Int?.none, "f = 0 means one replica, not 2"),
        (3, .byzantine, nil, "With the fault model crash, 3 members tolerate f = 1"),
        (3, .byzantine, 1, "3f+1 = 4 are needed"), (4, .byzantine, 2, "4 tolerate f = 1"),
        (2, .crash, nil, "from 3 members"), (4, .crash, 2, "2f+1 = 5"), (1, .byzantine, 1, "3f+1 = 4"),
        (4, .byzantine, 0, "f = 0 means one replica"), (4, .byzantine, -1, "cannot be less than 0"),
        (4, .byzantine, Int.max, "are needed"),
    ])
    func numbersThatDoNotGoTogetherAreRefusedWithTheReason(n: Int, model: FaultModel, f: Int?, words: String) throws {
        let failure = try #require(throws: CommandFailure.self) { try Sample.founding(n, model, f: f).genesis() }
        #expect(failure.description.contains(words), "\(failure)")
    }

    @Test func whoLeadsAndWhoIsHeavyIsTheFoundersChoice() throws {
        var founding = Sample.founding(5)
        founding.leaders = [4, 0, 1, 2, 3]
        #expect(try founding.genesis().members.map(\.id.rawValue) == [4, 0, 1, 2, 3])
        // Unless said otherwise those that lead first are heavy.
        #expect(try founding.genesis().members.filter(\.isHeavy).map(\.id.rawValue) == [4, 0])
        founding.heavy = [3, 4]
        let genesis = try founding.genesis()
        #expect(genesis.members.filter(\.isHeavy).map(\.id.rawValue) == [4, 3])
        #expect(genesis.members[0].key == founding.members[4].key && genesis.members[0].port == 7004)
        #expect(try GenesisFile.read(text: GenesisFile.text(of: genesis), file: "g.yaml") == genesis)
        for (leaders, heavy) in [([0, 1, 2, 3], [0, 1]), ([0, 1, 2, 3, 3], [0, 1]), ([4, 3, 2, 1, 0], [0, 5])] {
            founding.leaders = leaders
            founding.heavy = heavy
            #expect(throws: CommandFailure.self) { try founding.genesis() }
        }
        founding.leaders = nil
        founding.heavy = [1]
        #expect(throws: CommandFailure.self) { try founding.genesis() }
    }

    @Test func twoPartiesWithOneKeyOrOneAddressAreRefused() throws {
        var founding = Sample.founding(4)
        founding.members[1] = FoundingMember(key: founding.members[0].key, address: founding.members[1].address)
        #expect(throws: CommandFailure("members 0 and 1 have the same key")) { try founding.genesis() }
        founding = Sample.founding(4)
        founding.members[1] = FoundingMember(key: founding.members[1].key, address: founding.members[0].address)
        #expect(throws: CommandFailure.self) { try founding.genesis() }
    }

    @Test func membersAreReadAsTheyAreWritten() throws {
        let key = Sample.keys[0].publicKey
        #expect(
            try FoundingMember("\(key)@[::1]:70") == FoundingMember(key: key, address: Address(host: "::1", port: 70)))
        for text in [
            "", "\(key)", "\(key)@", "\(key)@host", "\(key)@host:", "\(key)@:1", "\(key)@a:65536", "x@a:1",
            "\(key)@::1:70", "\(key)@a b:1", "\(key)@a@b:1",
        ] {
            #expect(throws: CommandFailure.self, "\(text)") { try FoundingMember(text) }
        }
    }

    @Test func nothingIsOverwritten() throws {
        let scratch = try Scratch()
        try GroupDirectory(scratch.path).requireVacant()
        try GroupDirectory(scratch.path + "/new").requireVacant()
        let file = try scratch.file("a", "")
        for path in [scratch.path, file] {
            let founder = GroupFounder(directory: GroupDirectory(path), genesis: try Sample.founding(4).genesis())
            #expect(throws: CommandFailure.self) { try founder.write(replicaKeys: [], clientKey: nil) }
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path) == ["a"])
    }

    @Test func aGroupThatWasWrittenCanBeRead() throws {
        let scratch = try Scratch()
        let directory = GroupDirectory(scratch.path + "/group")
        let genesis = try Sample.founding(4).genesis()
        try GroupFounder(directory: directory, genesis: genesis)
            .write(replicaKeys: Array(Sample.keys.prefix(4)), clientKey: Sample.keys[7])
        #expect(try directory.genesis() == genesis)
        #expect(try directory.clientKey().publicKey == Sample.keys[7].publicKey)
        #expect(directory.replicasHere(of: genesis) == genesis.members.map(\.id))
        for (member, key) in zip(genesis.members, Sample.keys) {
            let file = try ReplicaFile(home: directory.home(of: member.id))
            #expect(file.replica == member.id)
            #expect(try KeyFile.read(at: file.keyPath).publicKey == key.publicKey)
            #expect(try GenesisFile.read(file.genesisPath) == genesis)
        }
    }

    @Test func aDirectoryWithoutAGroupSaysHowToMakeOne() throws {
        let failure = try #require(throws: CommandFailure.self) { try GroupDirectory("nowhere").genesis() }
        #expect(failure.description.contains("martlet init nowhere --replicas 4"))
    }

    @Test func freePortsLieBelowThoseOfOutgoingConnections() throws {
        let base = try FreePorts.consecutive(4)
        #expect(base >= 1024 && base + 4 <= 32_768)
        #expect((base..<base + 4).allSatisfy(FreePorts.isFree))
    }

    @Test func listsOfKeysAreReadWithComments() throws {
        let keys = Sample.keys.prefix(2).map(\.publicKey)
        #expect(try PublicKeyList.keys(in: "# ours\n\(keys[0])\n\n \(keys[1]) # his\n", file: "keys") == keys)
        for (text, line) in [("\(keys[0])\nxyz", 2), ("\(keys[0])\n\(keys[0])", 2)] {
            let error = #expect(throws: ConfigurationError.self) { try PublicKeyList.keys(in: text, file: "keys") }
            #expect(error?.line == line)
        }
    }
}
