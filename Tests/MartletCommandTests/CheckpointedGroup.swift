// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import MartletCrypto
import MartletKV
import MartletLog
import MartletTypes
import MartletWire

@testable import martlet_cli

/// A group's directory as `martlet init` makes it, with a stable checkpoint of the key-value service in the home of replica 0.
struct CheckpointedGroup {
    let directory: GroupDirectory
    let genesis: Genesis
    var home: String { directory.home(of: ReplicaID(0)) }

    init(in scratch: Scratch, _ name: String = "group", keys: Int = 100, founded: [String] = []) throws {
        let path = scratch.path + "/" + name
        try (InitCommand.parseAsRoot([path, "--replicas", "4", "--json"] + founded) as? InitCommand)?.run()
        directory = GroupDirectory(path)
        genesis = try directory.genesis()
        try leave(
            Self.checkpoint(
                keys, try genesis.firstView(group: Hashing.group(of: genesis)), AccessTable(genesis.clientAccess)))
    }

    private static func checkpoint(_ keys: Int, _ view: View, _ access: AccessTable) throws -> HashedCheckpoint {
        var machine = KVStateMachine()
        for key in 0..<keys {
            let context = ExecutionContext(
                client: ClientID(PublicKey(words: .zero)), instance: Instance(UInt64(key + 1)), time: .zero, seed: 0)
            _ = machine.execute(
                KVOperation.put(key: Bytes("\(key)".utf8), value: Bytes(repeating: 1, count: 1000)).payload, in: context
            )
        }
        let image = CheckpointImage(
            instance: Instance(1024), time: Timestamp(1_700_000_000_000_000), view: view, sessions: [], openings: [],
            access: access)
        return Hashing.hashed(
            CheckpointContents(image: image, application: KVStateMachine.written(machine.snapshot()).chunks))
    }

    private func leave(_ checkpoint: HashedCheckpoint) throws {
        let group = Hashing.group(of: genesis)
        let vote = CheckpointVote(view: .genesis, instance: Instance(1024), digest: checkpoint.digest)
        let shares = try genesis.members.prefix(3).map { member in
            let key = try KeyFile.read(at: directory.home(of: member.id) + "/replica.key")
            let sealer = Sealer(group: group, replica: member.id, key: key, scheme: Ed25519Scheme())
            guard case .checkpoint(let sealed) = sealer.seal(.checkpoint(vote)) else { preconditionFailure() }
            return SignatureShare(replica: member.id, signature: sealed.signature)
        }
        let certificate = CheckpointCertificate(
            view: .genesis, instance: vote.instance, digest: vote.digest, shares: shares)
        let identity = LogIdentity(group: group, replica: ReplicaID(0))
        for folder in ["/log", "/snapshots"] {
            try FileManager.default.createDirectory(atPath: home + folder, withIntermediateDirectories: true)
        }
        var snapshotFiles = try FileDirectory(at: home + "/snapshots")
        var entries = try SnapshotFiles(in: &snapshotFiles, identity)
        _ = try entries.keep(checkpoint, after: vote.instance, in: &snapshotFiles)
        var logFiles = try FileDirectory(at: home + "/log")
        var log = try LogWriter.open(in: &logFiles, identity, salt: 1) { _ in }
        try log.append([.entered(Epoch(view: .genesis, regency: .first)), .stable(certificate)], to: &logFiles)
        try log.sync(&logFiles)
    }
}
