// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MartletCrypto
import MartletKV
import MartletTypes
import Synchronization
import Testing

@testable import martlet_cli

@Suite("martlet attack", .serialized)
struct AttackTests {
    // MARK: The whole thing: real replicas and hostile ones, as processes

    @Test(
        "A silent leader is replaced, and a client that sends to some only costs no safety",
        .timeLimit(.minutes(3)), arguments: [AttackClass.silentLeader, .partialBroadcast])
    func attack(kind: AttackClass) async throws {
        let scratch = try Scratch()
        let executable: String = try #require(BuiltProgram.path())
        let run = AttackRun(
            kind: kind, seconds: 3, directory: scratch.path + "/group", executable: executable,
            attacker: try #require(BuiltProgram.path(AttackerProgram.name)))
        let result = try await run.run { _ in }
        #expect(result.isSafe, "\(result.violations)")
        #expect(result.isAttacked && result.acts > 0, "an attack that never acts proves nothing")
        // What a client owes a signature for is not proposed: with luck it costs no leader.
        if kind == .silentLeader { #expect(result.regency > .first, "the leader was replaced") }
        #expect(result.before.throughput > 0 && result.after.throughput > 0)
    }

    // MARK: Figures

    private let start = Instant(1_000_000_000)

    private func samples(_ milliseconds: [UInt64]) -> [AttackLoad.Sample] {
        milliseconds.map { AttackLoad.Sample(end: start + .milliseconds($0), latency: .milliseconds(2)) }
    }

    @Test("A gap counts from the beginning and to the end of its stretch")
    func gaps() {
        let figures = AttackFigures(samples([100, 150, 600]), from: start, to: start + .milliseconds(1000))
        #expect(figures.throughput == 3 && figures.longestGap == 450 && figures.p99 == 2)
        let silence = AttackFigures([], from: start, to: start + .milliseconds(1000))
        #expect(silence.throughput == 0 && silence.longestGap == 1000 && silence.p99 == nil)
    }

    @Test("Recovery is the first whole second with enough answers")
    func recovery() {
        let all = samples((0..<3000).filter { $0 < 500 || $0 >= 900 }.map { UInt64($0) })
        func seconds(_ share: Double) -> Double? {
            AttackFigures.recovery(all, from: start, to: start + .seconds(3), share: share, of: 1000)
        }
        #expect(seconds(0.5) == 0)
        #expect(seconds(0.9) == 0.8)
        #expect(seconds(1.1) == nil)
    }

    // MARK: The judge

    private func histories(_ store: LocalStore) async -> [SessionHistory] {
        var histories: [SessionHistory] = []
        for number in 0..<3 {
            var history = SessionHistory(number: number)
            for _ in 0..<40 { _ = await history.next(KVClient(store)) }
            histories.append(history)
        }
        return histories
    }

    @Test("The judge finds nothing wrong with what is right, and each thing that is wrong")
    func judge() async throws {
        let store = LocalStore()
        let histories = await histories(store)
        let right = try await store.values()
        #expect(SafetyJudge.violations(of: histories, right).isEmpty)
        for (key, value, complaint) in [
            ("own/1/3", nil, "the last acknowledged value of own/1/3 is not there"),
            ("own/1/3", "other", "the last acknowledged value of own/1/3 is not there"),
            ("counter/1", "9", "counter 1 is 9 after 10 acknowledged"),
            ("counter/1", "11", "counter 1 is 11 after 10 acknowledged"),
            ("forged/1", "forged", "nobody wrote forged/1"),
            ("x/replayed", "51", "sent again and again, gave 51"),
        ] as [(String, String?, String)] {
            var wrong = right
            wrong[Bytes(key.utf8)] = value.map { Bytes($0.utf8) }
            let found = SafetyJudge.violations(of: histories, wrong)
            #expect(found.contains { $0.contains(complaint) }, "\(key): \(found)")
        }
    }

    @Test("A session that reads the past or is given one sum twice says so")
    func liedTo() async throws {
        let store = LocalStore()
        var history = SessionHistory(number: 0)
        for _ in 0..<11 { _ = await history.next(KVClient(store)) }
        #expect(history.violations.isEmpty && history.failures.isEmpty)
        store.forget()
        for _ in 0..<8 { _ = await history.next(KVClient(store)) }
        #expect(history.violations.contains { $0.contains("was told the sum") })
        #expect(history.violations.contains { $0.contains("read what it had not written") })
    }

    @Test("The table goes between its two marks, and nowhere else")
    func document() throws {
        let scratch = try Scratch()
        let table = AttackTable(results: [])
        let marks = "<!-- attack table: written by 'martlet attack' -->\nold\n<!-- end of the attack table -->"
        let file = try scratch.file("with.md", "before\n\(marks)\nafter\n")
        try table.write(into: file)
        let text = try String(contentsOfFile: file, encoding: .utf8)
        #expect(text.hasPrefix("before\n<!--") && text.hasSuffix("-->\nafter\n"))
        #expect(text.contains("| attack |") && !text.contains("old"))
        let other = try scratch.file("without.md", "nothing")
        #expect(throws: CommandFailure.self) { try table.write(into: other) }
    }
}

/// The service without a group around it.
private final class LocalStore: RequestSubmitter {
    private let machine = Mutex(KVStateMachine())

    func submit(_ operation: Bytes) async throws -> Bytes {
        machine.withLock { machine in
            machine.execute(
                operation,
                in: ExecutionContext(
                    client: ClientID(Sample.keys[0].publicKey), instance: Instance(1), time: Timestamp(1), seed: 1))
        }
    }

    func read(_ query: Bytes) async throws -> Bytes {
        machine.withLock { $0.read(query, lastExecuted: Instance(1)).result }
    }

    /// Everything is lost.
    func forget() { machine.withLock { $0 = KVStateMachine() } }

    func values() async throws -> [Bytes: Bytes] {
        let page = try await KVClient(self).scan()
        return Dictionary(uniqueKeysWithValues: page.items.map { ($0.key, $0.value) })
    }
}
