// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// How far a checkpoint is fetched.
package struct TransferProgress: Hashable, Sendable {
    package let instance: Instance
    package let bytesHeld: Int
    /// 0 while it is not known.
    package let bytesTotal: Int
    /// Of those held, what came from other members, and in what time.
    package let bytesFetched: Int
    package let elapsed: Interval

    package init(instance: Instance, bytesHeld: Int, bytesTotal: Int, bytesFetched: Int, elapsed: Interval) {
        self.instance = instance
        self.bytesHeld = bytesHeld
        self.bytesTotal = bytesTotal
        self.bytesFetched = bytesFetched
        self.elapsed = elapsed
    }

    /// As fast as it came so far; nil while nothing has come, and when all of it is there.
    package var secondsLeft: Int? {
        guard bytesFetched > 0, bytesHeld < bytesTotal else { return nil }
        let (time, missing) = (elapsed.nanoseconds / 1_000_000, UInt64(bytesTotal - bytesHeld))
        let (product, overflow) = time.multipliedReportingOverflow(by: missing)
        guard !overflow else { return nil }
        return Int(product / UInt64(bytesFetched) / 1_000)
    }
}
