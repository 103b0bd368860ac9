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

    /// What is written at once, in as few signed bundles as may be: one signature covers `RequestProof.digestsMax`
    /// requests at most.
    package func sealBundles(_ requests: [Request]) -> [RequestBundle] {
        stride(from: 0, to: requests.count, by: RequestProof.digestsMax).map { start in
            sealBundle(Array(requests[start..<min(start + RequestProof.digestsMax, requests.count)]))
        }
    }

    /// The bundle signed over the digests of its requests, in their order; traps for more than one signature covers.
    package func sealBundle(_ requests: [Request]) -> RequestBundle {
        precondition(requests.count <= RequestProof.digestsMax, "too many requests for one signature")
        let digests = requests.map { Hashing.digest(of: $0, group: group) }
        let bytes = Statement.requests(digests).bytes(group: group, sender: .client(client))
        return RequestBundle(requests: requests, signature: scheme.sign(bytes, with: key))
    }
}
