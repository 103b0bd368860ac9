// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTypes
import MartletWire

/// Something on its way to one member.
struct Outgoing {
    enum Content {
        case message(PeerMessage)
        /// Bytes that need not be a message.
        case bytes(Bytes)
    }

    var receiver: ReplicaIndex
    var content: Content
    /// How long it is held back.
    var delay = Interval.zero

    init(_ message: PeerMessage, to receiver: ReplicaIndex) {
        self.receiver = receiver
        content = .message(message)
    }

    init(bytes: Bytes, to receiver: ReplicaIndex) {
        self.receiver = receiver
        content = .bytes(bytes)
    }

    var message: PeerMessage? { if case .message(let message) = content { message } else { nil } }

    var frame: Bytes {
        switch content {
        case .message(let message): message.encoded()
        case .bytes(let bytes): bytes
        }
    }
}

/// A function on what a member sends.
protocol Behaviour {
    /// Changes, delays, drops or adds. Called whenever the core has said something, and at each tick; only while the
    /// attack lasts.
    mutating func alter(_ outgoing: inout [Outgoing], _ context: inout BehaviourContext)
    /// Sees what arrives, also before the attack begins.
    mutating func observe(_ message: PeerMessage)
}

extension Behaviour {
    mutating func observe(_ message: PeerMessage) {}
}

/// What a behaviour has to work with.
struct BehaviourContext {
    let view: View
    let me: ReplicaIndex
    let sealer: Sealer<Ed25519Scheme>
    var epoch: Epoch
    var decided = Instance.zero
    /// Whether a while has passed since the last tick: time to add something of one's own.
    var isTick = false
    /// How often something was done that a correct replica does not do.
    var acts = 0
    var random = SystemRandomNumberGenerator()

    init(view: View, me: ReplicaIndex, sealer: Sealer<Ed25519Scheme>) {
        self.view = view
        self.me = me
        self.sealer = sealer
        epoch = Epoch(view: view.number, regency: .first)
    }

    var others: [ReplicaIndex] { (0..<view.n).map { ReplicaIndex($0) }.filter { $0 != me } }
    var leads: Bool { view.leader(of: epoch.regency) == me }

    /// A vote for another digest, under its own signature; nil for what is no vote.
    func vote(_ message: PeerMessage, for digest: Digest) -> PeerMessage? {
        switch message {
        case .write(let vote): .write(WriteVote(epoch: vote.epoch, instance: vote.instance, digest: digest))
        case .accept(let vote):
            sealer.seal(.accept(AcceptVote(epoch: vote.epoch, instance: vote.instance, digest: digest)))
        default: nil
        }
    }

    mutating func junkDigest() -> Digest {
        Digest(words: Words32(random.next(), random.next(), random.next(), random.next()))
    }

    mutating func junk(_ count: Int) -> Bytes { (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) } }
}

extension PeerMessage {
    /// What a vote is for.
    var voted: (round: Round, digest: Digest)? {
        switch self {
        case .write(let vote): (Round(regency: vote.epoch.regency, instance: vote.instance), vote.digest)
        case .accept(let vote): (Round(regency: vote.epoch.regency, instance: vote.instance), vote.digest)
        default: nil
        }
    }
}

/// An instance in one regency.
struct Round: Hashable {
    let regency: Regency
    let instance: Instance
}
