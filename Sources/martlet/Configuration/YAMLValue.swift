// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Yams

/// One value of a YAML file, read as what it must be; every complaint names its line.
struct YAMLValue {
    /// How a person calls it.
    let name: String
    let node: Node
    let file: String

    var line: Int { node.mark?.line ?? 0 }

    func error(_ complaint: String) -> ConfigurationError {
        ConfigurationError(file: file, line: line, complaint: complaint)
    }

    /// Any plain or quoted text that is not empty.
    func text() throws(ConfigurationError) -> String {
        guard let scalar = node.scalar else { throw error("'\(name)' must be a single value") }
        guard !scalar.string.isEmpty else { throw error("'\(name)' has no value") }
        return scalar.string
    }

    func integer(in bounds: ClosedRange<Int>) throws(ConfigurationError) -> Int {
        let text = try text()
        guard let value = Int(text), node.scalar?.style == .plain else {
            throw error("'\(name)' must be a whole number, not '\(text)'")
        }
        guard bounds.contains(value) else {
            throw error("'\(name)' is \(value), but must be from \(bounds.lowerBound) to \(bounds.upperBound)")
        }
        return value
    }

    func boolean() throws(ConfigurationError) -> Bool {
        switch try text() {
        case "true": return true
        case "false": return false
        case let other: throw error("'\(name)' must be true or false, not '\(other)'")
        }
    }

    var isList: Bool { node.sequence != nil }

    func list() throws(ConfigurationError) -> [YAMLValue] {
        guard let sequence = node.sequence else { throw error("'\(name)' must be a list (lines with '- ')") }
        return sequence.map { YAMLValue(name: name, node: $0, file: file) }
    }

    /// A map of nothing but the names given.
    func map(of names: [String]) throws(ConfigurationError) -> YAMLMap {
        guard let mapping = node.mapping else {
            throw error("'\(name)' must be settings, one a line ('name: value')")
        }
        return try YAMLMap(mapping, of: names, in: self)
    }
}
