// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import MartletTypes
import Testing

@testable import martlet_cli

@Suite("martlet bench durability and recovery")
struct DurabilityBenchmarkTests {
    private let start = Instant(1_000_000_000)

    @Test("The search finds a knee within its precision, wherever it lies", arguments: [150.0, 5_000, 8_000, 77_777])
    func search(knee: Double) throws {
        var search = KneeSearch(from: 8_000)
        var tried = 0
        while let rate = search.rate {
            tried += 1
            try #require(tried < 60)
            search.note(isKept: rate <= knee)
        }
        let kept = try #require(search.kept)
        #expect(kept <= knee && kept * (1 + KneeSearch.precision) >= knee)
    }

    @Test("One bad moment of the machine does not end the search, two at the same rate do")
    func repeated() {
        var search = KneeSearch(from: 1_000)
        search.note(isKept: false)
        #expect(search.rate == 1_000)
        search.note(isKept: true)
        #expect(search.rate == 2_000)
        search.note(isKept: false)
        search.note(isKept: false)
        #expect(search.rate == 1_500)
    }

    @Test("A group that answers everything, and one that answers nothing, have no knee")
    func none() {
        var (fast, dead) = (KneeSearch(from: 1_000, upTo: 10_000), KneeSearch(from: 1_000))
        while fast.rate != nil { fast.note(isKept: true) }
        while dead.rate != nil { dead.note(isKept: false) }
        #expect(fast.kept == 8_000 && dead.kept == nil)
    }

    @Test("A load is kept when all is answered, 99 of 100 in time, and not when one of a thousand never comes or fails")
    func kept() {
        var trial = OpenLoop.Trial(rate: 1_000, due: 1_000, record: LoadRecord(from: start))
        for number in 1...1_000 {
            trial.record.completed(after: .milliseconds(number <= 10 ? 500 : 5), at: start)
        }
        #expect(trial.isKept(latencyMax: 25))
        #expect(!trial.isKept(latencyMax: 4))
        trial.due = 1_002
        #expect(!trial.isKept(latencyMax: 25))
        trial.due = 1_000
        trial.isOverrun = true
        #expect(!trial.isKept(latencyMax: 25))
        trial.isOverrun = false
        trial.record.failed("late")
        #expect(!trial.isKept(latencyMax: 25))
    }

    @Test("Targets are what the group without a disk allows, with the syncs on the path")
    func targets() {
        let memory = DurabilityReport.Side(throughput: 100_000, p50: 1_800, knee: 50_000, kneeP99: 9_000)
        let durable = DurabilityReport.Side(throughput: 70_000, p50: 2_300, knee: 35_000, kneeP99: 9_000)
        let report = DurabilityReport(
            sentence: "", clients: 200, latencyMax: 25,
            rounds: [.init(syncMicroseconds: 200, memory: memory, durable: durable)])
        let targets = report.targets
        #expect(targets.map { Int($0.measured) } == [70, 70_000, 2_300])
        #expect(targets.map { Int($0.bound) } == [60, 72_727, 2_200])
        #expect(targets.map(\.isMet) == [true, false, false])
        #expect(report.text.contains("missed") && report.json.description.contains("\"isMet\":true"))
    }

    @Test("Logs of several replicas are written at once, and leave nothing behind but their directory")
    func sync() async throws {
        let directory = try Scratch()
        let time = try await SyncBenchmark(logs: 4, directory: directory.path + "/logs").run()
        #expect(time > 0)
    }

    @Test("Each key is written once before any is written again")
    func operations() {
        let operations = KeyedOperations(keys: 50, valueBytes: 16)
        let first = (0..<50).map { _ in operations.next() }
        #expect(Set(first).count == 50 && operations.made == 50)
        #expect(Set((0..<50).map { _ in operations.next() }).isDisjoint(with: first))
    }

    @Test("Options of a benchmark are its own, also where others have them too")
    func optionsOfABenchmarkAreItsOwn() throws {
        let checkpoint = try MartletCommand.parseAsRoot(["bench", "checkpoint", "--keys", "1000", "--json"])
        #expect((checkpoint as? CheckpointBenchCommand)?.json == true)
        let recovery = try MartletCommand.parseAsRoot(["bench", "recovery", "--keys", "1000", "--seconds", "3"])
        #expect((recovery as? RecoveryBenchCommand)?.seconds == 3)
        let load = try MartletCommand.parseAsRoot(["bench", "--seconds", "3", "--json"])
        #expect((load as? LoadBenchCommand)?.seconds == 3)
    }
}
