// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// Looks for the highest rate that a group keeps up with: doubling until it does not, then halving what is left. A rate that was not kept
/// is tried once more before that counts, since machines are noisy.
struct KneeSearch: Sendable {
    /// What is left undecided in the end, of the rate.
    static let precision = 0.04

    private(set) var kept: Double?
    private(set) var notKept: Double?
    /// What to try next; nil when the knee is known.
    private(set) var rate: Double?
    private var failures = 0
    private let rateMax: Double

    init(from first: Double, upTo rateMax: Double = 2_000_000) {
        rate = first
        self.rateMax = rateMax
    }

    mutating func note(isKept: Bool) {
        guard let rate else { return }
        failures = isKept ? 0 : failures + 1
        guard isKept || failures > 1 else { return }
        failures = 0
        if isKept { kept = rate } else { notKept = rate }
        self.rate = next
    }

    private var next: Double? {
        switch (kept, notKept) {
        case (let kept?, let notKept?): notKept - kept <= kept * Self.precision ? nil : (kept + notKept) / 2
        case (let kept?, nil): kept * 2 <= rateMax ? kept * 2 : nil
        case (nil, let notKept?): notKept >= 100 ? notKept / 2 : nil
        case (nil, nil): nil
        }
    }
}
