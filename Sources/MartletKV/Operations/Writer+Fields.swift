// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import MartletWire

extension Writer {
    mutating func writeOptionalBytes(_ value: Bytes?) {
        write(value != nil)
        if let value { writeBytes(value) }
    }
}
