// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MartletCrypto
import MartletTypes
import Testing

@testable import martlet_cli

@Suite struct OperationFileTests {
    private let genesis: Genesis
    private let view: View

    init() throws {
        genesis = try Sample.founding(4).genesis()
        view = try genesis.firstView(group: Hashing.group(of: genesis))
    }

    private var newcomer: Learner {
        Learner(
            Member(id: ReplicaID(4), key: Sample.keys[5].publicKey, host: "host4", port: 7004, isHeavy: false),
            replacing: ReplicaID(2))
    }

    private func file(_ operation: GroupOperation, signed: Bool = true) -> OperationFile {
        let operation = Reconfiguration(after: view, operation)
        let key = Sample.keys[7]
        let sealer = AdministratorSealer(group: view.group, publicKey: key.publicKey, key: key, scheme: Ed25519Scheme())
        return OperationFile(group: view.group, operation: signed ? sealer.sign(operation) : operation)
    }

    private func parse(_ text: String) throws -> OperationFile { try OperationFile(parsing: text.utf8, file: "op") }

    private func parsed(_ bytes: ArraySlice<UInt8>) -> OperationFile? {
        do {
            return try OperationFile(parsing: bytes, file: "op")
        } catch {
            return nil
        }
    }

    private func complaint(_ text: String) -> String {
        do {
            _ = try parse(text)
            return "none"
        } catch {
            return "\(error)"
        }
    }

    @Test func everyOperationComesBackAsItWasWritten() throws {
        var settings = GroupSettings()
        settings.window = 32
        let key = Sample.keys[6].publicKey
        let operations: [GroupOperation] = [
            .add(newcomer), .remove(ReplicaID(3)), .tolerate(.crash, f: 1), .update(newcomer.member),
            .administer(Administration(keys: [key, Sample.keys[7].publicKey].sorted(), needed: 2)),
            .access(.policy(.listed)), .access(.replace(ClientID(key), by: ClientID(Sample.keys[7].publicKey))),
            .access(.admit([AccessChange.Grant(ClientID(key), ClientLimits(sessionsMax: 2, batchBytesMax: 4096))])),
            .access(.expel([ClientID(key)])), .access(.forget([ClientID(key)])),
            .arrange(ViewPlan(heavy: view.plan.heavy, leaderOrder: view.plan.leaderOrder, settings: settings)),
        ]
        for operation in operations {
            for signed in [false, true] {
                let file = file(operation, signed: signed)
                #expect(try parse(file.text) == file)
                #expect(try parse(file.text.replacingOccurrences(of: "\n", with: "\r\n")) == file)
                let bare = file.text.split(separator: "\n").filter { !$0.hasPrefix("#") }.joined(separator: "\n\n")
                #expect(try parse(bare) == file, "comments and empty lines mean nothing")
            }
        }
    }

