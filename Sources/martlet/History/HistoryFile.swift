// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MartletSimulation
import MartletTypes

/// A history as lines of JSON, for independent judges (docs/HISTORY.md).
enum HistoryFile {
    /// A process has one call at a time, so that a client with several in flight is several processes; one whose call ended
    /// without a known outcome calls no more.
    static func text(of history: ClientHistory) throws -> String {
        var free: [Int: [Int]] = [:]
        var running: [OperationID: Int] = [:]
        var processes = 0
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        var text = ""
        for event in history.events {
            let record: HistoryRecord
            switch event {
            case .call(let id, let operation, let time):
                let process = free[id.client]?.popLast() ?? processes
                processes = max(processes, process + 1)
                running[id] = process
                record = HistoryRecord(
                    process: process, type: .call, time: time.rawValue, operation: .init(operation))
            case .end(let id, let outcome, let time):
                guard let process = running.removeValue(forKey: id) else { continue }
                if outcome != .unknown { free[id.client, default: []].append(process) }
                record = HistoryRecord(process: process, type: .return, time: time.rawValue, outcome: .init(outcome))
            }
            text += String(decoding: try encoder.encode(record), as: UTF8.self) + "\n"
        }
        return text
    }

    static func write(_ history: ClientHistory, to path: String) throws {
        do {
            try Data(text(of: history).utf8).write(to: URL(fileURLWithPath: path))
        } catch {
            throw CommandFailure("cannot write \(path): \(FileFailure(error))")
        }
    }

    /// In the order of the lines, whatever their times say.
    static func read(_ text: String) throws -> ClientHistory {
        var history = ClientHistory()
        var running: [Int: OperationID] = [:]
        let decoder = JSONDecoder()
        for (place, line) in text.split(separator: "\n").enumerated() {
            func wrong(_ why: String) -> CommandFailure { CommandFailure("line \(place + 1): \(why)") }
            let record: HistoryRecord
            do {
                record = try decoder.decode(HistoryRecord.self, from: Data(line.utf8))
            } catch {
                throw wrong("is no record of a history")
            }
            let id = running[record.process]
            switch record.type {
            case .call:
                guard let operation = record.operation?.operation else { throw wrong("a call without an operation") }
                guard id == nil else { throw wrong("process \(record.process) calls while it has a call running") }
                let started = OperationID(client: record.process, number: place + 1)
                running[record.process] = started
                history.append(.call(started, operation, at: Instant(record.time)))
            case .return:
                guard let outcome = record.outcome?.outcome else { throw wrong("a return without an outcome") }
                guard let id else { throw wrong("process \(record.process) has no call running") }
                running[record.process] = nil
                history.append(.end(id, outcome, at: Instant(record.time)))
            }
        }
        return history
    }
}
