// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTypes
import MartletWire
import Testing

/// A receipt shows to whoever has a genesis alone what the group did (protocol §4), and nobody makes one up. Five members, weights 2, 2,
/// 1, 1, 1: a quorum weighs 5. 0, 1 are heavy in view 1, which ends with instance 10, and 3, 4 in view 2.
@Suite struct ReceiptTests {
    let genesis: Genesis
    let first: TestGroup
    let second: TestGroup
    let third: TestGroup
    let client = ClientID(TestGroup.key(99).publicKey)

    init() throws {
        let members = try TestGroup(n: 5).view.members
        genesis = try Genesis(
            name: "signing", faultModel: .byzantine, f: 1, members: members, administrators: [],
            administratorsNeeded: 0,
            clientAccess: .open, settings: GroupSettings())
        first = try TestGroup(n: 5, group: Hashing.group(of: genesis))
        second = try first.following(heavy: [3, 4])
        third = try second.following(heavy: [0, 1])
    }

    private var toSecond: ViewCertificate { first.proof(of: second.view, last: 10) }
    private var toThird: ViewCertificate { second.proof(of: third.view, last: 20, by: [2, 3, 4]) }
    private var request: Request { operation(client, 3) }

    /// What whoever assembles it chose, and what the signers have signed.
    private func receipt(
        of group: TestGroup? = nil, by signers: [Int] = [0, 1, 2], chain: [ViewCertificate] = [],
        request: Request? = nil, result: Bytes = [9, 9], instance: UInt64 = 7, time: UInt64 = 1_000,
        signed: (request: Request, result: Bytes)? = nil
    ) -> Receipt {
        let group = group ?? first
        let request = request ?? self.request
        let claim = ReceiptClaim(
            request: (signed?.request ?? request).id, view: group.view.number,
            provenance: Provenance(
                request: group.hash(signed?.request ?? request), instance: Instance(instance), time: Timestamp(time)),
            result: signed?.result ?? result)
        return Receipt(
            group: group.view.group, chain: chain, view: group.view.number, request: request, result: result,
            instance: Instance(instance), time: Timestamp(time),
            shares: signers.map {
                SignatureShare(
                    replica: ReplicaID(UInt16($0)), signature: group.sealer($0).share(of: claim).signature)
            })
    }

    private func complaint(about receipt: Receipt, _ genesis: Genesis? = nil) -> ReceiptError? {
        do {
            _ = try receipt.checked(against: genesis ?? self.genesis)
            return nil
        } catch {
            return error
        }
    }

    private func altered(
        _ receipt: Receipt, group: Digest? = nil, chain: [ViewCertificate]? = nil, view: UInt64? = nil,
        request: Request? = nil, result: Bytes? = nil, instance: UInt64? = nil, time: UInt64? = nil,
        shares: [SignatureShare]? = nil
    ) -> Receipt {
        Receipt(
            group: group ?? receipt.group, chain: chain ?? receipt.chain,
            view: view.map { ViewNumber($0) } ?? receipt.view,
            request: request ?? receipt.request, result: result ?? receipt.result,
            instance: instance.map { Instance($0) } ?? receipt.instance,
            time: time.map { Timestamp($0) } ?? receipt.time,
            shares: shares ?? receipt.shares)
    }

    // MARK: What it shows

    @Test func aReceiptShowsWhoHadWhatDoneWithWhichResult() throws {
        let found = try receipt().checked(against: genesis)
        #expect(found.client == client && found.operation == [1, 2, 3] && found.result == [9, 9])
        #expect(found.instance == Instance(7) && found.time == Timestamp(1_000) && found.viewNumber == .genesis)
        #expect(found.signers == [0, 1, 2].map { ReplicaID($0) } && found.weight == 5 && found.quorumWeight == 5)
        #expect(try receipt(by: [0, 1, 2, 3, 4]).checked(against: genesis).weight == 7)
    }

