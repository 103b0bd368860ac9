// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Yams

/// The settings of a map by their names. A name that is not known is an error.
struct YAMLMap {
    private let owner: YAMLValue
    private let values: [(name: String, value: YAMLValue)]

    init(_ mapping: Node.Mapping, of names: [String], in owner: YAMLValue) throws(ConfigurationError) {
        var values: [(String, YAMLValue)] = []
        for (key, node) in mapping {
            let keyValue = YAMLValue(name: "a setting's name", node: key, file: owner.file)
            let name = try keyValue.text()
            guard names.contains(name) else {
                let hint = Spelling.nearest(to: name, among: names).map { "; did you mean '\($0)'?" }
                throw keyValue.error(
                    "unknown setting '\(name)'\(hint ?? "; known here: \(names.joined(separator: ", "))")")
            }
            values.append((name, YAMLValue(name: name, node: node, file: owner.file)))
        }
        self.owner = owner
        self.values = values
    }

    /// The value when it is given.
    subscript(name: String) -> YAMLValue? { values.first { $0.name == name }?.value }

    func required(_ name: String) throws(ConfigurationError) -> YAMLValue {
        guard let value = self[name] else { throw owner.error("'\(name)' is missing") }
        return value
    }

    func error(_ complaint: String) -> ConfigurationError { owner.error(complaint) }
}
