// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// Checks signatures and remembers the valid ones, so that what comes again costs one hash: the same certificate in
/// several collects, a vote that returns inside a certificate, a collect inside SYNC.
package struct SignatureChecker<Scheme: SignatureScheme>: Sendable {
    private let scheme: Scheme
    private let known: KnownSignatures?

    /// Remembers from `rememberedMax` to twice as many; 0 remembers nothing.
    package init(scheme: Scheme, rememberedMax: Int) {
        self.scheme = scheme
        self.known = rememberedMax > 0 ? KnownSignatures(generationMax: rememberedMax) : nil
    }

    package func isValid(_ signature: Signature, of bytes: Bytes, by key: PublicKey) -> Bool {
        guard let known else { return scheme.isValid(signature, of: bytes, by: key) }
        // One name for exactly this key, signature and statement: the first two have fixed lengths.
        let name = Hashing.digest(
            of: key.words.bytes + signature.first.bytes + signature.second.bytes + bytes)
        if known.contains(name) { return true }
        guard scheme.isValid(signature, of: bytes, by: key) else { return false }
        known.insert(name)
        return true
    }
}
