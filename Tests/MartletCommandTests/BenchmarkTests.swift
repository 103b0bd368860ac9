// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MartletTransport
import MartletTypes
import Testing

@testable import martlet_cli

@Suite("martlet bench and demo")
struct BenchmarkTests {
    private let start = Instant(1_000_000_000)

    private func after(_ milliseconds: UInt64) -> Instant { start + .milliseconds(milliseconds) }

    @Test("The longest gap counts from the beginning and up to the end of the interval")
    func gaps() {
        var record = LoadRecord(from: start)
        record.completed(after: .milliseconds(1), at: after(30))
        record.completed(after: .milliseconds(1), at: after(40))
        #expect(record.longestGap == .milliseconds(30))
        record.end(at: after(200))
        #expect(record.longestGap == .milliseconds(160))
    }

    @Test("Percentiles are in microseconds and within a thousandth")
    func percentiles() {
        var record = LoadRecord(from: start)
        #expect(record.latency(atPercentile: 50) == 0)
        for milliseconds in 1...1000 { record.completed(after: .milliseconds(UInt64(milliseconds)), at: after(1)) }
        #expect(abs(record.latency(atPercentile: 50) - 500_000) < 1_000)
        #expect(abs(record.latency(atPercentile: 99.9) - 999_000) < 2_000)
    }

    @Test("The system's account of this process grows; that of no process is nil")
    func usage() throws {
        let before = try #require(ProcessUsage.cpuMicroseconds(of: getpid()))
        #expect(try #require(ProcessUsage.residentBytes(of: getpid())) > 1 << 20)
        #expect(try #require(ProcessUsage.cpuMicroseconds(of: getpid())) >= before)
        #expect(ProcessUsage.cpuMicroseconds(of: -1) == nil)
        #expect(ProcessUsage.residentBytes(of: -1) == nil)
    }

    @Test("CPU per operation is unknown when a process ended on the way")
    func unknownCPU() {
        var record = LoadRecord(from: start)
        record.completed(after: .milliseconds(1), at: after(1))
        #expect(result(record, cpu: [10, 20]).cpuMicrosecondsPerOperation == 30)
        #expect(result(record, cpu: [10, nil]).cpuMicrosecondsPerOperation == nil)
        let json = result(record, cpu: [10, nil]).json.description
        #expect(json.contains("\"cpuMicrosecondsPerOperation\":null") && json.contains("\"p999\":"))
    }

    private func result(_ record: LoadRecord, cpu: [Double?]) -> BenchmarkResult {
        BenchmarkResult(
            parameters: BenchmarkParameters(
                payload: 0, reply: 0, clients: 1, connections: 1, seconds: 1, warmup: 0, n: 4, f: nil,
                faultModel: .byzantine, window: nil, security: .tls, signs: false, killsLeader: false, tellsLog: false),
            record: record, seconds: 1, cpuMicroseconds: cpu, residentBytes: [1], killedLeader: nil)
    }

    @Test("A demonstration with one step that failed has failed")
    func report() {
        var report = DemonstrationReport()
        report.steps.append(DemonstrationStep(name: "start", isDone: true, seconds: 1, result: "well", details: []))
        #expect(report.isDone && report.json.description.hasPrefix("{\"ok\":true,"))
        report.steps.append(DemonstrationStep(name: "write", isDone: false, seconds: 1, result: "badly", details: []))
        #expect(!report.isDone && report.text.contains("FAILED  badly"))
    }

    @Test("The empty service answers with as many bytes as asked for, and has no state to restore")
    func nullService() throws {
        let service = NullService(replyBytes: 3)
        #expect(service.read([1], lastExecuted: Instance(1)).result.count == 3)
        try service.restore(from: NullService.encode(service.snapshot()))
        #expect(throws: NullService.StateNotEmpty.self) { try service.restore(from: [1]) }
    }
}
