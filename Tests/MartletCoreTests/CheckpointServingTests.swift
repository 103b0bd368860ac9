// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes
import Testing

@Suite("Handing out checkpoints, at a pace (protocol §7)")
struct CheckpointServingTests {
    let name = CheckpointName(instance: Instance(8), digest: .zero)
    let other = CheckpointName(instance: Instance(16), digest: .zero)

    private func served(_ positions: [UInt32]?, _ count: Int, bytes: Int, isHeld: Bool = true) -> CheckpointServed {
        CheckpointServed(
            service: CheckpointService(receiver: ReplicaID(1), checkpoint: name, positions: positions), count: count,
            bytes: bytes, isHeld: isHeld)
    }

    @Test("What cannot be served at once waits its turn, and so much of it only")
    func waits() throws {
        var serving = CheckpointServing(n: 4)
        let member = ReplicaIndex(1)
        for first in 0..<20 as Range<UInt32> {
            serving.want((0..<64).map { first * 64 + $0 }, of: name, for: member)
        }
        #expect(serving.mostWaiting == CheckpointServing.waitingMax)
        var now = Instant(1_000_000_000)
        var bytes = 0
        var rounds = 0
        while let (_, _, positions) = serving.next(at: now), let positions {
            // One at a time: what the driver is asked for is asked for once.
            #expect(serving.next(at: now) == nil)
            serving.onServed(served(positions, 1, bytes: 1 << 17), to: member, at: now)
            bytes += 1 << 17
            rounds += 1
            if let deadline = serving.deadline, deadline > now { now = deadline }
        }
        #expect(rounds == CheckpointServing.waitingMax)
        // 20 MB at once, then 100 MB a second.
        let time = now.since(Instant(1_000_000_000)).nanoseconds
        #expect(time > 1_000_000_000 && time < 1_400_000_000, "\(time)")
    }

    @Test("A member that asks for manifests without end takes its own share only")
    func others() {
        var serving = CheckpointServing(n: 4)
        let now = Instant(1_000_000_000)
        var turns: [Int: Int] = [:]
        for _ in 0..<40 {
            serving.wantManifest(of: name, for: ReplicaIndex(1))
            serving.want([1], of: name, for: ReplicaIndex(2))
            while let (member, _, positions) = serving.next(at: now) {
                turns[member.position, default: 0] += 1
                serving.onServed(
                    served(positions, 1, bytes: member == ReplicaIndex(1) ? 10 << 20 : 1_000), to: member, at: now)
            }
        }
        #expect(turns[1, default: 0] <= 4)
        #expect(turns[2, default: 0] >= 2)
    }

    @Test("A checkpoint that is not there is not asked for again; one at a time is served")
    func gone() {
        var serving = CheckpointServing(n: 4)
        let now = Instant(1_000_000_000)
        let member = ReplicaIndex(1)
        serving.want([1, 2], of: name, for: member)
        _ = serving.next(at: now)
        serving.onServed(served([1, 2], 0, bytes: 0, isHeld: false), to: member, at: now)
        #expect(serving.next(at: now) == nil && serving.deadline == nil)
        serving.want([1], of: name, for: member)
        serving.want([5], of: other, for: member)
        let next = serving.next(at: now)
        #expect(next?.checkpoint == other && next?.2 == [5])
    }

    @Test("The driver sends a piece of what is asked for, and skips what there is not")
    func store() {
        var store = SnapshotStore()
        let checkpoint = Samples.hashed(Samples.contents(chunks: 0..<10, bytes: 100), .zero)
        store.insert(checkpoint, after: Instance(8))
        let service = CheckpointService(receiver: ReplicaID(1), checkpoint: name, positions: [0, 3, 70, 5])
        let (messages, result) = store.serve(service, bytesMax: 150)
        #expect(messages.count == 2 && result.count == 2 && result.bytes == 200 && result.isHeld)
        let all = store.serve(service)
        #expect(all.messages.count == 3 && all.served.count == 4)
        let unknown = CheckpointService(receiver: ReplicaID(1), checkpoint: other, positions: nil)
        #expect(store.serve(unknown).served.isHeld == false)
        let wanted = [3, 4, 99].map {
            WantedChunk(position: $0, digest: Samples.digest(ofChunk: Samples.chunk(Int($0), bytes: 100)))
        }
        #expect(store.chunks(of: wanted) { Samples.digest(ofChunk: $0) }.map(\.position) == [3, 4])
        #expect(store.chunks(of: wanted) { _ in .zero }.isEmpty)
    }
}
