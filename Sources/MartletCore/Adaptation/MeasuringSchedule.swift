// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// Which instances are measured: ω of them, evenly spread, the same at all members. To measure one takes about as many
/// messages as to decide one (two for each WRITE, four for each proposal), so that ω bounds what measuring adds.
package struct MeasuringSchedule: Hashable, Sendable {
    /// ω in thousandths; 0: nothing is measured.
    private let permille: UInt64

    package init(permille: Int) { self.permille = UInt64(permille) }

    package var isOn: Bool { permille > 0 }

    package func measures(_ instance: Instance) -> Bool {
        count(through: instance) != count(through: instance.previous)
    }

    /// The place of the member whose dummy proposals go beside this instance, if it does not lead: each in turn.
    package func turn(of instance: Instance, n: Int) -> ReplicaIndex {
        ReplicaIndex(Int(count(through: instance) % UInt64(n)))
    }

    /// How many are measured up to here.
    package func count(through instance: Instance) -> UInt64 {
        instance.rawValue / 1_000 * permille + instance.rawValue % 1_000 * permille / 1_000
    }
}