    @Test func aQuorumOfALaterViewMaySignToo() throws {
        #expect(complaint(about: receipt(of: second, by: [2, 3, 4], chain: [toSecond])) == nil)
        #expect(complaint(about: receipt(of: third, chain: [toSecond, toThird], instance: 25)) == nil)
        var group = first
        var chain: [ViewCertificate] = []
        for number in 1...70 as ClosedRange<UInt64> {
            let next = try group.following(heavy: [0, 1])
            chain.append(group.proof(of: next.view, last: number))
            group = next
        }
        #expect(complaint(about: receipt(of: group, chain: chain)) == nil)
        #expect(complaint(about: receipt(of: group, chain: chain.dropLast())) == .unprovedView(71, provedTo: 70))
    }

    // MARK: What nobody can make it show

    @Test func otherThanWhatWasSignedItIsRefused() {
        let good = receipt()
        func other(
            client: ClientID? = nil, session: SessionID? = nil, sequence: UInt64 = 3, kind: RequestKind = .operation,
            keptFrom: UInt64 = 0, payload: Bytes = [1, 2, 3]
        ) -> Request {
            Request(
                id: RequestID(
                    client: client ?? request.id.client, session: session ?? request.id.session,
                    sequence: SequenceNumber(sequence)), kind: kind, repliesKeptFrom: SequenceNumber(keptFrom),
                payload: payload)
        }
        #expect(complaint(about: altered(good, request: other())) == nil, "the same")
        let thief = ClientID(TestGroup.key(98).publicKey)
        for request in [
            other(client: thief), other(session: SessionID(instance: Instance(2), place: 0)), other(sequence: 4),
            other(kind: .orderedRead), other(keptFrom: 1), other(payload: [1, 2, 4]), other(payload: []),
        ] {
            #expect(complaint(about: altered(good, request: request)) == .wrongSignature(ReplicaID(0)))
        }
        for forged in [
            altered(good, result: [9, 8]), altered(good, result: []), altered(good, instance: 8),
            altered(good, time: 999),
        ] {
            #expect(complaint(about: forged) == .wrongSignature(ReplicaID(0)))
        }
    }

    @Test func aLightQuorumIsRefusedWhoeverMadeIt() {
        // All sets of members that weigh less, however many liars among them.
        for mask in 0..<32 as Range<Int> {
            let signers = (0..<5).filter { mask & 1 << $0 != 0 }
            let weight = signers.reduce(0) { $0 + ($1 < 2 ? 2 : 1) }
            let expected: ReceiptError? = weight < 5 ? .tooLight(weight: weight, quorumWeight: 5) : nil
            #expect(complaint(about: receipt(by: signers)) == expected, "\(signers)")
        }
    }

