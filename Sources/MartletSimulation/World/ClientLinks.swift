// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Which connections between clients and replicas are broken: for how many reasons each.
struct ClientLinks {
    private let replicas: Int
    private var broken: [Int]

    init(replicas: Int, clients: Int) {
        self.replicas = replicas
        broken = Array(repeating: 0, count: replicas * clients)
    }

    func isUp(_ client: Int, _ replica: Int) -> Bool { broken[client * replicas + replica] == 0 }

    /// True when the connection was there until now.
    mutating func breaks(_ client: Int, _ replica: Int) -> Bool {
        broken[client * replicas + replica] += 1
        return broken[client * replicas + replica] == 1
    }

    /// True when the connection is there again.
    mutating func mends(_ client: Int, _ replica: Int) -> Bool {
        broken[client * replicas + replica] -= 1
        return broken[client * replicas + replica] == 0
    }
}
