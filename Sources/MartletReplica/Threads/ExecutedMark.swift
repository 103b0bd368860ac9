// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Synchronization

/// How far the execution stage has got, for those beside it that may wait as long as there is time.
final class ExecutedMark: Sendable {
    private let value = Atomic<UInt64>(0)

    var instance: Instance { Instance(value.load(ordering: .relaxed)) }

    /// By the execution stage alone.
    func note(_ instance: Instance) { value.store(instance.rawValue, ordering: .relaxed) }
}
