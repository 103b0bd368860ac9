// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// How every link of a world behaves. Chances are in thousandths.
package struct LinkModel: Hashable, Sendable {
    /// Each message takes from `delayMin` to `delayMin` + `delaySpread`: a spread above zero reorders. Where the world has
    /// a latency matrix, its delay comes on top.
    package var delayMin = Interval.microseconds(200)
    package var delaySpread = Interval.microseconds(300)
    /// Up to so many thousandths of the matrix's delay are added to it by chance.
    package var jitterPermille = 0
    /// So many messages take up to `slowExtra` longer, as if a packet had been lost below.
    package var slowPermille = 0
    package var slowExtra = Interval.milliseconds(20)
    /// Only until the network heals.
    package var lossPermille = 0
    package var duplicatePermille = 0
    /// What each link carries; messages queue for it. 0: no limit. Bytes are counted, so the wire format must be in use.
    package var bytesPerSecond = 0

    package init() {}
}
