// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes
import MartletWire

extension Reconfiguration {
    /// Whether the signature is that administrator's, of this operation, in that group. Whether it is one that is asked for, views say.
    package func isValid<Scheme: SignatureScheme>(
        _ share: AdministratorShare, group: Digest, scheme: Scheme
    ) -> Bool {
        let bytes = Statement.reconfiguration(self).bytes(group: group, sender: .client(ClientID(share.administrator)))
        return scheme.isValid(share.signature, of: bytes, by: share.administrator)
    }
}
