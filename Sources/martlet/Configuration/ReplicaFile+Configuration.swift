// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Logging
import MartletCrypto
import MartletReplica
import MartletTransport
import MartletTypes

extension ReplicaFile {
    /// What the replica is started with; reads the genesis and the key.
    func configuration(logger: Logger) throws -> ReplicaConfiguration {
        let genesis = try GenesisFile.read(genesisPath)
        guard let member = genesis.members.first(where: { $0.id == replica }) else {
            throw CommandFailure(
                "\(home)/replica.yaml is for replica \(replica), but \(genesisPath) names no such member")
        }
        let key = try KeyFile.read(at: keyPath)
        guard key.publicKey == member.key else {
            throw CommandFailure(
                "the key in \(keyPath) is not replica \(replica)'s: its public key is \(key.publicKey), but "
                    + "\(genesisPath) names \(member.key)")
        }
        var configuration = ReplicaConfiguration(
            genesis: genesis, replica: replica, key: key, homeDirectory: home, logger: logger)
        configuration.listenHost = listen?.host
        configuration.listenPort = listen?.port
        configuration.transport = limits.transport
        for (replica, address) in dial {
            guard genesis.members.contains(where: { $0.id == replica }) else {
                throw CommandFailure("'dial' in \(home)/replica.yaml names replica \(replica), which is no member")
            }
            configuration.transport.dialling.set(replica, to: .init(host: address.host, port: address.port))
        }
        configuration.timeouts = limits.timeouts
        configuration.scrubBytesPerSecond = limits.scrubMebibytesPerSecond << 20
        return configuration
    }
}
