// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

extension ServiceRun {
    /// The first one, in words; nil when there is none.
    func difference(_ expected: [Bytes], _ found: [Bytes]) -> String? {
        for (place, (expected, found)) in zip(expected, found).enumerated() where expected != found {
            let same = zip(expected, found).prefix { $0 == $1 }.count
            return "other bytes in chunk \(place) from byte \(same) on: \(told(Bytes(found[same...]))) instead of "
                + told(Bytes(expected[same...]))
        }
        return expected.count == found.count ? nil : "\(found.count) chunks instead of \(expected.count)"
    }

    func told(_ operation: Bytes, _ place: Int) -> String {
        "operation \(place) of instance \(instance), \(told(operation)),"
    }

    func told(_ bytes: Bytes) -> String {
        bytes.count <= 32 ? "\(bytes)" : "\(Bytes(bytes.prefix(32))) and \(bytes.count - 32) bytes more"
    }
}
