// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

extension ReplicaSet {
    init(only member: ReplicaIndex) {
        self.init()
        insert(member)
    }

    func union(_ other: ReplicaSet) -> ReplicaSet {
        var result = self
        for member in other { result.insert(member) }
        return result
    }

    func subtracting(_ other: ReplicaSet) -> ReplicaSet {
        var result = self
        for member in other { result.remove(member) }
        return result
    }
}
