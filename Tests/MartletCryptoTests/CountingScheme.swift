// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTypes
import Synchronization

/// Ed25519 that counts how often it checks.
final class CountingScheme: SignatureScheme {
    private let checks = Mutex(0)
    private let scheme = Ed25519Scheme()

    var count: Int { checks.withLock { $0 } }

    func sign(_ bytes: Bytes, with key: SigningKey) -> Signature { scheme.sign(bytes, with: key) }

    func isValid(_ signature: Signature, of bytes: Bytes, by key: PublicKey) -> Bool {
        checks.withLock { $0 += 1 }
        return scheme.isValid(signature, of: bytes, by: key)
    }
}
