// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletCore

/// What the cache of one session must do, said as plainly as possible.
private struct NaiveReplies {
    var highest: UInt64 = 0
    var keptFrom: UInt64 = 0
    var all: [UInt64: ReplyBody] = [:]
    let pipelineMax: UInt64

    mutating func keep(_ body: ReplyBody, _ sequence: UInt64, keptFrom: UInt64) {
        highest = max(highest, sequence)
        self.keptFrom = max(self.keptFrom, keptFrom)
        all[sequence] = body
    }

    func reply(to sequence: UInt64) -> ReplyBody {
        guard sequence >= keptFrom, sequence + pipelineMax > highest else { return .replyForgotten }
        return all[sequence] ?? .replyForgotten
    }
}

/// SplitMix64, so that a failing run can be repeated.
private struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

@Suite struct ReplyCacheTests {
    let alice = Sample.client(1)
    let bob = Sample.client(2)
    let first = SessionID(instance: Instance(1), place: 0)
    let second = SessionID(instance: Instance(1), place: 1)

    private func cache(pipelineMax: Int = 4) -> ReplyCache {
        var settings = GroupSettings()
        settings.pipelineMax = pipelineMax
        return ReplyCache(settings: settings)
    }

    @Test func sequenceSixOrderedBeforeFiveLosesNeither() {
        var cache = cache()
        cache.open(first, of: alice, evicting: [])
        cache.keep(.result([6]), of: Sample.request(alice, first, 6))
        cache.keep(.result([5]), of: Sample.request(alice, first, 5))
        #expect(cache.reply(to: Sample.request(alice, first, 5).id) == .result([5]))
        #expect(cache.reply(to: Sample.request(alice, first, 6).id) == .result([6]))
    }

    @Test func whatTheClientHasIsForgottenForEver() {
        var cache = cache()
        cache.open(first, of: alice, evicting: [])
        cache.keep(.result([1]), of: Sample.request(alice, first, 1))
        cache.keep(.result([3]), of: Sample.request(alice, first, 3, keptFrom: 2))
        // A later request that names less does not bring anything back.
        cache.keep(.result([2]), of: Sample.request(alice, first, 2, keptFrom: 0))
        #expect(cache.reply(to: Sample.request(alice, first, 1).id) == .replyForgotten)
        #expect(cache.reply(to: Sample.request(alice, first, 2).id) == .result([2]))
    }

    @Test func aClientThatClaimsToHaveEveryReplyHarmsOnlyItself() {
        var cache = cache()
        cache.open(first, of: alice, evicting: [])
        cache.open(second, of: bob, evicting: [])
        cache.keep(.result([1]), of: Sample.request(alice, first, .max, keptFrom: .max))
        cache.keep(.result([2]), of: Sample.request(alice, first, 1))
        cache.keep(.result([3]), of: Sample.request(bob, second, 1))
        #expect(cache.reply(to: Sample.request(alice, first, 1).id) == .replyForgotten)
        #expect(cache.reply(to: Sample.request(bob, second, 1).id) == .result([3]))
    }

    @Test func anEvictedSessionIsGone() {
        var cache = cache()
        cache.open(first, of: alice, evicting: [])
        cache.keep(.result([1]), of: Sample.request(alice, first, 1))
        cache.open(second, of: bob, evicting: [first])
        #expect(cache.sessionCount == 1)
        #expect(cache.reply(to: Sample.request(alice, first, 1).id) == .replyForgotten)
    }

    @Test func aSessionMayBeEvictedByItsOwnOpening() {
        var cache = cache()
        cache.open(first, of: alice, evicting: [first])
        #expect(cache.sessionCount == 0)
    }

    @Test(arguments: 1...40) func keepsTheSameAsItsNaiveTwin(seed: UInt64) {
        var generator = SeededGenerator(state: seed)
        let pipelineMax = Int.random(in: 1...9, using: &generator)
        var naive = NaiveReplies(pipelineMax: UInt64(pipelineMax))
        var cache = cache(pipelineMax: pipelineMax)
        cache.open(first, of: alice, evicting: [])
        var floor: UInt64 = 0
        for step in 0..<400 {
            let low = naive.highest < UInt64(pipelineMax) ? 1 : naive.highest - UInt64(pipelineMax) + 1
            let sequence = UInt64.random(in: low...naive.highest + 3, using: &generator)
            if naive.all[sequence] == nil {
                if Bool.random(using: &generator) { floor = UInt64.random(in: 0...sequence, using: &generator) }
                let body = ReplyBody.result([UInt8(step & 255)])
                naive.keep(body, sequence, keptFrom: floor)
                cache.keep(body, of: Sample.request(alice, first, sequence, keptFrom: floor))
            }
            for probe in low...naive.highest + 3 {
                #expect(cache.reply(to: Sample.request(alice, first, probe).id) == naive.reply(to: probe))
            }
        }
        // What lingers unseen must not show in an image either: one taken and installed anew gives the same image.
        let image = cache.filling([Sample.record(first, alice, highest: naive.highest)])
        let kept = image[0].replies.map(\.sequence.rawValue)
        #expect(kept == kept.sorted() && kept.allSatisfy { naive.reply(to: $0) != .replyForgotten })
        var settings = GroupSettings()
        settings.pipelineMax = pipelineMax
        let installed = ReplyCache(
            image: CheckpointImage(
                instance: Instance(2), time: .zero, view: Sample.view, sessions: image, openings: []),
            settings: settings)
        #expect(installed.filling([Sample.record(first, alice, highest: naive.highest)]) == image)
    }
}
