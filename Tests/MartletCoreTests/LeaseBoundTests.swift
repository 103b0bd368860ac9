// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes
import Testing

@Suite("How much, and for how long, liars have kept for them (protocol §7, §9)")
struct LeaseBoundTests {
    private let lifetime = Interval.seconds(10)

    private func leases(n: Int = 4, f: Int = 1, model: FaultModel = .byzantine) throws -> CheckpointLeases {
        CheckpointLeases(view: try Samples.view(n: n, f: f, model: model), count: n, lifetime: lifetime)
    }

    private func certificate(_ instance: UInt64) -> CheckpointCertificate {
        CheckpointCertificate(view: .genesis, instance: Instance(instance), digest: .zero, shares: [])
    }

    @Test("f+1 checkpoints are kept, also where members only crash, and none goes for a newer one that another wants")
    func noEviction() throws {
        for model in [FaultModel.byzantine, .crash] {
            var leases = try leases(n: 5, f: 1, model: model)
            #expect(leases.countMax == 2)
            let now = Instant(1_000_000_000)
            for (place, instance) in [(0, 8), (1, 16)] as [(Int, UInt64)] {
                let isHeld = leases.renew(certificate(instance).name, for: ReplicaIndex(place), at: now)
                #expect(isHeld)
                leases.note(stable: certificate(instance))
            }
            let isThirdHeld = leases.renew(certificate(24).name, for: ReplicaIndex(2), at: now)
            #expect(!isThirdHeld && leases.checkpoints == [Instance(8), Instance(16)])
            // It is told of what is kept already, if that is any use to it.
            #expect(leases.newest(from: Instance(10)) == certificate(16))
            #expect(leases.newest(from: Instance(20)) == nil)
            let isSecondHeld = leases.renew(certificate(16).name, for: ReplicaIndex(2), at: now)
            #expect(isSecondHeld)
            // Whoever goes over to another one frees its own.
            let isOtherHeld = leases.renew(certificate(24).name, for: ReplicaIndex(0), at: now)
            #expect(isOtherHeld && leases.checkpoints == [Instance(16), Instance(24)])
        }
    }

    @Test("Whoever asks without end has something kept half of the time at most")
    func notForEver() throws {
        var leases = try leases()
        var now = Instant(1_000_000_000)
        var held = 0
        for step in 0..<20_000 {
            now = now + .seconds(5)
            leases.renew(certificate(UInt64(step / 500 + 1) * 8).name, for: ReplicaIndex(1), at: now)
            _ = leases.end(at: now)
            if leases.isHeld(by: ReplicaIndex(1)) { held += 1 }
        }
        #expect(held > 5_000 && held < 11_000)
    }

    @Test("A state that takes long to be sent is kept for as long as that, many times")
    func large() throws {
        var leases = try leases()
        var now = Instant(1_000_000_000)
        // At full pace it takes ten minutes.
        leases.note(stateBytes: 60_000_000_000)
        for _ in 0..<3_000 {
            now = now + .seconds(5)
            let isHeld = leases.renew(certificate(8).name, for: ReplicaIndex(1), at: now)
            let hasEnded = leases.end(at: now)
            #expect(isHeld && !hasEnded)
        }
    }

    @Test("Whoever has the state, and can take nothing now, keeps what follows it; nobody else gets it so")
    func keeps() throws {
        var leases = try leases()
        var now = Instant(1_000_000_000)
        let member = ReplicaIndex(1)
        let isKeptWithout = leases.keep(after: certificate(8).name, for: member, at: now)
        #expect(!isKeptWithout)
        leases.renew(certificate(8).name, for: member, at: now)
        leases.renew(decisionsFrom: Instance(12), for: member, at: now)
        for _ in 0..<20 {
            now = now + .seconds(5)
            let isKept = leases.keep(after: certificate(8).name, for: member, at: now)
            let hasEnded = leases.end(at: now)
            #expect(isKept && !hasEnded)
        }
        #expect(leases.oldest == Instance(11))
        let isOtherKept = leases.keep(after: certificate(16).name, for: member, at: now)
        #expect(!isOtherKept)
    }
}
