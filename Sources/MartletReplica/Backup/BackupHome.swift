// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MartletCrypto
import MartletLog
import MartletTypes

/// The home of a replica, which may run, as a backup is made of it.
struct BackupHome {
    /// A replica that takes checkpoints may remove what its log has just told of; then the log tells of newer ones.
    private static let attemptsMax = 8
    /// In seconds: what a replica is just writing looks like damage for so long at most.
    private static let pause = 0.1

    let path: String
    let genesis: Genesis

    /// Has `body` read the newest stable checkpoint. Where that is damaged an older one may be whole: then says, too, what is wrong with
    /// the newest.
    func withNewest<Value>(
        _ body: (StableCheckpoint) throws(BackupError) -> Value
    ) throws(BackupError) -> (Value, passedOver: BackupError?) {
        guard genesis.settings.isDurable else { throw BackupError(path, .notDurable) }
        for attempt in 0..<Self.attemptsMax {
            var damage: BackupError?
            let log = try overview()
            for certificate in log.stable.reversed() {
                do throws(BackupError) {
                    guard let checkpoint = try StableCheckpoint(certificate, log.chain, genesis, home: path) else {
                        continue
                    }
                    return (try body(checkpoint), damage)
                } catch {
                    guard error.isDamage else { throw error }
                    damage = damage ?? error
                }
                if attempt == 0, damage != nil { break }
            }
            if attempt == 0, damage != nil {
                Thread.sleep(forTimeInterval: Self.pause)
                continue
            }
            if let damage { throw damage }
            if log.stable.isEmpty { break }
        }
        throw BackupError(path, .nothingStable)
    }

    private func overview() throws(BackupError) -> LogOverview {
        let log: LogOverview
        do throws(LogError) {
            log = try LogOverview(at: path + "/log")
        } catch {
            throw BackupError(path, .file("\(error)"))
        }
        guard let identity = log.identity else { throw BackupError(path, .nothingStable) }
        let expected = Hashing.group(of: genesis)
        guard identity.group == expected else {
            throw BackupError(path, .otherGroup(found: identity.group, expected: expected))
        }
        return log
    }
}

/// A stable checkpoint in a replica's home.
final class StableCheckpoint: BackupContent {
    let path: String
    let header: BackupHeader
    private let snapshot: HeldSnapshot

    /// Nil where the replica has removed it meanwhile, or not written it yet. What is not proved is refused.
    init?(
        _ certificate: CheckpointCertificate, _ chain: [ViewCertificate], _ genesis: Genesis, home: String
    ) throws(BackupError) {
        path = home
        do throws(HeldSnapshot.Failure) {
            snapshot = try HeldSnapshot(after: certificate.instance, at: home + "/snapshots")
        } catch {
            if case .file(.notFound) = error { return nil }
            throw Self.error(error, home)
        }
        guard snapshot.stored.digest == certificate.digest else {
            throw BackupError(home, .otherState(certificate.instance))
        }
        let views = chain.prefix { $0.next.number <= certificate.view }
        guard views.count == certificate.view.rawValue - ViewNumber.genesis.rawValue else {
            throw BackupError(home, .damaged("its log does not tell of all views up to the one that signed"))
        }
        header = BackupHeader(
            software: SoftwareVersion.current,
            proof: CheckpointProof(genesis: genesis, chain: Array(views), certificate: certificate),
            imageChunks: snapshot.stored.imageChunks,
            chunks: snapshot.stored.chunks.map { BackupHeader.Chunk(digest: $0.digest, bytes: $0.place.bytes) })
        try header.prove(at: home)
    }

    func chunk(_ position: Int) throws(BackupError) -> Bytes {
        let bytes: Bytes
        do throws(HeldSnapshot.Failure) {
            bytes = try snapshot.chunk(position)
        } catch {
            throw Self.error(error, path)
        }
        try check(bytes, isThatAt: position, "of the snapshot after instance \(snapshot.stored.instance)")
        return bytes
    }

    private static func error(_ failure: HeldSnapshot.Failure, _ home: String) -> BackupError {
        switch failure {
        case .file(let error): BackupError(home, .file("\(error)"))
        case .damaged(let file, let words): BackupError(home, .damaged("\(file): \(words)"))
        }
    }
}
