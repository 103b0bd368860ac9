// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import MartletWire
import Testing

/// One value, one encoding: what is out of order, doubled or half empty is refused.
@Suite struct CanonicalFormTests {
    private static func digest(_ number: UInt64) -> Digest { Digest(words: Words32(0, 0, 0, number)) }
    private static let epoch = Epoch(view: .genesis, regency: .first)

    private func isRefused<Value: WireCodable>(_ value: Value, _ comment: Comment) {
        let error = #expect(throws: WireError.self, comment) { try Value(decoding: value.encoded()) }
        guard case .notCanonical = error else {
            Issue.record("\(comment): \(String(describing: error))")
            return
        }
    }

    @Test(arguments: [[2, 1], [1, 1], [1, 3, 2]] as [[UInt16]])
    func sharesAscendByReplica(_ signers: [UInt16]) {
        let shares = signers.map { SignatureShare(replica: ReplicaID($0), signature: .absent) }
        isRefused(
            DecisionCertificate(epoch: Self.epoch, instance: Instance(1), digest: .zero, shares: shares), "decision")
        isRefused(
            CheckpointCertificate(view: .genesis, instance: Instance(1), digest: .zero, shares: shares), "checkpoint")
        var generator = Generator(seed: 1)
        isRefused(
            ViewCertificate(view: .genesis, last: Instance(1), next: .sample(&generator), shares: shares), "view")
    }

    @Test(arguments: [[2, 1], [1, 1], [1, 3, 2]] as [[UInt64]])
    func administratorsAndHeavyMembersAscend(_ numbers: [UInt64]) {
        let ids = numbers.map { ReplicaID(UInt16($0)) }
        isRefused(ViewPlan(heavy: ids, leaderOrder: [], settings: GroupSettings()), "heavy members")
        let shares = numbers.map {
            AdministratorShare(administrator: PublicKey(words: Words32($0, 0, 0, 0)), signature: .absent)
        }
        let plan = ViewPlan(heavy: [], leaderOrder: ids, settings: GroupSettings())
        isRefused(
            Reconfiguration(
                view: .genesis, number: OperationNumber(1), operation: .arrange(plan), shares: shares), "administrators"
        )
        // The order of leaders is one of rank.
        #expect(throws: Never.self) { try ViewPlan(decoding: plan.encoded()) }
    }

    @Test(arguments: [[2, 1], [1, 1], [1, 3, 2]] as [[UInt64]])
    func writeSetsClaimsAndCheckpointsAscend(_ numbers: [UInt64]) {
        let writes = numbers.map { RegencyDigest(regency: Regency($0), digest: Self.digest($0)) }
        isRefused(InstanceClaim(instance: Instance(1), lock: nil, writeSet: writes), "write set")
        let claims = numbers.map { InstanceClaim(instance: Instance($0), lock: nil, writeSet: []) }
        isRefused(
            StopData(epoch: Self.epoch, sender: ReplicaID(1), base: nil, checkpoint: nil, claims: claims), "claims")
        let replies = numbers.map {
            KeptReply(
                sequence: SequenceNumber($0), body: .sessionUnknown,
                provenance: Provenance(request: Self.digest(1), instance: Instance(1), time: .zero))
        }
        isRefused(Self.session(1, replies: replies), "kept replies")
        isRefused(Self.image(sessions: numbers.map { Self.session($0, replies: []) }), "sessions")
        isRefused(Self.image(openings: numbers.map { Self.opening($0) }), "openings")
    }

    /// The digest decides, not the regency beside it.
    @Test func oneDigestStandsInAWriteSetOnce() {
        let twice = [1, 2].map { RegencyDigest(regency: Regency($0), digest: Self.digest(7)) }
        isRefused(InstanceClaim(instance: Instance(1), lock: nil, writeSet: twice), "same digest")
    }

    @Test func whatMustBeEmptyIsEmpty() {
        isRefused(
            Batch(instance: Instance(1), born: Self.epoch, time: Timestamp(5), entries: []), "time of an empty batch")
        isRefused(SessionID(instance: .zero, place: 2), "place in instance 0")
        let named = SessionID(instance: Instance(1), place: 0)
        isRefused(Self.request(.open, session: named, payload: []), "an opening's session")
        isRefused(Self.request(.open, session: .none, payload: [1]), "an opening's payload")
        var generator = Generator(seed: 1)
        let reconfiguration = RequestKind.reconfiguration(.sample(&generator))
        #expect(throws: Never.self) {
            try Request(decoding: Self.request(reconfiguration, session: named, payload: []).encoded())
        }
        isRefused(Self.request(reconfiguration, session: named, payload: [1]), "a reconfiguration's payload")
    }

    @Test func aBatchComesWithAsManyBodiesAsEntries() {
        let body = Self.request(.operation, session: .none, payload: [])
        let batch = Batch(instance: Instance(1), born: Self.epoch, time: .zero, entries: [])
        isRefused(BatchBody(batch: batch, bodies: [body]), "a body too many")
    }

    /// The samples of the frozen vectors know the first reasons only.
    @Test(arguments: StopReason.allCases) func everyReasonOfAStopTravels(reason: StopReason) throws {
        let message = PeerMessage.stop(Stop(view: ViewNumber(1), regency: Regency(2), reason: reason))
        #expect(try PeerMessage(decoding: message.encoded()) == message)
    }

    @Test func aBooleanIsZeroOrOne() {
        var bytes = RequestBundle(requests: [], signature: nil).encoded()
        bytes[4] = 2
        #expect(throws: WireError.notCanonical("a Boolean is 2")) { try RequestBundle(decoding: bytes) }
    }

    private static func request(_ kind: RequestKind, session: SessionID, payload: Bytes) -> Request {
        Request(
            id: RequestID(client: ClientID(PublicKey(words: .zero)), session: session, sequence: SequenceNumber(1)),
            kind: kind, repliesKeptFrom: SequenceNumber(0), payload: payload)
    }

    private static func session(_ number: UInt64, replies: [KeptReply]) -> SessionRecord {
        SessionRecord(
            id: SessionID(instance: Instance(number), place: 0), client: ClientID(PublicKey(words: .zero)),
            highest: SequenceNumber(0), marks: [], repliesKeptFrom: SequenceNumber(0), replies: replies)
    }

    private static func opening(_ number: UInt64) -> OpeningRecord {
        OpeningRecord(
            client: ClientID(PublicKey(words: Words32(number, 0, 0, 0))), number: SequenceNumber(1), session: .none)
    }

    private static func image(sessions: [SessionRecord] = [], openings: [OpeningRecord] = []) -> CheckpointImage {
        var generator = Generator(seed: 1)
        return CheckpointImage(
            instance: Instance(1), time: .zero, view: .sample(&generator), sessions: sessions, openings: openings)
    }
}
