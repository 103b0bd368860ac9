// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// How long what one end of a link sends takes to the other.
package struct RelayDelay: Hashable, Sendable {
    /// What is wrong with the link for a while. Times are since the relay was told to begin.
    package struct Trouble: Hashable, Sendable {
        package enum Kind: Hashable, Sendable {
            /// Everything takes so much longer, and up to `spread` more by chance.
            case slow(by: Interval, spread: Interval)
            /// Nothing arrives before the end.
            case held
        }

        package let begin: Interval
        package let end: Interval
        package let kind: Kind

        package init(begin: Interval, end: Interval, kind: Kind) {
            self.begin = begin
            self.end = end
            self.kind = kind
        }
    }

    package let base: Interval
    /// Up to so much more, by chance.
    package let jitter: Interval
    package let troubles: [Trouble]

    package init(base: Interval, jitter: Interval = .zero, troubles: [Trouble] = []) {
        self.base = base
        self.jitter = jitter
        self.troubles = troubles
    }

    /// When what leaves now arrives. `begun` is nil until the relay was told to begin: then there is no trouble yet.
    func arrival(
        at now: Instant, begun: Instant?, using random: inout some RandomNumberGenerator
    ) -> Instant {
        var delay = base + Self.chance(upTo: jitter, &random)
        guard let begun else { return now + delay }
        let time = now.since(begun)
        var earliest = Instant.zero
        for trouble in troubles where trouble.begin <= time && time < trouble.end {
            switch trouble.kind {
            case .slow(let by, let spread): delay = delay + by + Self.chance(upTo: spread, &random)
            case .held: earliest = max(earliest, begun + trouble.end)
            }
        }
        return max(earliest, now + delay)
    }

    private static func chance(upTo bound: Interval, _ random: inout some RandomNumberGenerator) -> Interval {
        bound > .zero ? Interval(nanoseconds: .random(in: 0...bound.nanoseconds, using: &random)) : .zero
    }
}
