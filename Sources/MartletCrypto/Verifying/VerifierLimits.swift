// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

package enum VerifierLimits {
    /// No view, regency, instance, sequence or time gets here by counting up. Refusing larger numbers lets everyone
    /// behind the verifier add to one without a second thought.
    package static let numberMax: UInt64 = 1 << 62

    package static func isInRange(_ number: UInt64, from least: UInt64) -> Bool {
        number >= least && number <= numberMax
    }
}
