// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import MartletWire

extension Reader {
    /// A key or value of any length that the input can hold.
    mutating func field() throws(WireError) -> Bytes { try bytes(KVWireLimits.fieldBytes) }

    mutating func optionalField() throws(WireError) -> Bytes? { try bool() ? try field() : nil }
}
