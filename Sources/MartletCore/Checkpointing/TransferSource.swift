// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// A member as a source of one checkpoint.
package struct TransferSource: Sendable {
    package enum Standing: Hashable, Sendable {
        /// As far as is known.
        case willing
        /// It says that it has another checkpoint.
        case gone
        /// It sent what is wrong.
        case liar
    }

    /// The patience with one source is doubled so often at most.
    static let missesMax = 5

    package private(set) var standing = Standing.willing
    /// What it has instead.
    package private(set) var offered: CheckpointName?
    /// Questions in a row that it did not answer in time.
    package private(set) var misses = 0
    /// How often a state was given up because it came too slowly from this one, or not at all; nothing makes good for that.
    package private(set) var delays = 0
    /// Asked at least once, of this checkpoint.
    package private(set) var wasAskedForManifest = false
    package private(set) var wasAskedForChunks = false
    private var restsUntil = Instant.zero
    /// It has answered since it last did not.
    private var answers = false
    /// It said that it does not have it, but an older one.
    private var isLacking = false
    /// When it was asked last, and when it gave its last sign of life since.
    package private(set) var askedAt = Instant.zero
    /// When it was last asked for anything, and so to keep it all.
    package private(set) var keepsSince: Instant?
    private var since = Instant.zero
    package private(set) var isAskedForManifest = false
    /// How many chunks it was asked for, and how many it sent that were there already.
    private var askedCount = 0
    private var repeatedCount = 0
    /// Places of the chunks that it is asked for.
    package private(set) var asked: [UInt32] = []

    package init() {}

    package var isBusy: Bool { isAskedForManifest || !asked.isEmpty }

    /// Nothing speaks against asking it.
    package var isGood: Bool { standing == .willing && (misses == 0 || answers) && !isLacking }

    package func mayBeAsked(at now: Instant) -> Bool { standing == .willing && !isBusy && restsUntil <= now }

    package func isOverdue(at now: Instant, patience: Interval) -> Bool {
        isBusy && now.since(since) >= patience * UInt64(1 << misses)
    }

    package mutating func ask(_ positions: [UInt32], at now: Instant) {
        if asked.isEmpty { since = now }
        asked += positions
        askedCount += positions.count
        wasAskedForChunks = true
        askedAt = now
        keepsSince = now
    }

    package mutating func askForManifest(at now: Instant) {
        isAskedForManifest = true
        wasAskedForManifest = true
        askedAt = now
        keepsSince = now
        since = now
    }

    package mutating func needsNoManifest() { isAskedForManifest = false }

    package mutating func askToKeep(at now: Instant) { keepsSince = now }

    /// It may have what comes after, too.
    package var isKeeper: Bool { standing == .willing && !isLacking && keepsSince != nil }

    package mutating func answered(at now: Instant, patience: Interval) {
        isAskedForManifest = false
        isLacking = false
        answers = true
        // One that takes longer, but answers, is waited for.
        if misses > 0, now.since(since) <= patience { misses -= 1 }
        since = now
    }

    /// Those that came from another are not waited for any more.
    package mutating func forget(where isHeld: (UInt32) -> Bool) { asked.removeAll(where: isHeld) }

    /// It did not answer: others are asked, and it again only after a while. Returns what it was asked for.
    package mutating func passOver(at now: Instant, patience: Interval) -> [UInt32] {
        answers = false
        misses = min(misses + 1, Self.missesMax)
        return rest(until: now + patience * UInt64(1 << (misses - 1)))
    }

    /// It does not have it yet.
    package mutating func lack(until instant: Instant) -> [UInt32] {
        isLacking = true
        return rest(until: instant)
    }

    private mutating func rest(until instant: Instant) -> [UInt32] {
        restsUntil = instant
        return giveUp()
    }

    /// What comes twice though few chunks were asked for.
    package static let repeatedMax = 64

    /// It sent a chunk that nobody waits for from it. A correct one answers late, and a link may carry twice what broke it. Returns whether it
    /// is more than that: each such chunk is hashed.
    package mutating func repeated() -> Bool {
        repeatedCount += 1
        return repeatedCount > 2 * askedCount + Self.repeatedMax
    }

    /// It has another one, and keeps that for a while.
    package mutating func leave(for other: CheckpointName, at now: Instant) -> [UInt32] {
        offered = other
        keepsSince = now
        return leave(as: .gone)
    }

    package mutating func leave(as standing: Standing) -> [UInt32] {
        if self.standing != .liar { self.standing = standing }
        return giveUp()
    }

    private mutating func giveUp() -> [UInt32] {
        defer { asked = [] }
        isAskedForManifest = false
        return asked
    }

    package func owes(_ position: UInt32) -> Bool { asked.contains(position) }

    package mutating func noteDelay() { delays += 1 }

    /// For another checkpoint it may be good; a liar stays one, and who kept this replica waiting comes after the others.
    package mutating func beginAnew() {
        let (isLiar, misses, delays) = (standing == .liar, misses, delays)
        self = TransferSource()
        if isLiar { standing = .liar }
        self.misses = misses
        self.delays = delays
    }
}
