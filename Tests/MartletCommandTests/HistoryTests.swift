// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletSimulation
import MartletTypes
import Testing

@testable import martlet_cli

@Suite struct HistoryTests {
    @Test(arguments: [2, 4, 9] as [UInt64])
    func aSimulatedHistoryReadsBackAndIsLinearizable(seed: UInt64) throws {
        let report = Simulator.run(seed: seed)
        let text = try HistoryFile.text(of: report.history)
        let again = try HistoryFile.read(text)
        #expect(again.events.count == report.history.events.count && !again.events.isEmpty)
        #expect(try HistoryFile.text(of: again) == text)
        guard case .linearizable = Linearizability.judge(again.calls(), stepsMax: 1_000_000) else {
            Issue.record("\(Linearizability.judge(again.calls()))")
            return
        }
    }

    @Test func aChangedReadIsFound() throws {
        let lines = [
            #"{"process":0,"type":"call","time":1,"operation":{"kind":"put","key":3,"value":7}}"#,
            #"{"process":0,"type":"return","time":2,"outcome":{"kind":"done"}}"#,
            #"{"process":1,"type":"call","time":3,"operation":{"kind":"scan","from":2,"to":4}}"#,
            #"{"process":1,"type":"return","time":4,"outcome":{"kind":"values","values":[null,7]}}"#,
        ]
        let right = lines.joined(separator: "\n")
        #expect(Linearizability.judge(try HistoryFile.read(right).calls()) == .linearizable)
        let wrong = right.replacing("[null,7]", with: "[null,null]")
        guard case .violated = Linearizability.judge(try HistoryFile.read(wrong).calls()) else {
            Issue.record("a lost write was not found")
            return
        }
    }

    @Test func everyOperationAndOutcomeSurvives() throws {
        let operations: [Operation] = [
            .get(key: 1), .put(key: 2, value: 3), .add(key: 1, amount: 4), .delete(key: 1, mark: 5),
            .swap(key: 1, expected: nil, value: 6), .swap(key: 1, expected: 7, value: 6), .scan(from: 0, to: 3),
            .putAll(keys: [1, 4], value: 8),
        ]
        let outcomes: [ClientHistory.Outcome] = [
            .answer(.done), .answer(.value(nil)), .answer(.value(9)), .answer(.values([nil, 2])),
            .answer(.mismatch(nil)), .answer(.mismatch(1)), .failed, .unknown,
        ]
        var history = ClientHistory()
        for (place, (operation, outcome)) in zip(operations, outcomes).enumerated() {
            // The reader names a call by its process and its line.
            let id = OperationID(client: 0, number: 2 * place + 1)
            history.append(.call(id, operation, at: Instant(UInt64(place))))
            history.append(.end(id, outcome, at: Instant(UInt64(place) + 1)))
        }
        #expect(try HistoryFile.read(HistoryFile.text(of: history)).events == history.events)
    }

    @Test func aProcessHasOneCallAtATimeAndEndsWithAnUnknownOne() throws {
        var history = ClientHistory()
        for number in 1...2 {
            history.append(.call(OperationID(client: 5, number: number), .get(key: 0), at: .zero))
        }
        history.append(.end(OperationID(client: 5, number: 1), .unknown, at: .zero))
        history.append(.end(OperationID(client: 5, number: 2), .failed, at: .zero))
        for number in 3...4 {
            history.append(.call(OperationID(client: 5, number: number), .get(key: 0), at: .zero))
        }
        let processes = try HistoryFile.text(of: history).split(separator: "\n").map { line in
            line.firstMatch(of: /"process":(\d+)/)?.1 ?? ""
        }
        #expect(processes == ["0", "1", "0", "1", "1", "2"])
    }

    @Test(arguments: [
        "{}", #"{"process":0,"type":"call","time":1}"#,
        #"{"process":0,"type":"call","time":1,"operation":{"kind":"scan","from":4,"to":4}}"#,
        // Asking for more keys than memory holds.
        #"{"process":0,"type":"call","time":1,"operation":{"kind":"scan","from":0,"to":9000000000000000000}}"#,
        #"{"process":0,"type":"call","time":1,"operation":{"kind":"scan","from":-9000000000000000000,"to":9000000000000000000}}"#,
        #"{"process":0,"type":"return","time":1,"outcome":{"kind":"done"}}"#,
        #"{"process":0,"type":"call","time":1,"operation":{"kind":"jump","key":1}}"#,
    ])
    func whatIsNoHistoryIsRefusedWithItsLine(line: String) {
        #expect(throws: CommandFailure.self) { try HistoryFile.read(line) }
    }
}
