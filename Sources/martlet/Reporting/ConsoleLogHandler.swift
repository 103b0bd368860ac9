// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Logging

/// Writes log lines for people to standard error: the time of day, then what is said; the level where it matters.
struct ConsoleLogHandler: LogHandler {
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]

    init(level: Logger.Level) { logLevel = level }

    static func logger(_ label: String, level: Logger.Level) -> Logger {
        Logger(label: label) { _ in ConsoleLogHandler(level: level) }
    }

    func log(event: LogEvent) {
        Console.note("\(Self.timeOfDay(Date()))  \(line(event.level, "\(event.message)", event.metadata))")
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func line(_ level: Logger.Level, _ message: String, _ more: Logger.Metadata?) -> String {
        let all = metadata.merging(more ?? [:]) { $1 }.sorted { $0.key < $1.key }
        let isPlain = level == .info || level == .notice
        return (isPlain ? "" : "\(level.rawValue): ") + message + all.map { "  \($0.key)=\($0.value)" }.joined()
    }

    /// Local time, in milliseconds.
    static func timeOfDay(_ date: Date) -> String {
        let local = date.timeIntervalSince1970 + Double(TimeZone.current.secondsFromGMT(for: date))
        let milliseconds = Int((local * 1000).rounded(.down))
        let seconds = milliseconds / 1000
        func digits(_ value: Int, _ count: Int) -> String {
            let text = "\(value)"
            return String(repeating: "0", count: max(0, count - text.count)) + text
        }
        let clock = [seconds / 3600 % 24, seconds / 60 % 60, seconds % 60].map { digits($0, 2) }.joined(separator: ":")
        return clock + "." + digits(milliseconds % 1000, 3)
    }
}
