// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTypes

/// A group with real keys, and the means to make anything one of its members could sign, right or wrong.
struct TestGroup {
    let keys: [SigningKey]
    let view: View
    let scheme = Ed25519Scheme()

    init(
        n: Int = 4, f: Int = 1, faultModel: FaultModel = .byzantine, view number: ViewNumber = .genesis,
        group: Digest = Digest(words: Words32(1, 2, 3, 4)), settings: GroupSettings = GroupSettings(),
        administration: Administration = Administration()
    ) throws {
        keys = (0..<n).map { Self.key(UInt8($0 + 1)) }
        let heavy = QuorumRule(faultModel: faultModel, n: n, f: f).heavyCount
        let members = keys.enumerated().map { place, key in
            Member(
                id: ReplicaID(UInt16(place)), key: key.publicKey, host: "localhost", port: 7000 + place,
                isHeavy: place < heavy)
        }
        view = try View(
            group: group, number: number, faultModel: faultModel, f: f, members: members,
            leaderOrder: members.map(\.id), settings: settings, administration: administration)
    }

    static func key(_ fill: UInt8) -> SigningKey {
        guard let key = SigningKey(seed: Bytes(repeating: fill, count: 32)) else { preconditionFailure("32 bytes") }
        return key
    }

    var verifier: Verifier<Ed25519Scheme> { Verifier(view: view, scheme: scheme) }

    func sealer(_ replica: Int, group: Digest? = nil) -> Sealer<Ed25519Scheme> {
        Sealer(group: group ?? view.group, replica: ReplicaID(UInt16(replica)), key: keys[replica], scheme: scheme)
    }

    func hash(_ request: Request) -> Digest { Hashing.digest(of: request, group: view.group) }
    func hash(_ batch: Batch) -> Digest { Hashing.digest(of: batch, group: view.group) }

    func epoch(_ regency: UInt64) -> Epoch { Epoch(view: view.number, regency: Regency(regency)) }

    // MARK: Signed things

    func accept(_ replica: Int, _ vote: AcceptVote) -> SignatureShare {
        guard case .accept(let sealed) = sealer(replica).seal(.accept(vote)) else { preconditionFailure() }
        return SignatureShare(replica: ReplicaID(UInt16(replica)), signature: sealed.signature)
    }

    func decision(
        of instance: UInt64, _ digest: Digest = digest(1), regency: UInt64 = 1, by signers: [Int] = [0, 1, 2]
    ) -> DecisionCertificate {
        let vote = AcceptVote(epoch: epoch(regency), instance: Instance(instance), digest: digest)
        return DecisionCertificate(
            epoch: vote.epoch, instance: vote.instance, digest: digest, shares: signers.map { accept($0, vote) })
    }

    func checkpoint(
        of instance: UInt64, _ digest: Digest = digest(1), by signers: [Int] = [0, 1, 2]
    ) -> CheckpointCertificate {
        let vote = CheckpointVote(view: view.number, instance: Instance(instance), digest: digest)
        let shares = signers.map { replica in
            guard case .checkpoint(let sealed) = sealer(replica).seal(.checkpoint(vote)) else { preconditionFailure() }
            return SignatureShare(replica: ReplicaID(UInt16(replica)), signature: sealed.signature)
        }
        return CheckpointCertificate(view: view.number, instance: vote.instance, digest: digest, shares: shares)
    }

    func stopData(
        by replica: Int, regency: UInt64 = 2, base: DecisionCertificate? = nil,
        checkpoint: CheckpointCertificate? = nil, claims: [InstanceClaim] = []
    ) -> StopData {
        let data = StopData(
            epoch: epoch(regency), sender: ReplicaID(UInt16(replica)), base: base, checkpoint: checkpoint,
            claims: claims)
        guard case .stopData(let sealed) = sealer(replica).seal(.stopData(data)) else { preconditionFailure() }
        return sealed
    }

    func sync(_ collected: [StopData], regency: UInt64 = 2, by leader: Int = 1) -> Sync {
        let sync = Sync(epoch: epoch(regency), collected: collected)
        guard case .sync(let sealed) = sealer(leader).seal(.sync(sync)) else { preconditionFailure() }
        return sealed
    }
}

func digest(_ number: UInt64) -> Digest { Digest(words: Words32(number, 0, 0, 0)) }

func claim(_ instance: UInt64, lock: RegencyDigest? = nil, wrote: [RegencyDigest] = []) -> InstanceClaim {
    InstanceClaim(instance: Instance(instance), lock: lock, writeSet: wrote)
}

func vote(_ regency: UInt64, _ number: UInt64 = 1) -> RegencyDigest {
    RegencyDigest(regency: Regency(regency), digest: digest(number))
}

func operation(
    _ client: ClientID, _ sequence: UInt64, _ payload: Bytes = [1, 2, 3],
    session: SessionID = SessionID(instance: Instance(1), place: 0)
) -> Request {
    Request(
        id: RequestID(client: client, session: session, sequence: SequenceNumber(sequence)), kind: .operation,
        repliesKeptFrom: SequenceNumber(0), payload: payload)
}
