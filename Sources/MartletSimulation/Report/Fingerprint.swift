// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes

/// A number over everything that was sent and executed: two runs with the same number went the same way.
struct Fingerprint {
    private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func mix(_ word: UInt64) {
        value = (value ^ word) &* 0x0000_0100_0000_01B3
        value ^= value >> 32
    }

    mutating func mix(_ replica: Int, _ message: PeerMessage) {
        mix(UInt64(replica))
        switch message {
        case .propose(let it): mix(1, it.batch.instance.rawValue, UInt64(it.batch.entries.count))
        case .write(let it): mix(2, it.instance.rawValue, it.digest.words.word0)
        case .accept(let it): mix(3, it.instance.rawValue, it.digest.words.word0)
        case .decided(let it): mix(4, it.instance.rawValue, it.digest.words.word0)
        case .stop(let it): mix(5, it.regency.rawValue, UInt64(it.reason.rawValue))
        case .stopData(let it): mix(6, it.epoch.regency.rawValue, UInt64(it.claims.count))
        case .sync(let it): mix(7, it.epoch.regency.rawValue, UInt64(it.collected.count))
        case .checkpoint(let it): mix(8, it.instance.rawValue, it.digest.words.word0)
        case .forwarded(let it): mix(9, UInt64(it.count), 0)
        case .vouches(let it): mix(10, UInt64(it.entries.count), 0)
        case .fetchRequests(let it): mix(11, UInt64(it.entries.count), 0)
        case .fetchBatch(let it): mix(12, it.instance.rawValue, it.digest.words.word0)
        case .batchBody(let it): mix(13, it.batch.instance.rawValue, 0)
        case .fetchDecisions(let it): mix(14, it.first.rawValue, 0)
        case .decisions(let it): mix(15, UInt64(it.decisions.count), 0)
        case .fetchCheckpoint(let it): mix(16, it.instance.rawValue, 0)
        case .checkpointOffer(let it): mix(17, it.instance.rawValue, it.digest.words.word0)
        case .fetchManifest(let it): mix(28, it.instance.rawValue, it.digest.words.word0)
        case .manifest(let it): mix(29, it.checkpoint.instance.rawValue, UInt64(it.manifest.digests.count))
        case .fetchChunks(let it): mix(30, UInt64(it.positions.count), UInt64(it.positions.first ?? 0))
        case .chunk(let it): mix(31, UInt64(it.position), UInt64(it.bytes.count))
        case .progress(let it): mix(18, it.decided.rawValue, it.epoch.regency.rawValue)
        case .probe(let it): mix(20, it.sequence.rawValue, 0)
        case .probeEcho(let it): mix(21, it.sequence.rawValue, 0)
        case .challenge(let it): mix(22, it.number, 0)
        case .operation(let it): mix(24, it.request.id.sequence.rawValue, 0)
        case .challengeResponse(let it): mix(23, it.number, it.digest?.words.word0 ?? 0)
        case .install(let it): mix(25, it.last.rawValue, it.next.number.rawValue)
        case .fetchViews(let it): mix(26, it.after.rawValue, 0)
        case .views(let it): mix(27, UInt64(it.certificates.count), 0)
        }
    }

    mutating func mix(_ execution: Execution) {
        mix(19, execution.instance.rawValue, execution.seed)
        mix(execution.time.rawValue)
    }

    private mutating func mix(_ kind: UInt64, _ first: UInt64, _ second: UInt64) {
        mix(kind)
        mix(first)
        mix(second)
    }
}
