// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What the operating system has on record for a process (proc(5)).
enum ProcessUsage {
    /// Processor time used so far by all its threads, user and system, in microseconds; nil when there is no such process.
    static func cpuMicroseconds(of process: Int32) -> Double? {
        // The name in parentheses may hold anything, so fields are counted from behind it: utime is the 12th, stime the
        // 13th from there, both in clock ticks.
        guard let text = contents(of: "/proc/\(process)/stat"), let name = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: name)...].split(separator: " ")
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return nil }
        return (user + system) * 1_000_000 / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// Memory that is in use at present.
    static func residentBytes(of process: Int32) -> Int? {
        guard let text = contents(of: "/proc/\(process)/statm") else { return nil }
        let fields = text.split(separator: " ")
        guard fields.count > 1, let pages = Int(fields[1]) else { return nil }
        return pages * sysconf(Int32(_SC_PAGESIZE))
    }

    /// The most memory that this process has used at once.
    static var residentBytesMax: Int? {
        guard let text = contents(of: "/proc/self/status") else { return nil }
        let line = text.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }.map { $0 << 10 }
    }

    /// Nil when the process is gone, or when this system has no /proc.
    private static func contents(of path: String) -> String? {
        do {
            return try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            return nil
        }
    }
}
