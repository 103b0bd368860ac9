// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Synchronization

/// A bounded memory of signatures found valid. Two generations: when the young one is full it becomes the old one, and
/// what was in the old one is forgotten. Invalid signatures leave no trace, so that a liar cannot fill it for free.
final class KnownSignatures: Sendable {
    private struct Generations {
        var young: Set<Digest> = []
        var old: Set<Digest> = []
    }

    private let generationMax: Int
    private let generations = Mutex(Generations())

    init(generationMax: Int) {
        precondition(generationMax > 0)
        self.generationMax = generationMax
    }

    func contains(_ name: Digest) -> Bool {
        generations.withLock { $0.young.contains(name) || $0.old.contains(name) }
    }

    func insert(_ name: Digest) {
        generations.withLock { generations in
            if generations.young.count >= generationMax {
                generations.old = generations.young
                generations.young = []
            }
            generations.young.insert(name)
        }
    }
}
