// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletKV
import MartletSimulation
import MartletTypes
import Testing

@testable import martlet_cli

@Suite("martlet power-cuts", .serialized)
struct PowerCutTests {
    private func run(_ change: (inout PowerCutParameters) -> Void) async throws -> PowerCutResult {
        let scratch = try Scratch()
        var parameters = PowerCutParameters()
        parameters.clients = 8
        change(&parameters)
        let run = PowerCutRun(
            parameters: parameters, directory: scratch.path + "/group",
            executable: try #require(BuiltProgram.path() as String?))
        return try await run.run { _ in }
    }

    // MARK: The whole thing: real replicas, killed

    @Test("A group whose replicas lose power loses nothing that it acknowledged", .timeLimit(.minutes(5)))
    func nothingIsLost() async throws {
        let result = try await run {
            $0.seconds = 12
            $0.seed = 3
        }
        #expect(result.isSafe, "\(result.violations)")
        #expect(result.counts.cuts >= 2 && result.counts.kills >= result.counts.cuts)
        #expect(result.acknowledged > 50 && result.judged >= result.acknowledged && result.keysAcknowledged > 0)
    }

    @Test("Disks whose syncs do nothing lose what was acknowledged, and it is seen", .timeLimit(.minutes(5)))
    func lyingDisks() async throws {
        // A cut of all loses something, but what was acknowledged last may have been synced by chance.
        var seen: [[String]] = []
        for seed in 1...5 as ClosedRange<UInt64> {
            let result = try await run {
                $0.seconds = 12
                $0.seed = seed
                $0.patience = .seconds(15)
                $0.cutsAll = true
                $0.hasLyingDisks = true
            }
            seen.append(result.violations)
            guard
                result.violations.contains(where: { violation in
                    // The replicas may see it before any client does: then they do not go on.
                    ["fits no order", "was written as", "has signed something about instance"]
                        .contains { violation.contains($0) }
                })
            else { continue }
            #expect(!result.isSafe && result.json.description.hasPrefix("{\"ok\":false,"))
            #expect(result.text.contains("UNSAFE  "))
            return
        }
        Issue.record("nothing was lost, or nobody has seen it: \(seen)")
    }

    // MARK: What replicas say

    @Test("Of a replica's lines a loss is counted, and an error is one too many")
    func lines() {
        let record = PowerCutRecord()
        var loss = VolatileLoss()
        (loss.bytes, loss.writes, loss.torn, loss.names) = (1_024, 2, 1, 3)
        let line = "12:00:00.000  log: went with the process before this one: \(loss)"
        for _ in 0..<2 { record.read(line, of: ReplicaID(1)) }
        record.read("12:00:00.000  warning: replica 2 cannot be reached", of: ReplicaID(1))
        #expect(record.counts.loss.bytes == 2_048 && record.counts.loss.torn == 2 && record.counts.losers == 2)
        #expect(record.violations.isEmpty)
        record.read("12:00:00.000  error: the snapshot after instance 128 is damaged", of: ReplicaID(2))
        #expect(record.violations == ["replica 2 says: the snapshot after instance 128 is damaged"])
    }

    @Test("A line that it writes at the start is one that it reads")
    func lossLine() {
        #expect(VolatileDisk.loss(in: "12:00:00.000  a line of another kind") == nil)
        #expect(VolatileDisk.loss(in: "x: went with the process before this one: 1 bytes") == nil)
    }

    // MARK: The load

    @Test("With each change of keys all begin with new ones, and some reads go back to the old ones")
    func keys() throws {
        var recording = LoadRecording(
            sessions: 3,
            mix: .init(keys: 10, orderedPermille: 500, oldKeyPermille: 300, impatientPermille: 100), seed: 1)
        var (old, ordered, impatient) = (0, 0, 0)
        for generation in 0..<40 {
            for place in 0..<90 {
                let call = recording.begin(place % 3, at: Instant(1))
                guard case .call(_, let operation, _) = recording.history.events.last else { continue }
                let key = try #require(operation.keys.first)
                if key < generation * 10 { old += 1 } else { #expect(key / 10 == generation) }
                #expect(key < recording.keysUsed && (key / 10 == generation || operation.isRead))
                #expect(call.isOrdered || operation.isRead)
                if operation.isRead, call.isOrdered { ordered += 1 }
                if call.deadline != nil { impatient += 1 }
                #expect(call.payload == ServiceCodec.bytes(of: operation))
                #expect(!recording.isIdle)
                recording.end(place % 3, .unknown(.deadline), at: Instant(2))
                #expect(recording.isIdle)
            }
            #expect(recording.keysUsed == (generation + 1) * 10)
            recording.moveOn()
        }
        #expect((200...500).contains(old) && (400...700).contains(ordered) && (250...450).contains(impatient))
    }

    @Test("The history of a long run with calls that are given up is not too hard to judge")
    func judging() {
        var recording = LoadRecording(sessions: 16, mix: PowerCutRun.mix, seed: 1)
        var world = World()
        for _ in 0..<60 {
            for step in 0..<1_600 {
                let call = recording.begin(step % 16, at: Instant(1))
                guard case .call(_, let operation, _) = recording.history.events.last else { continue }
                recording.end(step % 16, world.outcome(of: operation, isGivenUp: call.deadline != nil), at: Instant(2))
            }
            recording.moveOn()
        }
        let calls = recording.history.calls()
        #expect(calls.count { $0.outcome == nil } > 1_000)
        #expect(PowerCutRun.complaint(about: calls) == nil)
    }

    /// The service; what is given up is done or not.
    private struct World {
        private var random = SeededRandom(seed: 7)
        private var machine = KVStateMachine()

        mutating func outcome(of operation: Operation, isGivenUp: Bool) -> Outcome {
            if isGivenUp, random.chance(permille: 500) { return .unknown(.deadline) }
            let result = machine.execute(
                ServiceCodec.bytes(of: operation),
                in: ExecutionContext(
                    client: ClientID(Sample.keys[0].publicKey), instance: Instance(1), time: Timestamp(1), seed: 1))
            if isGivenUp { return .unknown(.deadline) }
            return .result(
                result,
                ReplyCertificate(view: .genesis, basis: .final, voters: ReplicaSet(), memberIDs: []))
        }
    }
}