    @Test func oneLiarIsNoQuorumWithWhatTheOthersHaveSignedOtherwise() {
        let forged = receipt(by: [0], result: [6])
        let honest = receipt(by: [1, 2, 3, 4])
        #expect(
            complaint(about: altered(forged, shares: forged.shares + honest.shares)) == .wrongSignature(ReplicaID(1)))
        // What a liar signs in others' names.
        let borrowed = (1...2).map { SignatureShare(replica: ReplicaID($0), signature: forged.shares[0].signature) }
        #expect(complaint(about: altered(forged, shares: forged.shares + borrowed)) == .wrongSignature(ReplicaID(1)))
        // A client that sent two requests under one name has a receipt of the one that was executed.
        let executed = operation(client, 3, [5])
        #expect(
            complaint(about: receipt(request: request, signed: (executed, [9, 9]))) == .wrongSignature(ReplicaID(0)))
    }

    @Test func nobodyIsCountedTwiceAndNobodyWhoIsNoMember() {
        let good = receipt(by: [0, 1])
        #expect(
            complaint(about: altered(good, shares: [good.shares[0], good.shares[0], good.shares[1]]))
                == .signsTwice(ReplicaID(0)))
        let stranger = SignatureShare(replica: ReplicaID(9), signature: good.shares[0].signature)
        #expect(complaint(about: altered(good, shares: good.shares + [stranger])) == .notMember(ReplicaID(9)))
        // One too many that is not valid spoils it.
        let whole = receipt()
        let odd = SignatureShare(replica: ReplicaID(4), signature: whole.shares[0].signature)
        #expect(complaint(about: altered(whole, shares: whole.shares + [odd])) == .wrongSignature(ReplicaID(4)))
    }

    @Test func sharesOfTwoViewsAreNotCountedTogether() {
        let (old, new) = (receipt(by: [0, 1, 2]), receipt(of: second, by: [3, 4], chain: [toSecond]))
        #expect(complaint(about: new) == .tooLight(weight: 4, quorumWeight: 5))
        #expect(
            complaint(about: altered(new, shares: [old.shares[2]] + new.shares)) == .wrongSignature(ReplicaID(2)))
        // A quorum of the view before is none in this one.
        #expect(
            complaint(about: receipt(of: second, by: [0, 1, 2], chain: [toSecond]))
                == .tooLight(weight: 3, quorumWeight: 5))
        #expect(complaint(about: altered(old, chain: [toSecond])) == .unprovedView(1, provedTo: 2))
        #expect(complaint(about: altered(old, chain: [toSecond], view: 2)) == .tooLight(weight: 3, quorumWeight: 5))
    }

    @Test func aViewThatIsNotProvedIsRefused() throws {
        let light = first.proof(of: second.view, last: 10, by: [0, 1])
        let byOthers = second.proof(of: third.view, last: 20, by: [0, 1, 2])
        for (chain, group) in [([light], second), ([toSecond, byOthers], third), ([toThird, toSecond], third)] {
            guard case .unprovedViews = complaint(about: receipt(of: group, by: [0, 1, 2, 3, 4], chain: chain)) else {
                Issue.record("taken, or refused for another reason")
                continue
            }
        }
        let all = [0, 1, 2, 3, 4]
        #expect(
            complaint(about: receipt(of: third, by: all, chain: [toSecond])) == .unprovedView(3, provedTo: 2))
        #expect(
            complaint(about: receipt(of: third, by: all, chain: [toSecond, toSecond])) == .unprovedView(3, provedTo: 2))
        #expect(complaint(about: receipt(of: second, by: all)) == .unprovedView(2, provedTo: 1))
        #expect(
            complaint(about: altered(receipt(), view: .max)) == .numberOutOfRange)
    }

    /// A view of the liar's own, with keys that it holds all of.
    @Test func aMadeUpGroupIsNotTheOneOfTheGenesis() throws {
        let mine = try Genesis(
            name: "made up", faultModel: .byzantine, f: 1, members: genesis.members, administrators: [],
            administratorsNeeded: 0, clientAccess: .open, settings: GroupSettings())
        let group = try TestGroup(n: 5, group: Hashing.group(of: mine))
        let forged = receipt(of: group)
        #expect(complaint(about: forged, mine) == nil)
        #expect(complaint(about: forged) == .otherGroup(Hashing.group(of: mine).hexadecimal))
        #expect(complaint(about: altered(forged, group: first.view.group)) == .wrongSignature(ReplicaID(0)))
        #expect(complaint(about: receipt(), mine) == .otherGroup(Hashing.group(of: genesis).hexadecimal))
    }

    @Test func whatIsNoOperationHasNoReceipt() {
        let opening = Request(
            id: RequestID(client: client, session: .none, sequence: SequenceNumber(1)), kind: .open,
            repliesKeptFrom: SequenceNumber(0), payload: [])
        #expect(complaint(about: receipt(request: opening)) == .noOperation)
        for number in [.max, 1 << 62 + 1] as [UInt64] {
            #expect(complaint(about: receipt(instance: number)) == .numberOutOfRange)
            #expect(complaint(about: receipt(time: number)) == .numberOutOfRange)
        }
        #expect(complaint(about: receipt(instance: 0)) == .numberOutOfRange)
    }

    /// What members sign of checkpoints, votes and views is no word for a receipt.
    @Test func aSignatureForAnotherPurposeIsNone() {
        let good = receipt()
        let digest = first.hash(request)
        let others = [
            first.checkpoint(of: 7, digest).shares, first.decision(of: 7, digest).shares, toSecond.shares,
        ]
        for shares in others {
            #expect(complaint(about: altered(good, shares: shares)) == .wrongSignature(ReplicaID(0)))
        }
    }

    // MARK: Files

    @Test func aFileReadsBack() throws {
        let written = receipt(of: second, by: [2, 3, 4], chain: [toSecond])
        #expect(try Receipt(fileBytes: written.fileBytes()) == written)
    }

    @Test func everyBitOfAFileCounts() throws {
        let bytes = try receipt(of: second, by: [2, 3, 4], chain: [toSecond]).fileBytes()
        for place in bytes.indices {
            var changed = bytes
            changed[place] ^= 1 << UInt8(place % 8)
            var isTaken = false
            do {
                _ = try Receipt(fileBytes: changed).checked(against: genesis)
                isTaken = true
            } catch {}
            #expect(!isTaken, "byte \(place)")
        }
    }

    @Test func cutLengthenedEmptyAndEnormousFilesAreErrors() throws {
        let bytes = try receipt().fileBytes()
        for end in bytes.indices {
            #expect(throws: ReceiptError.self) { try Receipt(fileBytes: Bytes(bytes[..<end])) }
        }
        #expect(throws: ReceiptError.self) { try Receipt(fileBytes: bytes + [0]) }
        #expect(throws: ReceiptError.noReceipt) { try Receipt(fileBytes: []) }
        #expect(throws: ReceiptError.noReceipt) { try Receipt(fileBytes: Bytes("not a receipt, but text".utf8)) }
        #expect(throws: ReceiptError.tooLarge(bytesMax: Receipt.bytesMax)) {
            try Receipt(fileBytes: Bytes(repeating: 0, count: Receipt.bytesMax + 1))
        }
        // A count that promises far more than there is.
        var long = bytes
        for place in 41..<45 { long[place] = 0xFF }
        #expect(throws: ReceiptError.self) { try Receipt(fileBytes: long) }
        long = bytes
        (long[41], long[42], long[43], long[44]) = (0, 0x0F, 0xFF, 0xFF)
        #expect(throws: ReceiptError.self) { try Receipt(fileBytes: long) }
    }

    // MARK: Shares, as a client gets them

    @Test func aClientTakesAShareOfItsSenderOnly() {
        let verifier = ReplyVerifier(view: first.view, scheme: Ed25519Scheme())
        let share = { (replica: Int, view: UInt64, instance: UInt64) in
            self.first.sealer(replica).share(
                of: ReceiptClaim(
                    request: self.request.id, view: ViewNumber(view),
                    provenance: Provenance(request: digest(1), instance: Instance(instance), time: Timestamp(5)),
                    result: [1]))
        }
        func complaint(about share: ReceiptShare, from sender: UInt16) -> VerificationError? {
            do {
                _ = try verifier.verify(.receipt(share), from: ReplicaID(sender))
                return nil
            } catch {
                return error
            }
        }
        #expect(complaint(about: share(2, 1, 7), from: 2) == nil)
        #expect(complaint(about: share(2, 1, 7), from: 3) == .invalidSignature)
        #expect(complaint(about: share(2, 1, 7), from: 9) == .notMember(ReplicaID(9)))
        #expect(complaint(about: share(2, 2, 7), from: 2) == .wrongView(ViewNumber(2)))
        #expect(complaint(about: share(2, 1, .max), from: 2) == .numberOutOfRange)
        let signed = share(2, 1, 7)
        let other = ReceiptShare(
            request: signed.request,
            statement: ReceiptStatement(
                view: signed.statement.view, provenance: signed.statement.provenance, result: digest(2)),
            signature: signed.signature)
        #expect(complaint(about: other, from: 2) == .invalidSignature)
    }
}
