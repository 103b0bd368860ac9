// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes
import Testing

@Suite("The STOPDATA that a new leader collects (protocol §6)")
struct CollectionTests {
    private func stopData(of member: UInt16, digests: Int) -> StopData {
        let written = (0..<digests).map { number in
            RegencyDigest(regency: .first, digest: Samples.digest(ofChunk: [UInt8(number & 255), UInt8(number >> 8)]))
        }
        return StopData(
            epoch: Epoch(view: .genesis, regency: Regency(2)), sender: ReplicaID(member), base: nil, checkpoint: nil,
            claims: [InstanceClaim(instance: Instance(1), lock: nil, writeSet: written)])
    }

    @Test("What liars send that keeps to the rules makes no SYNC that is too long to be sent or written")
    func tooLong() {
        let short = stopData(of: 1, digests: 2)
        var collection = Collection(n: 4, syncBytesMax: 4 * short.bytes)
        for member in 0..<4 as Range<UInt16> {
            collection.add(stopData(of: member, digests: member == 0 ? 50 : 2), from: ReplicaIndex(Int(member)))
        }
        let missing = collection.take(at: .zero, patience: .seconds(1)) { _, _ in true }
        #expect(missing.isEmpty)
        #expect(collection.collected.map(\.sender) == [ReplicaID(1), ReplicaID(2), ReplicaID(3)])
    }
}
