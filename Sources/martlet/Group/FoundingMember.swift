// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// A party to a group: `PUBLICKEY@HOST:PORT`.
struct FoundingMember: Hashable {
    let key: PublicKey
    let address: Address

    init(key: PublicKey, address: Address) {
        self.key = key
        self.address = address
    }

    init(_ text: String) throws(CommandFailure) {
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else {
            throw CommandFailure("'\(text)' is not a member: expected PUBLICKEY@HOST:PORT")
        }
        guard let key = PublicKey(hexadecimal: String(parts[0])) else {
            throw CommandFailure(
                "'\(parts[0])' is not a public key: expected 64 hexadecimal digits, as 'martlet key show FILE' prints")
        }
        self.init(key: key, address: try Address(String(parts[1])))
    }
}
