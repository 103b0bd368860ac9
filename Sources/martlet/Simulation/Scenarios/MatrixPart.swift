// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MartletSimulation
import MartletTypes

/// The part of a scenario file that says how far regions are from each other: a CSV file, or the lines of one.
enum MatrixPart {
    private static let bytesMax = 1 << 20

    static func read(_ value: YAMLValue) throws(ConfigurationError) -> LatencyMatrix {
        let map = try value.map(of: ["file", "csv", "unit"])
        let unit = try map.required("unit").choice(of: LatencyMatrix.Unit.allCases) { $0.rawValue }
        if let csv = map["csv"] {
            guard map["file"] == nil else { throw csv.error("give either 'file' or 'csv'") }
            do {
                return try LatencyMatrix(csv: try csv.text(), unit: unit)
            } catch let error as MatrixError {
                throw csv.error("line \(error.line) of the matrix: \(error.words)")
            } catch let error as ConfigurationError {
                throw error
            } catch {
                throw csv.error("\(error)")
            }
        }
        return try matrix(file: try path(map.required("file")), unit: unit)
    }

    /// From the directory of the scenario's own file.
    private static func path(_ value: YAMLValue) throws(ConfigurationError) -> String {
        let path = try value.text()
        guard !path.hasPrefix("/"), let end = value.file.lastIndex(of: "/") else { return path }
        return value.file[...end] + path
    }

    static func matrix(
        file: String, unit: LatencyMatrix.Unit, ignoringDiagonal: Bool = false
    ) throws(ConfigurationError) -> LatencyMatrix {
        let data: Data
        do {
            data = try Data(contentsOf: URL(filePath: file))
        } catch {
            throw ConfigurationError(file: file, line: 0, complaint: "it cannot be read: \(FileFailure(error))")
        }
        guard data.count <= bytesMax, let text = String(validating: data, as: UTF8.self) else {
            throw ConfigurationError(file: file, line: 0, complaint: "it is no latency matrix")
        }
        do {
            return try LatencyMatrix(csv: text, unit: unit, ignoringDiagonal: ignoringDiagonal)
        } catch {
            throw ConfigurationError(file: file, line: error.line, complaint: error.words)
        }
    }

    /// As lines of a scenario file.
    static func lines(_ matrix: LatencyMatrix) -> [String] {
        let count = matrix.regions.count
        let rows = (0..<count).map { row in
            let delays = (0..<count).map { decimal(matrix.delay(from: row, to: $0)) }
            return "    " + ([matrix.regions[row]] + delays).joined(separator: ",")
        }
        let head = "    " + (["from\\to"] + matrix.regions).joined(separator: ",")
        return ["matrix:", "  unit: oneWayMicroseconds", "  csv: |", head] + rows
    }

    private static func decimal(_ delay: Interval) -> String {
        let (whole, rest) = delay.nanoseconds.quotientAndRemainder(dividingBy: 1_000)
        guard rest > 0 else { return "\(whole)" }
        let digits = String(rest)
        return "\(whole)." + String(repeating: "0", count: 3 - digits.count) + digits
    }
}
