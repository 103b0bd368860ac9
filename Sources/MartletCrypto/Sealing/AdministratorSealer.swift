// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes
import MartletWire

/// Signs operations on a group for one of its administrators.
package struct AdministratorSealer<Scheme: SignatureScheme>: Sendable {
    private let group: Digest
    private let publicKey: PublicKey
    private let scheme: Scheme
    private let key: Scheme.PrivateKey

    package init(group: Digest, publicKey: PublicKey, key: Scheme.PrivateKey, scheme: Scheme) {
        self.group = group
        self.publicKey = publicKey
        self.key = key
        self.scheme = scheme
    }

    /// The operation with this administrator's signature, in the place of an earlier one.
    package func sign(_ operation: Reconfiguration) -> Reconfiguration {
        let bytes = Statement.reconfiguration(operation).bytes(group: group, sender: .client(ClientID(publicKey)))
        var signed = operation
        signed.shares.removeAll { $0.administrator == publicKey }
        signed.shares.append(AdministratorShare(administrator: publicKey, signature: scheme.sign(bytes, with: key)))
        signed.shares.sort { $0.administrator < $1.administrator }
        return signed
    }
}
