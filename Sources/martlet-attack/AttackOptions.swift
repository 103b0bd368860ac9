// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import MartletCrypto
import MartletTransport
import MartletTypes
import MartletWire

/// What is attacked, and with which key.
struct AttackOptions: ParsableArguments {
    @Option(help: "A file with the group's genesis as it is hashed.") var genesis: String
    @Option(help: "A file with the key to act with.") var key: String

    func access() throws -> AttackAccess {
        let bytes = try Data(contentsOf: URL(filePath: genesis))
        return try AttackAccess(genesis: Genesis(decoding: Bytes(bytes)), key: KeyFile.read(at: key))
    }
}

/// A group to be attacked. It must be one of this machine: nothing is ever sent elsewhere.
struct AttackAccess: Sendable {
    struct NotLocal: Error, CustomStringConvertible {
        let description = "only groups that listen on 127.0.0.1 are attacked"
    }

    let view: View
    let clientAccess: ClientAccess
    let key: SigningKey
    let identity: TLSIdentity

    init(genesis: Genesis, key: SigningKey) throws {
        guard genesis.members.allSatisfy({ $0.host == "127.0.0.1" }) else { throw NotLocal() }
        view = try genesis.firstView(group: Hashing.group(of: genesis))
        clientAccess = genesis.clientAccess
        self.key = key
        identity = try TLSIdentity(seed: key.seed)
    }
}
