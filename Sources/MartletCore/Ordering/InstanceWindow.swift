// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// The instances from just above the newest stable checkpoint to as far as votes are kept: those decided, for others
/// to fetch, and those running.
package struct InstanceWindow: Sendable {
    /// The first instance that is kept; everything below is covered by a stable checkpoint.
    package private(set) var first = Instance(1)
    private var instances: [ConsensusInstance] = []

    package init() {}

    /// The first instance after those kept.
    package var end: Instance { first + instances.count }

    package var all: [ConsensusInstance] { instances }

    package func contains(_ number: Instance) -> Bool { number >= first && number < end }

    package subscript(number: Instance) -> ConsensusInstance {
        // Inlined, or it may be compiled wrongly (swiftlang/swift#90550); a copy of an instance would cost too much.
        @inline(__always) _read { yield instances[Int(number.rawValue - first.rawValue)] }
        _modify { yield &instances[Int(number.rawValue - first.rawValue)] }
    }

    /// Makes place up to and including `number`.
    package mutating func extend(to number: Instance) {
        while end <= number { instances.append(ConsensusInstance(number: end)) }
    }

    /// Drops everything up to and including `number`.
    package mutating func drop(through number: Instance) {
        guard number >= first else { return }
        instances.removeFirst(min(instances.count, number.distance(beyond: first) + 1))
        first = number.next
    }

    /// Drops what is known of everything after `number`.
    package mutating func forget(after number: Instance) {
        guard number.next < end else { return }
        instances.removeLast(end.distance(beyond: max(number.next, first)))
    }

    package mutating func beginEpoch() {
        for place in instances.indices { instances[place].beginEpoch() }
    }
}
