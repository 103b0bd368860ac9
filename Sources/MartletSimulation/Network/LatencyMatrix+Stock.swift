// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// Matrices of this project's own making: round figures such as one meets between regions of the world.
extension LatencyMatrix {
    /// Five regions on four continents; one way, in milliseconds.
    package static var fiveRegions: LatencyMatrix { stock(fiveRegionsText) }

    /// Three zones of one city and one across the land.
    package static var zones: LatencyMatrix { stock(zonesText) }

    /// Three around a fourth, and one far away.
    package static var oneFarAway: LatencyMatrix { stock(oneFarAwayText) }

    private static let fiveRegionsText = """
        from\\to,west,east,europe,south,pacific
        west,0.2,32,70,90,72
        east,32,0.2,38,60,100
        europe,70,38,0.2,95,135
        south,90,60,95,0.2,160
        pacific,72,100,135,160,0.2
        """

    private static let zonesText = """
        from\\to,a,b,c,far
        a,0.1,0.4,0.6,18
        b,0.4,0.1,0.5,18
        c,0.6,0.5,0.1,19
        far,18,18,19,0.1
        """

    private static let oneFarAwayText = """
        from\\to,middle,a,b,c,far
        middle,0.2,5,5,5,120
        a,5,0.2,20,20,120
        b,5,20,0.2,20,120
        c,5,20,20,0.2,120
        far,120,120,120,120,0.2
        """

    private static func stock(_ text: String) -> LatencyMatrix {
        do {
            return try LatencyMatrix(csv: text, unit: .oneWayMilliseconds)
        } catch {
            preconditionFailure("line \(error.line): \(error.complaint)")
        }
    }
}
