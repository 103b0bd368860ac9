// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// A simulated replica is named by its slot, which is its id: the founders from 0 on, then those that come later. Where it stands
/// in a view is another matter.
extension ReplicaID {
    package init(slot: Int) { self.init(UInt16(slot)) }
    package var slot: Int { Int(rawValue) }
}
