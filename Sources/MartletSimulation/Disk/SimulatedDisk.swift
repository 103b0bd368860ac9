// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletCrypto
import MartletTypes
import MartletWire

/// What a replica of a durable group has on its disk.
struct SimulatedDisk {
    private struct Checkpoint {
        let instance: Instance
        let digest: Digest
        let state: Bytes
    }

    private var durable: [LogRecord] = []
    private var cached: [LogRecord] = []
    private var checkpoints: [Checkpoint] = []

    mutating func append(_ records: [LogRecord]) { cached += records }

    mutating func sync() {
        durable += cached
        cached = []
    }

    /// Durable on return.
    mutating func keep(_ state: Bytes, instance: Instance, digest: Digest) {
        guard !checkpoints.contains(where: { $0.instance == instance && $0.digest == digest }) else { return }
        checkpoints.append(Checkpoint(instance: instance, digest: digest, state: state))
    }

    /// A quorum has that checkpoint. Without it nothing older may go.
    mutating func forget(below instance: Instance) {
        guard checkpoints.contains(where: { $0.instance == instance }) else { return }
        checkpoints.removeAll { $0.instance < instance }
        durable.removeAll { $0.instance.map { $0 <= instance } ?? false }
    }

    /// Of what was not synced some may be there.
    mutating func crash(_ random: inout SeededRandom) {
        durable += cached.prefix(random.below(cached.count + 1))
        cached = []
    }

    func recover() throws -> (restoration: Restoration, state: Bytes?) {
        var restoration = Restoration()
        for record in durable { restoration.add(record) }
        func kept(_ certificate: CheckpointCertificate) -> Checkpoint? {
            checkpoints.first { $0.instance == certificate.instance && $0.digest == certificate.digest }
        }
        guard let stable = restoration.newestStable({ kept($0) != nil }), let state = kept(stable)?.state else {
            return (restoration, nil)
        }
        restoration.begin(with: try CheckpointImage(decoding: state), stable)
        return (restoration, state)
    }
}
