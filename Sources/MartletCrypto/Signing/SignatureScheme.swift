// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// How signatures are made and checked. Everything that decides which signature is needed where is generic over it, so
/// that a simulation runs the same decisions with signatures that cannot be forged by construction.
package protocol SignatureScheme: Sendable {
    associatedtype PrivateKey: Sendable

    func sign(_ bytes: Bytes, with key: PrivateKey) -> Signature

    /// Any signature, bytes and key give an answer, never a trap.
    func isValid(_ signature: Signature, of bytes: Bytes, by key: PublicKey) -> Bool
}
