// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// A picture of numbers over categories, such as configurations, places or sizes.
struct Chart: Sendable {
    enum Shape: Sendable {
        case bars
        case line
        case dashes
        case points
    }

    struct Series: Sendable {
        let name: String
        let shape: Shape
        /// One for each category; nil where there is none.
        let values: [Double?]
        /// For bars: up to where a thin line goes on.
        let upper: [Double?]

        init(_ name: String, _ shape: Shape, _ values: [Double?], upTo upper: [Double?] = []) {
            self.name = name
            self.shape = shape
            self.values = values
            self.upper = upper
        }
    }

    let title: String
    let xTitle: String
    let yTitle: String
    let categories: [String]
    let series: [Series]
    /// Lines from top to bottom, each at a category, with what happened there.
    var marks: [(category: Double, text: String)] = []

    /// From 0 to the first round number that nothing exceeds, in at most ten steps.
    var scale: (top: Double, step: Double) {
        let highest = max(1e-9, series.flatMap { $0.values + $0.upper }.compactMap { $0 }.max() ?? 1)
        var power = 1e-9
        while power * 10 <= highest { power *= 10 }
        let step = [0.1, 0.2, 0.5, 1, 2].map { $0 * power }.first { highest / $0 <= 10 } ?? power
        return ((highest / step).rounded(.up) * step, step)
    }
}