    @Test func itSaysInWordsWhatItAsksFor() {
        let text = file(.add(newcomer)).text
        #expect(text.hasPrefix("martlet operation 1\n# operation 1, made in view 1\n"))
        #expect(text.contains("# add replica 4 at host4:7004, which replaces replica 2 once it has caught up\n"))
        #expect(text.contains("#   with the key \(Sample.keys[5].publicKey)\n# signed by 1 administrator\n"))
        #expect(
            file(.remove(ReplicaID(1)), signed: false).text.contains("# remove replica 1\n# signed by nobody yet\n"))
    }

    @Test func whatIsWrongIsNamedWithItsLine() {
        let text = file(.add(newcomer)).text
        let group = Sample.line(of: "group ", in: text)
        #expect(complaint("") == "op:1: it is no operation on a group: its first line is not 'martlet operation 1'")
        #expect(complaint("hello\n" + text).hasPrefix("op:1: it is no operation on a group"))
        #expect(
            complaint(text.replacingOccurrences(of: "operation 1\n#", with: "operation 2\n#"))
                == "op:1: it has the format 2, and this program reads format 1")
        #expect(complaint("martlet operation 1\n# nothing\n") == "op: it ends before it names its group")
        #expect(
            complaint(text.replacingOccurrences(of: "\ngroup ", with: "\ngroup x"))
                == "op:\(group): expected: group, and its id of 64 hexadecimal digits")
        let head = text.split(separator: "\n").prefix(group).joined(separator: "\n")
        #expect(complaint(head) == "op: it ends before its operation")
        #expect(
            complaint(head + "\nAA\u{7}A") == "op:\(group + 1): '\\u{7}' does not belong into an operation in base64")
        #expect(complaint(head + "\nAAA") == "op:\(group + 1): the operation from here on is not whole")
        #expect(
            complaint(head + "\nAAAA").hasPrefix("op:\(group + 1): what is written here is no operation on a group"))
        #expect(
            complaint(String(repeating: "#\n", count: 40_000))
                == "op: it is longer than 65536 bytes, and no operation is")
        do {
            _ = try OperationFile(parsing: Array("martlet operation 1\n".utf8) + [0xff, 0xfe], file: "op")
            Issue.record("that is no text")
        } catch {
            #expect("\(error)" == "op:2: it is not text")
        }
    }

    @Test func anyBytesAreAnsweredAndNoChangedOneIsTheSame() throws {
        let original = file(.add(newcomer))
        let bytes = Array(original.text.utf8)
        let comments = original.text.range(of: "\ngroup ").map { original.text[..<$0.lowerBound].utf8.count } ?? 0
        for end in bytes.indices {
            if let cut = parsed(bytes[..<end]) {
                #expect(end == bytes.count - 1 && cut == original, "only the last line's end may be missing")
            }
        }
        for place in bytes.indices.dropFirst(comments) {
            for bit in 0..<8 as Range<UInt8> {
                var changed = bytes
                changed[place] ^= 1 << bit
                guard let other = parsed(changed[...]) else { continue }
                let isSame = other == original
                let isWhole = OperationText(other.operation).signatures(group: other.group).allSatisfy(\.isValid)
                #expect(isSame || !isWhole || other.operation.shares.isEmpty, "byte \(place), bit \(bit)")
            }
        }
    }

    @Test func aFileForAnotherGroupIsRefusedByName() throws {
        let other = try Sample.founding(5).genesis()
        let file = file(.remove(ReplicaID(1)))
        do {
            try file.require(group: Hashing.group(of: other), of: other, file: "op")
            Issue.record("it is for another group")
        } catch {
            #expect(
                "\(error)"
                    == "op is for another group: for the one with the id \(view.group.hexadecimal), and not for sample, which has the id \(Hashing.group(of: other).hexadecimal)"
            )
        }
        try file.require(group: view.group, of: genesis, file: "op")
    }

    @Test func nothingIsWrittenOverUnlessItIsSigned() throws {
        let scratch = try Scratch()
        let path = scratch.path + "/op"
        try file(.remove(ReplicaID(1)), signed: false).write(to: path, isNew: true)
        #expect(throws: CommandFailure.self) { try file(.remove(ReplicaID(2))).write(to: path, isNew: true) }
        try file(.remove(ReplicaID(1))).write(to: path, isNew: false)
        #expect(try OperationFile.read(path) == file(.remove(ReplicaID(1))))
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path) == ["op"])
        #expect(throws: CommandFailure.self) { try OperationFile.read(scratch.path) }
        #expect(throws: CommandFailure.self) { try OperationFile.read(scratch.path + "/none") }
    }

    // MARK: Before and after

    private func table(_ operation: GroupOperation, on view: View? = nil) throws -> [String: [String]] {
        let table = try ViewComparison(operation, on: view ?? self.view).table
        return Dictionary(uniqueKeysWithValues: table.rows.map { ($0[0], Array($0.dropFirst())) })
    }

    @Test func theGroupIsShownBeforeAndAfter() throws {
        let adding = Learner(newcomer.member)
        let rows = try table(.add(adding))
        #expect(rows["members"] == ["0,1,2,3", "0,1,2,3", "0,1,2,3,4"])
        #expect(rows["learners"] == ["none", "4", "none"])
        #expect(rows["Δ, members to spare"] == ["0", "0", "1"])
        #expect(rows["quorum weighs"] == ["3 of 4", "3 of 4", "5 of 7 (a heavy member 2, another 1)"])
        #expect(rows["leaders in turn"]?.last == "0,1,2,3,4")
        let replacing = try table(.add(newcomer))
        #expect(replacing["learners"]?[1] == "4 (replaces 2)" && replacing["members"]?[2] == "0,1,4,3")
        let moved = Member(id: ReplicaID(1), key: view.members[1].key, host: "there", port: 9, isHeavy: false)
        #expect(try table(.update(moved))["replica 1"]?.map { $0.prefix(9) } == ["host1:700", "there:9, "])
        #expect(try table(.tolerate(.crash, f: 1))["fault model"] == ["byzantine", "crash"])
        #expect(throws: ViewError.self) { try table(.remove(ReplicaID(0))) }
        #expect(throws: ViewError.self) { try table(.remove(ReplicaID(9))) }
    }

    @Test func whatIsRiskyIsWarnedOf() throws {
        let five = try Sample.founding(5).genesis().firstView(group: .zero)
        let warnings = { (operation: GroupOperation, view: View, absent: [UInt16]) in
            try ViewComparison(operation, on: view).warnings(absent: absent.map { ReplicaID($0) })
        }
        #expect(try warnings(.remove(ReplicaID(4)), five, []).isEmpty)
        #expect(
            try warnings(.remove(ReplicaID(4)), five, [2])
                == ["with replica 2 unreachable the group has no member to spare"])
        #expect(
            try warnings(.remove(ReplicaID(4)), five, [2, 3])
                == ["without replicas 2,3 the group would stop: the others weigh 2, and a quorum weighs 3"])
        #expect(try warnings(.remove(ReplicaID(4)), five, [4]).isEmpty, "who leaves need not vote")
        #expect(try warnings(.tolerate(.crash, f: 1), view, []).contains { $0.contains("member that lies") })
        let rekeyed = Member(id: ReplicaID(1), key: Sample.keys[6].publicKey, host: "host1", port: 7001, isHeavy: false)
        let rekeying = try warnings(.update(rekeyed), view, [])
        #expect(rekeying.contains("replica 1 has no vote from then on until it is started with its new key"))
        #expect(rekeying.contains("with replica 1 unreachable the group has no member to spare"))
        let all = Administration(keys: [Sample.keys[6].publicKey, Sample.keys[7].publicKey].sorted(), needed: 2)
        #expect(try warnings(.administer(all), view, []).contains { $0.contains("all 2 keys") })
    }
}
