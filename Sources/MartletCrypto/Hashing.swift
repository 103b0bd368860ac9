// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes
import MartletWire

import struct Crypto.SHA256
import struct Crypto.SHA256Digest

/// SHA-256 of everything that has a digest. What is hashed of each kind is `HashInput`'s to say; it begins with the
/// kind, so that no digest of one kind is ever one of another.
package enum Hashing {
    package static func digest(of request: Request, group: Digest) -> Digest {
        digest(of: HashInput.request(request, group: group).bytes)
    }

    /// Covers everything that execution sees, and the batch's birth (protocol §5).
    package static func digest(of batch: Batch, group: Digest) -> Digest {
        digest(of: HashInput.batch(batch, group: group).bytes)
    }

    /// Of what an operation gave, for a receipt (protocol §4).
    package static func digest(ofResult result: Bytes) -> Digest { digest(of: HashInput.result(result).bytes) }

    package static func digest(of view: View) -> Digest { digest(of: HashInput.view(view).bytes) }

    /// The group's id, which every signature covers.
    package static func group(of genesis: Genesis) -> Digest { digest(of: HashInput.genesis(genesis).bytes) }

    package static func digest(of bytes: Bytes) -> Digest { digest(SHA256.hash(data: bytes)) }

    static func digest(_ hash: SHA256Digest) -> Digest {
        unsafe hash.withUnsafeBytes { bytes in
            let word = { (offset: Int) in
                unsafe UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            }
            return Digest(words: Words32(word(0), word(8), word(16), word(24)))
        }
    }
}
