// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// One setting of a scenario file: its name, how it is read, how it is written.
struct ScenarioField<Owner> {
    let name: String
    let read: (YAMLValue, inout Owner) throws(ConfigurationError) -> Void
    let text: (Owner) -> String

    static func number(
        _ name: String, _ path: WritableKeyPath<Owner, Int>, in bounds: ClosedRange<Int> = 0...Int(Int32.max)
    ) -> Self {
        Self(
            name: name,
            read: { (value, owner) throws(ConfigurationError) in owner[keyPath: path] = try value.integer(in: bounds) },
            text: { "\($0[keyPath: path])" })
    }

    static func permille(_ name: String, _ path: WritableKeyPath<Owner, Int>) -> Self {
        number(name, path, in: 0...1_000)
    }

    static func flag(_ name: String, _ path: WritableKeyPath<Owner, Bool>) -> Self {
        Self(
            name: name,
            read: { (value, owner) throws(ConfigurationError) in owner[keyPath: path] = try value.boolean() },
            text: { "\($0[keyPath: path])" })
    }

    static func time(
        _ name: String, _ path: WritableKeyPath<Owner, Interval>, atLeast shortest: Interval = .zero
    ) -> Self {
        Self(
            name: name,
            read: { (value, owner) throws(ConfigurationError) in
                let interval = try value.interval()
                guard interval >= shortest else {
                    throw value.error("'\(name)' must be \(TimeText.text(shortest)) or longer")
                }
                owner[keyPath: path] = interval
            },
            text: { TimeText.text($0[keyPath: path]) })
    }

    static func time(_ name: String, _ path: WritableKeyPath<Owner, Instant>) -> Self {
        Self(
            name: name,
            read: { (value, owner) throws(ConfigurationError) in owner[keyPath: path] = try value.instant() },
            text: { TimeText.text($0[keyPath: path]) })
    }

    static func words(_ name: String, _ path: WritableKeyPath<Owner, String>) -> Self {
        Self(
            name: name,
            read: { (value, owner) throws(ConfigurationError) in owner[keyPath: path] = try value.text() },
            text: { JSONValue.text($0[keyPath: path]).description })
    }
}

/// A map of such settings.
struct ScenarioFields<Owner> {
    let fields: [ScenarioField<Owner>]

    init(_ fields: [ScenarioField<Owner>]) { self.fields = fields }

    var names: [String] { fields.map(\.name) }

    func read(_ value: YAMLValue, into owner: inout Owner) throws(ConfigurationError) {
        try take(value.map(of: names), into: &owner)
    }

    /// Those that the map has.
    func take(_ map: YAMLMap, into owner: inout Owner) throws(ConfigurationError) {
        for field in fields {
            if let value = map[field.name] { try field.read(value, &owner) }
        }
    }

    /// `name: value` for whatever differs from the defaults.
    func entries(of owner: Owner, unlike defaults: Owner) -> [String] {
        fields.compactMap { field in
            let text = field.text(owner)
            return text == field.text(defaults) ? nil : "\(field.name): \(text)"
        }
    }
}
