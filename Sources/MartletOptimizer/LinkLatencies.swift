// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// The one-way latencies between the replicas of one view, by position: M̂ of adaptation §3. From a replica to itself
/// it is 0, whatever was reported, and where nothing was reported it is missing.
package struct LinkLatencies: Hashable, Sendable {
    /// n: how many replicas.
    package let count: Int
    /// Row after row, in microseconds.
    private let values: [UInt64]

    /// Takes the matrix as it is. `rows[i][j]` is the latency from i to j.
    package init(_ rows: [[Latency]]) { self.init(count: rows.count) { rows[$0][$1] } }

    /// Adaptation §3: M̂[i][j] = max(M[i][j], M[j][i]). No replica can look faster to a correct one than that one
    /// measured, nor blame a link without making its own worse.
    package init(sanitizing reports: [[Latency]]) {
        self.init(count: reports.count) { max(reports[$0][$1], reports[$1][$0]) }
    }

    private init(count: Int, _ latency: (Int, Int) -> Latency) {
        precondition(count >= 1 && count <= ReplicaSet.membersMax, "no matrix of a view")
        var values: [UInt64] = []
        values.reserveCapacity(count * count)
        for sender in 0..<count {
            for receiver in 0..<count {
                let link = sender == receiver ? .zero : latency(sender, receiver)
                values.append((link > .linkMax ? .missing : link).rawValue)
            }
        }
        self.count = count
        self.values = values
    }

    package subscript(from sender: ReplicaIndex, to receiver: ReplicaIndex) -> Latency {
        Latency(values[sender.position * count + receiver.position])
    }

    /// The latencies from one replica to each, in microseconds.
    func row(from sender: Int) -> ArraySlice<UInt64> { values[sender * count..<(sender + 1) * count] }

    /// Row after row by receiver instead of by sender.
    func byReceiver() -> [UInt64] {
        (0..<count).flatMap { receiver in (0..<count).map { values[$0 * count + receiver] } }
    }

    func bySender() -> [UInt64] { values }
}
