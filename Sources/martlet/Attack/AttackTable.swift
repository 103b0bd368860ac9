// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MartletTypes

/// The results of all classes, for people.
struct AttackTable {
    private static let titles = [
        "attack", "safety", "throughput", "p99", "longest gap", "back to 90 %", "memory", "leader changes",
        "hostile acts",
    ]

    let results: [AttackResult]

    var text: String {
        var table = ConsoleTable(
            Self.titles.enumerated().map { .init($1, $0 < 2 ? .left : .right) })
        for result in results { table.add(cells(result)) }
        let notes = results.flatMap { result in
            let idle = result.isAttacked ? [] : ["NOT ATTACKED  the hostile process never acted"]
            return (result.violations.map { "UNSAFE  " + $0 } + idle + result.failures.prefix(1)).map {
                "\(result.kind.rawValue): \($0)"
            }
        }
        return ([table.text] + notes).joined(separator: "\n")
    }

    var markdown: String {
        let head = "| \(Self.titles.joined(separator: " | ")) |\n|\(Self.titles.map { _ in "---|" }.joined())"
        let rows = results.map { "| \(cells($0).joined(separator: " | ")) |" }
        return ([head] + rows).joined(separator: "\n")
    }

    private func cells(_ result: AttackResult) -> [String] {
        [
            result.kind.rawValue, result.isSafe ? (result.isAttacked ? "held" : "NOT ATTACKED") : "BROKEN",
            Rounding.text(result.throughputRatio * 100, digits: 0) + " %",
            result.p99Ratio.map { Rounding.text($0, digits: 1) + " ×" } ?? "–",
            Rounding.text(result.during.longestGap, digits: 0) + " ms",
            result.recovery.map { Rounding.text($0, digits: 1) + " s" } ?? "not in time",
            "+" + Rounding.text(Double(result.memoryGrowthBytes) / 1_048_576, digits: 0) + " MiB",
            "\(result.regency.rawValue - 1)", "\(result.acts)",
        ]
    }

    // MARK: Into a document

    private static let beginMark = "<!-- attack table: written by 'martlet attack' -->"
    private static let endMark = "<!-- end of the attack table -->"

    /// Puts the table between the two marks in a document.
    func write(into file: String) throws {
        let text = try String(contentsOf: URL(filePath: file), encoding: .utf8)
        let place = try place(in: text, of: file)
        let result = text[..<place.lowerBound] + "\n\n" + markdown + "\n\n" + text[place.upperBound...]
        try Data(result.utf8).write(to: URL(filePath: file))
    }

    /// Throws when the document cannot be changed or has no place for a table.
    func checkPlace(in file: String) throws {
        _ = try place(in: try String(contentsOf: URL(filePath: file), encoding: .utf8), of: file)
        guard FileManager.default.isWritableFile(atPath: file) else {
            throw CommandFailure("\(file) cannot be written; the table is to go there")
        }
    }

    private func place(in text: String, of file: String) throws -> Range<String.Index> {
        guard let begin = text.range(of: Self.beginMark),
            let end = text.range(of: Self.endMark, range: begin.upperBound..<text.endIndex)
        else {
            throw CommandFailure(
                "\(file) has no place for the table: the lines '\(Self.beginMark)' and '\(Self.endMark)'")
        }
        return begin.upperBound..<end.lowerBound
    }
}
