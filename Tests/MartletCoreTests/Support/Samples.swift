// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes

/// Handmade keys, requests and digests for tests of the core: nothing here is signed, the tests stand for Admission.
enum Samples {
    static func key(_ number: UInt64) -> PublicKey { PublicKey(words: Words32(number, number, 1, 1)) }

    /// Of its first member.
    static func peers(_ view: View, me: Int = 0) -> Peers { Peers(of: view, newest: view, own: view.members[me]) }

    /// An administrator's word for anything.
    static let administrator = AdministratorShare(administrator: key(900), signature: .absent)

    static func client(_ number: UInt64) -> ClientID { ClientID(key(1_000 + number)) }

    static func view(
        n: Int = 4, f: Int = 1, model: FaultModel = .byzantine, settings: GroupSettings = GroupSettings()
    ) throws -> View {
        let rule = QuorumRule(faultModel: model, n: n, f: f)
        let members = (0..<n).map { place in
            Member(
                id: ReplicaID(UInt16(place)), key: key(UInt64(place)), host: "h", port: 1 + place,
                isHeavy: f > 0 && place < rule.heavyCount)
        }
        return try View(
            group: .zero, number: .genesis, faultModel: model, f: f, members: members,
            leaderOrder: members.map(\.id), settings: settings,
            administration: Administration(keys: [administrator.administrator], needed: 1))
    }

    static func open(_ client: ClientID, number: UInt64 = 1) -> AdmittedRequest {
        admitted(
            Request(
                id: RequestID(client: client, session: .none, sequence: SequenceNumber(number)), kind: .open,
                repliesKeptFrom: SequenceNumber(0), payload: []))
    }

    static func operation(
        _ client: ClientID, _ session: SessionID, _ sequence: UInt64, _ payload: Bytes = [1]
    ) -> AdmittedRequest {
        admitted(
            Request(
                id: RequestID(client: client, session: session, sequence: SequenceNumber(sequence)), kind: .operation,
                repliesKeptFrom: SequenceNumber(0), payload: payload))
    }

    static func admitted(_ request: Request, proof: RequestProof? = nil) -> AdmittedRequest {
        AdmittedRequest(request: request, digest: digest(of: request), proof: proof)
    }

    static func entry(_ request: AdmittedRequest) -> BatchEntry { BatchEntry(id: request.id, digest: request.digest) }

    // MARK: Digests that tell test values apart

    static func digest(of request: Request) -> Digest {
        var mixer = Mixer()
        mixer.mix(request.id)
        switch request.kind {
        case .open: mixer.mix(1)
        case .operation: mixer.mix(2)
        case .orderedRead: mixer.mix(3)
        case .measure: mixer.mix(5)
        case .rejoin: mixer.mix(6)
        case .reconfiguration(let operation):
            mixer.mix(4)
            mixer.mix(operation.view.rawValue)
            mixer.mix(operation.number.rawValue)
            mix(operation.operation, into: &mixer)
        }
        mixer.mix(request.repliesKeptFrom.rawValue)
        for byte in request.payload { mixer.mix(UInt64(byte)) }
        return mixer.digest
    }

    private static func mix(_ operation: GroupOperation, into mixer: inout Mixer) {
        switch operation {
        case .arrange(let plan):
            for id in plan.heavy + plan.leaderOrder { mixer.mix(UInt64(id.rawValue)) }
        case .add(let learner): mixer.mix(1_000 + UInt64(learner.member.id.rawValue))
        case .remove(let id): mixer.mix(2_000 + UInt64(id.rawValue))
        case .tolerate(let model, let f): mixer.mix(3_000 + UInt64(model.rawValue) * 256 + UInt64(f))
        case .update(let member): mixer.mix(4_000 + UInt64(member.id.rawValue))
        case .administer(let administration): mixer.mix(5_000 + UInt64(administration.keys.count))
        case .upgrade(let version): mixer.mix(6_000 + UInt64(version))
        case .access(let change):
            for client in change.clients { mixer.mix(7_000 + client.key.words.word0) }
        }
    }

    static func digest(of batch: Batch) -> Digest {
        var mixer = Mixer()
        mixer.mix(batch.instance.rawValue)
        mixer.mix(batch.born.view.rawValue)
        mixer.mix(batch.born.regency.rawValue)
        mixer.mix(batch.time.rawValue)
        for entry in batch.entries {
            mixer.mix(entry.id)
            mixer.mix(entry.digest.words.word0)
        }
        return mixer.digest
    }
}

private struct Mixer {
    private var state: UInt64 = 0x9E37_79B9_7F4A_7C15

    mutating func mix(_ value: UInt64) {
        state = (state ^ value) &* 0xBF58_476D_1CE4_E5B9
        state ^= state >> 29
    }

    mutating func mix(_ id: RequestID) {
        mix(id.client.key.words.word0)
        mix(id.session.instance.rawValue)
        mix(UInt64(id.session.place))
        mix(id.sequence.rawValue)
    }

    var digest: Digest { Digest(words: Words32(state, ~state, 7, 7)) }
}
