// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// Draws a chart as SVG.
struct ChartDrawing {
    private static let colours = [
        "#1f6feb", "#d1495b", "#2e933c", "#edae49", "#7b2d8b", "#00798c", "#8d6e63", "#454955",
    ]
    private static let size = (width: 960.0, height: 540.0)
    private static let plot = (left: 80.0, top: 84.0, right: 936.0, bottom: 400.0)

    private let chart: Chart
    private let scale: (top: Double, step: Double)

    init(_ chart: Chart) {
        self.chart = chart
        scale = chart.scale
    }

    var svg: String {
        let head =
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(Self.text(Self.size.width)) "
            + "\(Self.text(Self.size.height))\" font-family=\"sans-serif\" font-size=\"12\">"
        let background = "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>"
        var parts = [head, background]
        parts += frame
        for place in chart.series.indices { parts += drawing(of: place) }
        return (parts + ["</svg>"]).joined(separator: "\n") + "\n"
    }

    // MARK: - Titles and axes

    private var frame: [String] {
        let plot = Self.plot
        let middle = (plot.top + plot.bottom) / 2
        var parts = [
            label(chart.title, plot.left, 24, "font-size=\"16\" font-weight=\"bold\""),
            label(
                chart.xTitle, (plot.left + plot.right) / 2, Self.size.height - 12, "text-anchor=\"middle\""),
            label(chart.yTitle, 20, middle, "text-anchor=\"middle\" transform=\"rotate(-90 20 \(Self.text(middle)))\""),
        ]
        for tick in 0...Int((scale.top / scale.step).rounded()) {
            let value = Double(tick) * scale.step
            parts.append(line(plot.left, y(value), plot.right, y(value), "stroke=\"#dddddd\""))
            parts.append(label(Self.text(value), plot.left - 8, y(value) + 4, "text-anchor=\"end\""))
        }
        for (place, name) in chart.categories.enumerated() {
            let (x, y) = (x(place), plot.bottom + 14)
            let turn = "text-anchor=\"end\" transform=\"rotate(-40 \(Self.text(x)) \(Self.text(y)))\""
            parts.append(label(name, x, y, turn))
        }
        return parts + legend + marks
    }

    private var marks: [String] {
        chart.marks.flatMap { mark in
            let x = Self.plot.left + categoryWidth * mark.category
            let (place, turn) = (Self.text(x + 12), "rotate(-90 \(Self.text(x + 12)) \(Self.text(Self.plot.top + 4)))")
            return [
                line(x, Self.plot.top, x, Self.plot.bottom, "stroke=\"#666666\" stroke-dasharray=\"2 3\""),
                "<text x=\"\(place)\" y=\"\(Self.text(Self.plot.top + 4))\" fill=\"#444444\" text-anchor=\"end\" "
                    + "transform=\"\(turn)\">\(Self.escaped(mark.text))</text>",
            ]
        }
    }

    private var legend: [String] {
        var parts: [String] = []
        let perRow = 4
        let width = (Self.plot.right - Self.plot.left) / Double(perRow)
        for (place, series) in chart.series.enumerated() {
            let x = Self.plot.left + Double(place % perRow) * width
            let y = 44 + Double(place / perRow) * 18
            parts.append(
                "<rect x=\"\(Self.text(x))\" y=\"\(Self.text(y - 9))\" width=\"12\" height=\"10\" fill=\"\(colour(place))\"/>"
            )
            parts.append(label(series.name, x + 18, y, ""))
        }
        return parts
    }

    // MARK: - Numbers

    private func drawing(of place: Int) -> [String] {
        switch chart.series[place].shape {
        case .bars: bars(place)
        case .line: polyline(place, "") + points(place)
        case .dashes: polyline(place, "stroke-dasharray=\"6 4\"")
        case .points: points(place)
        }
    }

    private func bars(_ place: Int) -> [String] {
        let series = chart.series[place]
        let all = chart.series.indices.filter { chart.series[$0].shape == .bars }
        let slot = categoryWidth * 0.8 / Double(all.count)
        let first = -categoryWidth * 0.4 + slot * Double(all.firstIndex(of: place) ?? 0)
        var parts: [String] = []
        for (category, value) in series.values.enumerated() {
            guard let value else { continue }
            let left = x(category) + first
            parts.append(
                "<rect x=\"\(Self.text(left))\" y=\"\(Self.text(y(value)))\" width=\"\(Self.text(slot * 0.9))\" "
                    + "height=\"\(Self.text(Self.plot.bottom - y(value)))\" fill=\"\(colour(place))\"/>")
            guard series.upper.indices.contains(category), let upper = series.upper[category] else { continue }
            let middle = left + slot * 0.45
            parts.append(line(middle, y(value), middle, y(upper), "stroke=\"#333333\" stroke-width=\"1.5\""))
        }
        return parts
    }

    private func polyline(_ place: Int, _ style: String) -> [String] {
        let points = chart.series[place].values.enumerated().compactMap { category, value in
            value.map { "\(Self.text(x(category))),\(Self.text(y($0)))" }
        }
        return [
            "<polyline points=\"\(points.joined(separator: " "))\" fill=\"none\" stroke=\"\(colour(place))\" "
                + "stroke-width=\"2\" \(style)/>"
        ]
    }

    private func points(_ place: Int) -> [String] {
        chart.series[place].values.enumerated().compactMap { category, value in
            value.map {
                "<circle cx=\"\(Self.text(x(category)))\" cy=\"\(Self.text(y($0)))\" r=\"3.5\" fill=\"\(colour(place))\"/>"
            }
        }
    }

    // MARK: - Places

    private var categoryWidth: Double { (Self.plot.right - Self.plot.left) / Double(max(1, chart.categories.count)) }

    private func x(_ category: Int) -> Double { Self.plot.left + categoryWidth * (Double(category) + 0.5) }

    private func y(_ value: Double) -> Double {
        Self.plot.bottom - value / scale.top * (Self.plot.bottom - Self.plot.top)
    }

    private func colour(_ place: Int) -> String { Self.colours[place % Self.colours.count] }

    private func label(_ text: String, _ x: Double, _ y: Double, _ style: String) -> String {
        "<text x=\"\(Self.text(x))\" y=\"\(Self.text(y))\" \(style)>\(Self.escaped(text))</text>"
    }

    private func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ style: String) -> String {
        "<line x1=\"\(Self.text(x1))\" y1=\"\(Self.text(y1))\" x2=\"\(Self.text(x2))\" y2=\"\(Self.text(y2))\" \(style)/>"
    }

    /// Without digits that say nothing.
    static func text(_ value: Double) -> String {
        let text = Rounding.text(value, digits: abs(value) < 1 ? 3 : 1)
        let digits = text.reversed().drop { $0 == "0" }
        return text.contains(".") ? String((digits.first == "." ? digits.dropFirst() : digits).reversed()) : text
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "&": result += "&amp;"
            case "\"": result += "&quot;"
            default: result.append(character)
            }
        }
        return result
    }
}
