// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Logging
import Synchronization

/// A log that a test reads.
final class CollectedLog: Sendable {
    private let lines = Mutex<[String]>([])

    var logger: Logger { Logger(label: "test") { _ in CollectingHandler(log: self) } }

    func add(_ line: String) { lines.withLock { $0.append(line) } }

    func contains(_ words: String...) -> Bool {
        lines.withLock { $0.contains { line in words.allSatisfy { line.contains($0) } } }
    }

    var text: String { lines.withLock { $0.joined(separator: "\n") } }
}

private struct CollectingHandler: LogHandler {
    let log: CollectedLog
    var logLevel = Logger.Level.info
    var metadata = Logger.Metadata()

    init(log: CollectedLog) { self.log = log }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { log.add("\(event.level): \(event.message)") }
}
