// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// The names of a group's settings in a genesis file, each with its place and its meaning.
enum GroupSettingsTable {
    private typealias Number = any WritableKeyPath<GroupSettings, Int> & Sendable

    private static let numbers: [(name: String, path: Number, meaning: String)] = [
        ("window", \.window, "instances that may run at the same time"),
        ("batchRequestsMax", \.batchRequestsMax, "requests in one batch"),
        ("batchBytesMax", \.batchBytesMax, "bytes of payload in one batch"),
        ("checkpointPeriod", \.checkpointPeriod, "instances from one checkpoint to the next"),
        ("requestBytesMax", \.requestBytesMax, "bytes of one request's payload"),
        ("pipelineMax", \.pipelineMax, "requests of one session in flight"),
        ("sessionsPerClientMax", \.sessionsPerClientMax, "sessions of one client"),
        ("sessionsMax", \.sessionsMax, "sessions of all clients"),
        ("clockBoundMilliseconds", \.clockBoundMilliseconds, "how far a batch's time may be from a voter's clock"),
        ("measuringPermille", \.measuringPermille, "instances of a thousand that links are measured in"),
        ("calculationPeriod", \.calculationPeriod, "instances from one choice of leader and weights to the next"),
        ("goalPermille", \.goalPermille, "by how much a change must pay, in thousandths"),
        ("goalMicroseconds", \.goalMicroseconds, "and by how much at least, in microseconds"),
        ("rejoinMilliseconds", \.rejoinMilliseconds, "how long a member waits to be admitted a second time"),
        ("protocolVersion", \.protocolVersion, "which version of the protocol the group speaks"),
    ]
    private static let switches:
        [(name: String, path: any WritableKeyPath<GroupSettings, Bool> & Sendable, meaning: String)] = [
            ("isPinned", \.isPinned, "whether leader and weights stay as they were set by hand"),
            ("hasUnorderedReads", \.hasUnorderedReads, "whether replicas answer reads that are not ordered"),
            ("executesTentatively", \.executesTentatively, "whether they execute and reply before the decision"),
            ("isDurable", \.isDurable, "whether replicas write down what they vote for before they do"),
        ]

    static let names = numbers.map(\.name) + switches.map(\.name)

    /// Takes over the value of the setting that has its name; bounds are the settings' own to check.
    static func set(_ value: YAMLValue, in settings: inout GroupSettings) throws(ConfigurationError) {
        if let place = switches.first(where: { $0.name == value.name }) {
            settings[keyPath: place.path] = try value.boolean()
        } else if let number = numbers.first(where: { $0.name == value.name }) {
            settings[keyPath: number.path] = try value.integer(in: 0...Int(Int32.max))
        }
    }

    /// One line for each setting.
    static func lines(for settings: GroupSettings) -> [String] {
        let numberLines = numbers.map { line($0.name, "\(settings[keyPath: $0.path])", $0.meaning) }
        return numberLines + switches.map { line($0.name, "\(settings[keyPath: $0.path])", $0.meaning) }
    }

    /// Those that differ, in words.
    static func changed(
        from old: GroupSettings, to new: GroupSettings
    ) -> [(name: String, old: String, new: String)] {
        let all =
            numbers.map { ($0.name, "\(old[keyPath: $0.path])", "\(new[keyPath: $0.path])") }
            + switches.map { ($0.name, "\(old[keyPath: $0.path])", "\(new[keyPath: $0.path])") }
        return all.filter { $0.1 != $0.2 }.map { (name: $0.0, old: $0.1, new: $0.2) }
    }

    private static func line(_ name: String, _ value: String, _ meaning: String) -> String {
        let setting = "\(name): \(value)"
        return setting + String(repeating: " ", count: max(1, 34 - setting.count)) + "# \(meaning)"
    }
}
