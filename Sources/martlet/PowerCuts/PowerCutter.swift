// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletSimulation
import MartletTypes

/// Kills replicas at random moments, without warning, one, some or all at once, and starts them again. When is drawn by a seed;
/// what they were doing then is as the machine has it.
struct PowerCutter {
    /// What is to become of one replica.
    private struct Fate {
        let replica: ReplicaProcess
        /// How long it is down, each time that it is killed. In milliseconds.
        var down: [Int]
        /// How long it is up before it is killed again.
        var up: [Int] = []
    }

    let group: LocalGroup
    let record: PowerCutRecord
    private let cutsAll: Bool
    private var random: SeededRandom

    init(group: LocalGroup, record: PowerCutRecord, _ parameters: PowerCutParameters) {
        self.group = group
        self.record = record
        cutsAll = parameters.cutsAll
        random = SeededRandom(seed: parameters.seed)
    }

    /// Afterwards all replicas have been started again. `onCut` is told of each cut once they have.
    mutating func run(until end: ContinuousClock.Instant, onCut: () -> Void) async throws {
        while true {
            let pause = random.below(random.pick([300, 2_000, 2_000, 6_000]))
            guard ContinuousClock.now + .milliseconds(pause) < end else { return }
            try await Task.sleep(for: .milliseconds(pause))
            let fates = draw()
            record.change { counts in
                switch fates.count {
                case 1: counts.ofOne += 1
                case group.processes.count: counts.ofAll += 1
                default: counts.ofSome += 1
                }
            }
            try await withThrowingTaskGroup { tasks in
                for fate in fates { tasks.addTask { [self] in try await meet(fate) } }
                try await tasks.waitForAll()
            }
            onCut()
        }
    }

    private mutating func draw() -> [Fate] {
        let n = group.processes.count
        let count = cutsAll ? n : random.pick([1, 1, 1, max(1, n / 2), max(1, n - 1), n, n])
        var victims = group.processes
        random.shuffle(&victims)
        let downMax = random.pick([20, 500, 3_000])
        return victims.prefix(count).map { victim in
            var fate = Fate(replica: victim, down: [random.below(downMax)])
            while fate.down.count < 4, random.chance(permille: 250) {
                fate.up.append(random.below(random.pick([30, 300, 1_000])))
                fate.down.append(random.below(300))
            }
            return fate
        }
    }

    private func meet(_ fate: Fate) async throws {
        for (place, down) in fate.down.enumerated() {
            await kill(fate.replica, isReturning: place > 0)
            try await Task.sleep(for: .milliseconds(down))
            try await fate.replica.start()
            if place < fate.up.count { try await Task.sleep(for: .milliseconds(fate.up[place])) }
        }
    }

    private func kill(_ replica: ReplicaProcess, isReturning: Bool) async {
        await replica.kill()
        let ending = await replica.waitUntilEnded()
        if ending != .signaled(9), let ending {
            record.found(
                "replica \(replica.replica) ended by itself: it \(ending)\n\(group.lastLines(of: replica.replica))")
        }
        record.change { counts in
            counts.kills += 1
            if isReturning { counts.killsOfReturning += 1 }
        }
    }
}
