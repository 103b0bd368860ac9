// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTypes

/// What several liars do.
extension LiarContext {
    /// Some of the other replicas: at least one, not all where there are several.
    mutating func someOthers() -> [ReplicaID] {
        var chosen = others
        random.shuffle(&chosen)
        return chosen.prefix(random.number(in: 1...max(1, chosen.count - 1))).sorted()
    }

    func digest(of batch: Batch) -> Digest { Hashing.digest(of: batch, group: view.group) }
    func digest(of request: Request) -> Digest { Hashing.digest(of: request, group: view.group) }

    func seal(_ message: PeerMessage) -> PeerMessage { sealer.seal(message) }

    /// A vote with another digest, under this liar's own signature; nil for what is no vote.
    func vote(_ message: PeerMessage, for digest: Digest) -> PeerMessage? {
        switch message {
        case .write(let vote): .write(WriteVote(epoch: vote.epoch, instance: vote.instance, digest: digest))
        case .accept(let vote): seal(.accept(AcceptVote(epoch: vote.epoch, instance: vote.instance, digest: digest)))
        default: nil
        }
    }

    mutating func junkDigest() -> Digest {
        Digest(words: Words32(random.next(), random.next(), random.next(), random.next()))
    }

    mutating func junkSignature() -> Signature {
        Signature(
            first: Words32(random.next(), random.next(), random.next(), random.next()),
            second: Words32(random.next(), random.next(), random.next(), random.next()))
    }
}

extension PeerMessage {
    /// Which digest a vote is for, and where.
    var voted: (epoch: Epoch, instance: Instance, digest: Digest)? {
        switch self {
        case .write(let vote): (vote.epoch, vote.instance, vote.digest)
        case .accept(let vote): (vote.epoch, vote.instance, vote.digest)
        default: nil
        }
    }
}

/// An instance in one regency.
struct Round: Hashable {
    let regency: Regency
    let instance: Instance
}
