// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import MartletWire
import Testing

/// What was signed or hashed for one thing can never count for another (protocol §1).
@Suite struct StatementTests {
    private static let group = Digest(words: Words32(1, 2, 3, 4))
    private static let other = Digest(words: Words32(1, 2, 3, 5))
    private static let sender = Principal.replica(ReplicaID(3))

    private static func vote(
        view: UInt64 = 1, regency: UInt64 = 1, instance: UInt64 = 1, digest: UInt64 = 1, signature: Signature = .absent
    ) -> AcceptVote {
        AcceptVote(
            epoch: Epoch(view: ViewNumber(view), regency: Regency(regency)), instance: Instance(instance),
            digest: Digest(words: Words32(digest, 0, 0, 0)), signature: signature)
    }

    @Test func everyFieldOfAnAcceptIsCovered() {
        let statements = [
            Self.vote(), Self.vote(view: 2), Self.vote(regency: 2), Self.vote(instance: 2), Self.vote(digest: 2),
        ].map { Statement.accept($0).bytes(group: Self.group, sender: Self.sender) }
        let all =
            statements + [
                Statement.accept(Self.vote()).bytes(group: Self.other, sender: Self.sender),
                Statement.accept(Self.vote()).bytes(group: Self.group, sender: .replica(ReplicaID(4))),
            ]
        #expect(Set(all).count == all.count)
    }

    @Test func everyFieldOfAnInstallIsCovered() throws {
        func view(
            _ number: UInt64 = 2, heavy: Set<UInt16> = [1, 2], order: [UInt16] = [1, 2, 3, 4], window: Int = 16
        ) throws -> View {
            var settings = GroupSettings()
            settings.window = window
            return try View(
                group: Self.group, number: ViewNumber(number), faultModel: .byzantine, f: 1,
                members: (1...4).map { id in
                    Member(
                        id: ReplicaID(id), key: PublicKey(words: Words32(UInt64(id), 0, 0, 0)), host: "host",
                        port: Int(id), isHeavy: heavy.contains(id))
                }, leaderOrder: order.map { ReplicaID($0) }, settings: settings)
        }
        func install(
            _ next: View, after view: UInt64 = 1, last: UInt64 = 7, _ signature: Signature = .absent
        ) -> Statement {
            .install(Install(view: ViewNumber(view), last: Instance(last), next: next, signature: signature))
        }
        let next = try view()
        let all =
            [
                install(next), install(next, after: 2), install(next, last: 8), install(try view(3)),
                install(try view(heavy: [1, 3])), install(try view(order: [2, 1, 3, 4])),
                install(try view(window: 15)),
            ].map { $0.bytes(group: Self.group, sender: Self.sender) } + [
                install(next).bytes(group: Self.other, sender: Self.sender),
                install(next).bytes(group: Self.group, sender: .replica(ReplicaID(4))),
            ]
        #expect(Set(all).count == all.count)
        var generator = Generator(seed: 7)
        #expect(install(next, .sample(&generator)).bytes(group: Self.group, sender: Self.sender) == all[0])
    }

