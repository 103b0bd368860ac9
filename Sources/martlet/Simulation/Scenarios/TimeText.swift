// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Lengths of time as scenario files give them: a whole number and its unit, as in 250ms. Exact both ways.
enum TimeText {
    private static let units: [(name: String, nanoseconds: UInt64)] = [
        ("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1_000), ("ns", 1),
    ]

    static func text(_ interval: Interval) -> String {
        for unit in units where interval.nanoseconds % unit.nanoseconds == 0 && interval > .zero {
            return "\(interval.nanoseconds / unit.nanoseconds)\(unit.name)"
        }
        return "0s"
    }

    static func text(_ instant: Instant) -> String { text(instant.since(.zero)) }

    /// nil when it is none, or longer than a hundred years.
    static func interval(_ text: String) -> Interval? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = UInt64(digits), let unit = units.first(where: { $0.name == text.dropFirst(digits.count) })
        else { return nil }
        let (nanoseconds, overflow) = number.multipliedReportingOverflow(by: unit.nanoseconds)
        return overflow || nanoseconds > 3_200_000_000_000_000_000 ? nil : Interval(nanoseconds: nanoseconds)
    }
}

extension YAMLValue {
    func interval() throws(ConfigurationError) -> Interval {
        let text = try text()
        guard let interval = TimeText.interval(text) else {
            throw error("'\(name)' must be a length of time, as in 250ms (units: s, ms, us, ns), not '\(text)'")
        }
        return interval
    }

    /// Since the world began.
    func instant() throws(ConfigurationError) -> Instant { .zero + (try interval()) }

    func integers(in bounds: ClosedRange<Int>) throws(ConfigurationError) -> [Int] {
        var numbers: [Int] = []
        for value in try list() { numbers.append(try value.integer(in: bounds)) }
        return numbers
    }

    /// One of the names, by what it stands for.
    func choice<Value>(of values: [Value], called name: (Value) -> String) throws(ConfigurationError) -> Value {
        let text = try text()
        guard let value = values.first(where: { name($0) == text }) else {
            let names = values.map(name)
            let hint = Spelling.nearest(to: text, among: names).map { "did you mean '\($0)'?" }
            throw error(
                "there is no '\(text)' for '\(self.name)'; \(hint ?? "known: \(names.joined(separator: ", "))")")
        }
        return value
    }

    /// One or more.
    func choices<Value>(of values: [Value], called name: (Value) -> String) throws(ConfigurationError) -> [Value] {
        var chosen: [Value] = []
        for value in try list() { chosen.append(try value.choice(of: values, called: name)) }
        guard !chosen.isEmpty else {
            let names = values.map(name).joined(separator: ", ")
            throw error("'\(self.name)' is empty; leave it out, or name one or more of: \(names)")
        }
        return chosen
    }
}
