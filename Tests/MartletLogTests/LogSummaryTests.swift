// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletLog
import MartletTypes
import Testing

@Suite("What a log comes to")
struct LogSummaryTests {
    private static func epoch(_ view: UInt64, _ regency: UInt64) -> Epoch {
        Epoch(view: ViewNumber(view), regency: Regency(regency))
    }

    private static func summary(_ records: [LogRecord]) -> LogSummary {
        var summary = LogSummary()
        summary.fold(records)
        return summary
    }

    @Test("The newest of each, all views, and nothing of instances")
    func newest() throws {
        let (second, third) = (try Records.view(2), try Records.view(3))
        let records: [LogRecord] = [
            .incarnation(5), .entered(Self.epoch(1, 2)), Records.sync(Self.epoch(1, 2)), Records.vote(1),
            .view(second), Records.stable(1), .incarnation(6), .view(third), .entered(Self.epoch(3, 2)),
            Records.sync(Self.epoch(3, 2)), Records.stable(2), Records.vote(3),
        ]
        let summary = Self.summary(records)
        #expect(
            summary.records == [
                .incarnation(6), .view(second), .view(third), .entered(Self.epoch(3, 2)),
                Records.sync(Self.epoch(3, 2)), Records.stable(2),
            ])
        #expect(Self.summary(summary.records) == summary)
    }

    @Test("An outcome goes with its epoch, and an epoch only when another is entered: a view may be proved long before")
    func cleared() throws {
        let entered: [LogRecord] = [.entered(Self.epoch(1, 2)), Records.sync(Self.epoch(1, 2))]
        #expect(Self.summary(entered).records == entered)
        #expect(Self.summary(entered + [.entered(Self.epoch(1, 3))]).records == [.entered(Self.epoch(1, 3))])
        #expect(Self.summary(entered + [.entered(Self.epoch(1, 1)), .entered(Self.epoch(1, 2))]).records == entered)
        let view = LogRecord.view(try Records.view(2))
        #expect(Self.summary(entered + [view]).records == [view] + entered)
        #expect(
            Self.summary(entered + [view, .entered(Self.epoch(2, 1))]).records == [view, .entered(Self.epoch(2, 1))])
        #expect(
            Self.summary([view] + [.entered(Self.epoch(2, 2)), view]).records == [view, .entered(Self.epoch(2, 2))])
    }

    @Test("Of what was restated and read again it is the same, from any place on")
    func restated() throws {
        for seed in 1...200 as ClosedRange<UInt64> {
            var source = Records(seed: seed)
            let records = try source.next(30)
            for cut in 0...records.count {
                let head = Self.summary(Array(records[..<cut]))
                #expect(Self.summary(head.records + records[cut...]) == Self.summary(records))
            }
        }
    }
}