    @Test func everyFieldOfAReconfigurationIsCoveredButTheSharesAreNot() {
        let ids = [ReplicaID(1), ReplicaID(2)]
        func operation(
            _ view: UInt64 = 1, heavy: [ReplicaID] = ids, order: [ReplicaID] = ids, window: Int = 16,
            shares: [AdministratorShare] = []
        ) -> Statement {
            var settings = GroupSettings()
            settings.window = window
            return .reconfiguration(
                Reconfiguration(
                    view: ViewNumber(view), number: OperationNumber(1),
                    operation: .arrange(ViewPlan(heavy: heavy, leaderOrder: order, settings: settings)),
                    shares: shares))
        }
        var generator = Generator(seed: 8)
        let signer = Principal.client(.sample(&generator))
        let all =
            [
                operation(), operation(2), operation(heavy: [ids[0]]), operation(order: ids.reversed()),
                operation(heavy: [], order: ids + ids), operation(window: 15),
            ].map { $0.bytes(group: Self.group, sender: signer) } + [
                operation().bytes(group: Self.other, sender: signer),
                operation().bytes(group: Self.group, sender: .client(.sample(&generator))),
            ]
        #expect(Set(all).count == all.count)
        #expect(
            operation(shares: [.sample(&generator)]).bytes(group: Self.group, sender: signer) == all[0],
            "each administrator signs the same, whoever signed before")
    }

    @Test func noSignatureCoversItself() {
        var generator = Generator(seed: 1)
        let signature = Signature.sample(&generator)
        #expect(
            Statement.accept(Self.vote(signature: signature)).bytes(group: Self.group, sender: Self.sender)
                == Statement.accept(Self.vote()).bytes(group: Self.group, sender: Self.sender))
        var data = StopData.sample(&generator)
        let before = Statement.stopData(data).bytes(group: Self.group, sender: Self.sender)
        data.signature = signature
        #expect(Statement.stopData(data).bytes(group: Self.group, sender: Self.sender) == before)
        var sync = Sync.sample(&generator)
        let syncBefore = Statement.sync(sync).bytes(group: Self.group, sender: Self.sender)
        sync.signature = signature
        #expect(Statement.sync(sync).bytes(group: Self.group, sender: Self.sender) == syncBefore)
    }

    /// A SYNC covers the signatures of what it collects, a STOPDATA those of its certificates.
    @Test func whatIsInsideIsCoveredWithItsSignatures() {
        var generator = Generator(seed: 2)
        let epoch = Epoch(view: .genesis, regency: Regency(2))
        var inner = StopData(epoch: epoch, sender: ReplicaID(1), base: nil, checkpoint: nil, claims: [])
        let bare = Statement.sync(Sync(epoch: epoch, collected: [inner])).bytes(group: Self.group, sender: Self.sender)
        inner.signature = .sample(&generator)
        let signed = Statement.sync(Sync(epoch: epoch, collected: [inner]))
            .bytes(group: Self.group, sender: Self.sender)
        #expect(bare != signed)
    }

    @Test func purposesAreNeverTheBeginningOfEachOther() {
        var generator = Generator(seed: 3)
        let statements: [Statement] = [
            .accept(.sample(&generator)), .checkpoint(.sample(&generator)), .stopData(.sample(&generator)),
            .sync(.sample(&generator)), .requests([.sample(&generator)]), .install(.sample(&generator)),
            .reconfiguration(.sample(&generator)),
        ]
        let inputs: [HashInput] = [
            .request(.sample(&generator), group: Self.group), .batch(.sample(&generator), group: Self.group),
            .genesis(.sample(&generator)), .view(.sample(&generator)), .chunk([1]),
            .node(.zero, .zero), .manifest(root: .zero, imageChunks: 1, chunks: 1, bytes: 1),
        ]
        let heads = (statements.map { $0.bytes(group: Self.group, sender: Self.sender) } + inputs.map(\.bytes))
            .map { $0.prefix(4 + Int($0[3])) }
        #expect(heads.allSatisfy { String(decoding: $0.dropFirst(4), as: UTF8.self).hasPrefix("martlet/v1/") })
        #expect(Set(heads).count == heads.count)
    }

    @Test func requestsAreCoveredInTheirOrderAndByTheirClient() {
        var generator = Generator(seed: 4)
        let digests = [Digest.sample(&generator), Digest.sample(&generator)]
        let client = Principal.client(.sample(&generator))
        let all = [
            Statement.requests(digests).bytes(group: Self.group, sender: client),
            Statement.requests(digests.reversed()).bytes(group: Self.group, sender: client),
            Statement.requests([digests[0]]).bytes(group: Self.group, sender: client),
            Statement.requests(digests).bytes(group: Self.group, sender: .client(.sample(&generator))),
            Statement.requests(digests).bytes(group: Self.other, sender: client),
        ]
        #expect(Set(all).count == all.count)
    }

    @Test func everythingThatExecutionSeesIsHashedInABatch() {
        var generator = Generator(seed: 5)
        let entries = [BatchEntry.sample(&generator), BatchEntry.sample(&generator)]
        let epoch = Epoch(view: .genesis, regency: .first)
        func input(
            _ instance: UInt64 = 1, _ born: Epoch, _ time: UInt64 = 1, _ entries: [BatchEntry], _ group: Digest
        ) -> Bytes {
            HashInput.batch(
                Batch(instance: Instance(instance), born: born, time: Timestamp(time), entries: entries), group: group
            ).bytes
        }
        let all = [
            input(1, epoch, 1, entries, Self.group), input(2, epoch, 1, entries, Self.group),
            input(1, Epoch(view: .genesis, regency: Regency(2)), 1, entries, Self.group),
            input(1, epoch, 2, entries, Self.group), input(1, epoch, 1, entries.reversed(), Self.group),
            input(1, epoch, 1, [entries[0]], Self.group), input(1, epoch, 1, entries, Self.other),
        ]
        #expect(Set(all).count == all.count)
    }

    @Test func aChunkIsHashedBehindItsPrefix() {
        #expect(HashInput.chunkPrefix + [1, 2] == HashInput.chunk([1, 2]).bytes)
    }

    @Test func whatWasCutIntoChunksIsReadAgain() throws {
        var generator = Generator(seed: 6)
        let image = CheckpointImage.sample(&generator)
        let contents = CheckpointContents(image: image, application: [[1], [2, 3]])
        #expect(try contents.image() == image)
        #expect(contents.application == [[1], [2, 3]] && contents.bytes == image.encoded().count + 3)
    }
}
