// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import MartletClient

/// How a failure is told: in words, as an exit status, and with `--json` as the last line too.
enum FailureReport {
    /// The exit status when it is not known whether an operation took effect.
    static let unknownStatus: Int32 = 3

    static func telling(_ console: Console, _ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch let code as ExitCode {
            throw code
        } catch {
            let isUnknown = if case ClientError.outcomeUnknown = error { true } else { false }
            Console.note(
                "Error: \(error)" + (isUnknown ? ". It may have taken effect, or may still: read to find out" : ""))
            console.report(.object(["ok": false, "error": .text("\(error)"), "outcomeUnknown": .boolean(isUnknown)]))
            throw ExitCode(isUnknown ? unknownStatus : 1)
        }
    }
}
