// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// How long a message takes between regions, one way; the diagonal is for nodes of the same region.
package struct LatencyMatrix: Hashable, Sendable {
    /// In what the numbers of a file are given.
    package enum Unit: String, Hashable, Sendable, CaseIterable {
        case oneWayMicroseconds
        case oneWayMilliseconds
        case roundTripMicroseconds
        case roundTripMilliseconds
    }

    package static let regionsMax = 256
    /// The longest delay that a file may give: an hour.
    package static let delayMax = Interval(nanoseconds: 3_600_000_000_000)
    package let regions: [String]
    /// Row after row.
    package let delays: [Interval]

    package init(regions: [String], delays: [Interval]) {
        precondition(delays.count == regions.count * regions.count && !regions.isEmpty)
        self.regions = regions
        self.delays = delays
    }

    package func delay(from sender: Int, to receiver: Int) -> Interval { delays[sender * regions.count + receiver] }

    package func region(named name: String) -> Int? { regions.firstIndex(of: name) }
}

/// What is wrong with a matrix, and where.
package struct MatrixError: Error, Hashable {
    /// From 1; 0 for the whole.
    package let line: Int
    /// Which of the line's cells, from 1; 0 for the whole line.
    package let column: Int
    package let complaint: String

    init(line: Int, column: Int = 0, complaint: String) {
        self.line = line
        self.column = column
        self.complaint = complaint
    }

    /// For people who know the line.
    package var words: String { column > 0 ? "column \(column): \(complaint)" : complaint }
}

/// Reading the form `from\to,A,B` followed by one line for each sender, in the order of the first line.
extension LatencyMatrix {
    /// Where a region's delay to itself means nothing, it may be anything at all, and is taken for zero.
    package init(csv text: String, unit: Unit, ignoringDiagonal: Bool = false) throws(MatrixError) {
        var lines: [(number: Int, cells: [String])] = []
        for (place, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let cells = line.split(separator: ",", omittingEmptySubsequences: false).map { Self.trimmed($0) }
            if cells != [""] { lines.append((place + 1, cells)) }
        }
        guard let first = lines.first, first.cells.count >= 2 else {
            throw MatrixError(line: 1, complaint: "the first line must name the regions, as in from\\to,A,B")
        }
        let regions = Array(first.cells.dropFirst())
        try Self.check(regions, lines.count - 1)
        var delays: [Interval] = []
        for (place, (number, cells)) in lines.dropFirst().enumerated() {
            try Self.checkLength(of: cells, at: place, regions, line: number)
            for (column, cell) in cells.dropFirst().enumerated() {
                let isDiagonal = column == place
                let delay = isDiagonal && ignoringDiagonal ? .zero : Self.delay(cell, unit)
                guard let delay, delay > .zero || isDiagonal else {
                    throw MatrixError(
                        line: number, column: column + 2,
                        complaint: "'\(cell)' is no delay from \(cells[0]) to \(regions[column]): "
                            + "give a decimal number above 0, of an hour at most")
                }
                delays.append(delay)
            }
        }
        self.init(regions: regions, delays: delays)
    }

    private static func checkLength(
        of cells: [String], at place: Int, _ regions: [String], line: Int
    ) throws(MatrixError) {
        guard cells[0] == regions[place] else {
            throw MatrixError(
                line: line, column: 1, complaint: "this line must be that of \(regions[place]), not of \(cells[0])")
        }
        guard cells.count == regions.count + 1 else {
            throw MatrixError(
                line: line, column: min(cells.count, regions.count + 1) + 1,
                complaint: "\(cells[0]) has \(cells.count - 1) delays for \(regions.count) regions: give one for each")
        }
    }

    private static func check(_ regions: [String], _ rows: Int) throws(MatrixError) {
        guard regions.count <= regionsMax else {
            throw MatrixError(line: 1, complaint: "\(regions.count) regions are more than \(regionsMax)")
        }
        for (place, name) in regions.enumerated() where name.isEmpty || regions[..<place].contains(name) {
            throw MatrixError(
                line: 1, column: place + 2, complaint: name.isEmpty ? "a region has no name" : "\(name) is named twice")
        }
        guard rows == regions.count else {
            throw MatrixError(line: 0, complaint: "\(regions.count) regions need as many lines, not \(rows)")
        }
    }

    private static func trimmed(_ cell: Substring) -> String {
        String(cell.drop { " \t\r".contains($0) }.reversed().drop { " \t\r".contains($0) }.reversed())
    }

    /// A decimal number in whole nanoseconds, without floating point; nil when it is none or above `delayMax`.
    private static func delay(_ cell: String, _ unit: Unit) -> Interval? {
        let parts = cell.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let isDigits = { (text: Substring) in text.utf8.allSatisfy { (48...57).contains($0) } }
        guard let whole = UInt64(parts[0]), isDigits(parts[0]), parts.allSatisfy(isDigits) else { return nil }
        let scale: UInt64 = unit == .oneWayMicroseconds || unit == .roundTripMicroseconds ? 1_000 : 1_000_000
        guard whole <= delayMax.nanoseconds / scale else { return nil }
        var nanoseconds = whole * scale
        var step = scale
        for digit in parts.dropFirst().first?.utf8 ?? "".utf8[...] {
            step /= 10
            nanoseconds += UInt64(digit - 48) * step
        }
        guard nanoseconds <= delayMax.nanoseconds else { return nil }
        let isRoundTrip = unit == .roundTripMicroseconds || unit == .roundTripMilliseconds
        return Interval(nanoseconds: isRoundTrip ? nanoseconds / 2 : nanoseconds)
    }
}
