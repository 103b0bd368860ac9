// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Yams

/// A YAML file, read strictly: one document, no key twice.
struct YAMLDocument {
    let root: YAMLValue

    /// A configuration file is small; a longer one is a mistake.
    private static let bytesMax = 1 << 20

    init(file: String) throws(ConfigurationError) {
        let data: Data
        do {
            data = try Data(contentsOf: URL(filePath: file))
        } catch {
            throw ConfigurationError(file: file, line: 0, complaint: Self.reason(for: error))
        }
        guard data.count <= Self.bytesMax, let text = String(validating: data, as: UTF8.self) else {
            throw ConfigurationError(file: file, line: 0, complaint: "it is not a configuration file")
        }
        try self.init(text, file: file)
    }

    init(_ text: String, file: String) throws(ConfigurationError) {
        do {
            guard let node = try Parser(yaml: text).singleRoot() else {
                throw ConfigurationError(file: file, line: 0, complaint: "it is empty")
            }
            root = YAMLValue(name: "the file", node: node, file: file)
        } catch let error as YamlError {
            throw Self.error(from: error, in: text, file: file)
        } catch let error as ConfigurationError {
            throw error
        } catch {
            throw ConfigurationError(file: file, line: 0, complaint: "\(error)")
        }
    }

    private static func reason(for error: any Error) -> String {
        FileFailure(error).isMissing ? "there is no such file" : "it cannot be read: \(FileFailure(error))"
    }

    private static func error(from error: YamlError, in text: String, file: String) -> ConfigurationError {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            return ConfigurationError(file: file, line: mark.line, complaint: "not YAML: \(problem)")
        case .duplicatedKeysInMapping(let duplicates, let context):
            let key = duplicates.first ?? ""
            let line = secondLine(of: key, in: text, from: context.mark.line)
            return ConfigurationError(file: file, line: line, complaint: "'\(key)' is given twice")
        default:
            return ConfigurationError(file: file, line: 0, complaint: "not YAML: \(error)")
        }
    }

    /// The reader names only the line where the map begins.
    private static func secondLine(of key: String, in text: String, from first: Int) -> Int {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().dropFirst(first - 1)
        let places = lines.filter { $1.drop { " -".contains($0) }.hasPrefix(key + ":") }.map { $0.offset + 1 }
        return places.count > 1 ? places[1] : first
    }
}
