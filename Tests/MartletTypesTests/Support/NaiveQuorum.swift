// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// A fraction, never reduced.
struct Fraction: Comparable {
    let numerator: Int
    let denominator: Int

    init(_ numerator: Int, over denominator: Int = 1) {
        precondition(denominator > 0)
        self.numerator = numerator
        self.denominator = denominator
    }

    static func + (left: Fraction, right: Fraction) -> Fraction {
        Fraction(
            left.numerator * right.denominator + right.numerator * left.denominator,
            over: left.denominator * right.denominator)
    }

    static func * (factor: Int, fraction: Fraction) -> Fraction {
        Fraction(factor * fraction.numerator, over: fraction.denominator)
    }

    static func < (left: Fraction, right: Fraction) -> Bool {
        left.numerator * right.denominator < right.numerator * left.denominator
    }

    static func == (left: Fraction, right: Fraction) -> Bool {
        left.numerator * right.denominator == right.numerator * left.denominator
    }
}

/// The quorum rule as the paper writes it (WHEAT §IV): Vmin = 1, Vmax = 1 + Δ/f, Qv = 2f·Vmax + 1, with crash faults
/// Qv = f·Vmax + 1. Members 0 ..< u hold Vmax. Shares no code with what it is compared to.
struct NaiveQuorum {
    let faultModel: FaultModel
    let n: Int
    let f: Int

    var heavyCount: Int { faultModel == .byzantine ? 2 * f : f }

    func weight(of member: Int) -> Fraction {
        guard f > 0, member < heavyCount else { return Fraction(1) }
        let fewest = faultModel == .byzantine ? 3 * f + 1 : 2 * f + 1
        return Fraction(1) + Fraction(n - fewest, over: f)
    }

    func isQuorum(_ voters: [Int]) -> Bool {
        guard f > 0 else { return voters.count == 1 }
        let least = heavyCount * weight(of: 0) + Fraction(1)
        // Summed class by class, so that denominators stay small.
        let heavy = voters.count { $0 < heavyCount }
        return least <= heavy * weight(of: 0) + Fraction(voters.count - heavy)
    }
}
