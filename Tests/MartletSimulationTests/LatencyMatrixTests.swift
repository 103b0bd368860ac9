// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletSimulation
import MartletTypes
import Testing

@Suite("Latency matrices")
struct LatencyMatrixTests {
    private static func complaint(_ csv: String) -> MatrixError? {
        do {
            _ = try LatencyMatrix(csv: csv, unit: .oneWayMicroseconds)
            return nil
        } catch {
            return error
        }
    }

    @Test("Numbers are read exactly, in the unit they are given in")
    func units() throws {
        let csv = "from\\to,a,b\r\na,0,7.125\r\nb, 30 ,0.5\r\n"
        let oneWay = try LatencyMatrix(csv: csv, unit: .oneWayMicroseconds)
        #expect(oneWay.regions == ["a", "b"] && oneWay.delay(from: 0, to: 1) == Interval(nanoseconds: 7_125))
        #expect(oneWay.delay(from: 1, to: 0) == .microseconds(30) && oneWay.delay(from: 0, to: 0) == .zero)
        let roundTrip = try LatencyMatrix(csv: csv, unit: .roundTripMilliseconds)
        #expect(roundTrip.delay(from: 0, to: 1) == Interval(nanoseconds: 3_562_500))
        #expect(roundTrip.delay(from: 1, to: 1) == .microseconds(250))
    }

    @Test("What is no matrix is refused with its line")
    func complaints() {
        let wrong: [(csv: String, line: Int)] = [
            ("", 1), ("from", 1), ("x,a,a\na,0,1\na,1,0", 1), ("x,a,\na,0,1\n,1,0", 1), ("x,a,b\na,0,1", 0),
            ("x,a,b\nb,0,1\na,1,0", 2), ("x,a,b\na,0,1\nb,1", 3), ("x,a,b\na,0,-1\nb,1,0", 2),
            ("x,a,b\na,0,0\nb,1,0", 2), ("x,a,b\na,0,1e3\nb,1,0", 2), ("x,a,b\na,0,1.2.3\nb,1,0", 2),
            ("x,a,b\na,0,18446744073709551.9\nb,1,0", 2), ("x,a,b\na,0,99999999999999999999\nb,1,0", 2),
            ("x,a,b\na,0,4000000000000\nb,1,0", 2),
        ]
        for (csv, line) in wrong { #expect(Self.complaint(csv)?.line == line, "\(csv)") }
    }

    @Test("What is wrong with a cell is said with its column")
    func columns() {
        let wrong: [(csv: String, column: Int)] = [
            ("x,a,b\na,0,-1\nb,1,0", 3), ("x,a,b\na,0,1\nb,one,0", 2), ("x,a,b\na,0,1\nb,,0", 2),
            ("x,a,b\na,0\nb,1,0", 3), ("x,a,b\na,0,1,2\nb,1,0", 4), ("x,a,b\nb,0,1\na,1,0", 1),
            ("x,a,a\na,0,1\na,1,0", 3), ("x,a,b\na,0,1", 0),
        ]
        for (csv, column) in wrong { #expect(Self.complaint(csv)?.column == column, "\(csv)") }
    }

    @Test("A diagonal that means nothing may be anything")
    func diagonal() throws {
        let csv = "x,a,b\na,-,1\nb,2,nan"
        #expect(Self.complaint(csv)?.column == 2)
        let matrix = try LatencyMatrix(csv: csv, unit: .oneWayMicroseconds, ignoringDiagonal: true)
        #expect(matrix.delay(from: 0, to: 0) == .zero && matrix.delay(from: 1, to: 0) == .microseconds(2))
    }

    @Test("The stock matrices are alike both ways")
    func stock() {
        for matrix in [LatencyMatrix.fiveRegions, .zones] {
            for left in matrix.regions.indices {
                for right in matrix.regions.indices {
                    #expect(matrix.delay(from: left, to: right) == matrix.delay(from: right, to: left))
                }
            }
        }
    }
}
