// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// What a member that speaks in an older view was told of those after it, unasked. Whoever knows them may speak in the older one for long
/// all the same: its state is still on the way to it, over the link that the same views said again and again would fill. So each
/// time it is left alone twice as long, and of views that have begun since it is told alone; whoever lacks others asks.
package struct ToldViews: Sendable {
    private static let timesMax = 6

    private var spokenIn = ViewNumber.genesis
    private var newest = ViewNumber.genesis
    private var at: Instant?
    private var times = 0

    package init() {}

    /// After which view it is to be told of all that are known; nil if of none now. Otherwise that is noted. Another view of either side is
    /// another matter, and may be told of after `pause`.
    package mutating func due(
        to member: ViewNumber, newest known: ViewNumber, at now: Instant, pause: Interval
    ) -> ViewNumber? {
        let (isSame, isNews) = (member == spokenIn, known != newest)
        guard now.hasPassed(isSame && !isNews ? pause * UInt64(1 << times) : pause, since: at) else { return nil }
        let after = isSame && isNews ? newest : member
        if !isNews || !isSame { times = isSame ? min(times + 1, Self.timesMax) : 0 }
        (spokenIn, newest, at) = (member, known, now)
        return after
    }
}
