// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes
import MartletWire

/// Signs what a client writes. One signature covers all requests of a write, so that its cost is shared.
package struct ClientSealer<Scheme: SignatureScheme>: Sendable {
    package let group: Digest
    package let client: ClientID
    private let scheme: Scheme
    private let key: Scheme.PrivateKey

    package init(group: Digest, client: ClientID, key: Scheme.PrivateKey, scheme: Scheme) {
        self.group = group
        self.client = client
        self.key = key
        self.scheme = scheme
    }

    /// The bundle signed over the digests of its requests, in their order.
    package func sealBundle(_ requests: [Request]) -> RequestBundle {
        let digests = requests.map { Hashing.digest(of: $0, group: group) }
        let bytes = Statement.requests(digests).bytes(group: group, sender: .client(client))
        return RequestBundle(requests: requests, signature: scheme.sign(bytes, with: key))
    }
}
