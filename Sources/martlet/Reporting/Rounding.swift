// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// Numbers with so many digits after the point.
enum Rounding {
    static func text(_ value: Double, digits: Int) -> String {
        var factor = 1.0
        for _ in 0..<digits { factor *= 10 }
        let scaled = (abs(value) * factor).rounded()
        guard scaled < 1e15 else { return "\(value)" }
        let sign = value < 0 && scaled > 0 ? "-" : ""
        let (whole, part) = Int(scaled).quotientAndRemainder(dividingBy: Int(factor))
        guard digits > 0 else { return "\(sign)\(whole)" }
        let fraction = "\(part)"
        return "\(sign)\(whole)." + String(repeating: "0", count: digits - fraction.count) + fraction
    }
}
