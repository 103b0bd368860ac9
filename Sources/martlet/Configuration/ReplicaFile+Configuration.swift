// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Logging
import MartletCrypto
import MartletReplica
import MartletTransport
import MartletTypes

extension ReplicaFile {
    /// What the replica is started with; reads the genesis and the key. A replica that was added later is one that the genesis does not
    /// name, and one that was given another key since is named there by the former one.
    func configuration(logger: Logger) throws -> ReplicaConfiguration {
        let genesis = try GenesisFile.read(genesisPath)
        let key = try KeyFile.read(at: keyPath)
        if let other = genesis.members.first(where: { $0.key == key.publicKey && $0.id != replica }) {
            throw CommandFailure(
                "the key in \(keyPath) is not replica \(replica)'s: \(genesisPath) names its public key, "
                    + "\(key.publicKey), as that of replica \(other.id)")
        }
        var configuration = ReplicaConfiguration(
            genesis: genesis, replica: replica, key: key, homeDirectory: home, logger: logger)
        configuration.listenHost = listen?.host
        configuration.listenPort = listen?.port
        configuration.transport = limits.transport
        for (replica, address) in dial {
            guard replica != self.replica else {
                throw CommandFailure(
                    "'dial' in \(home)/replica.yaml names replica \(replica), which is this one itself")
            }
            configuration.transport.dialling.set(replica, to: .init(host: address.host, port: address.port))
        }
        configuration.timeouts = limits.timeouts
        configuration.scrubBytesPerSecond = limits.scrubMebibytesPerSecond << 20
        return configuration
    }
}
