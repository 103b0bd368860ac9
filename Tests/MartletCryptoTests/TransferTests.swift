// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTypes
import Testing

@Suite("Proposals, batches, decisions, checkpoints")
struct TransferTests {
    let group: TestGroup
    let verifier: Verifier<Ed25519Scheme>
    let client = ClientID(TestGroup.key(100).publicKey)

    init() throws {
        group = try TestGroup()
        verifier = group.verifier
    }

    func error(_ message: PeerMessage) -> VerificationError? {
        do {
            _ = try verifier.verify(message, from: ReplicaID(0))
            return nil
        } catch {
            return error
        }
    }

    func body(_ instance: UInt64, _ bodies: [Request], entries: [BatchEntry]? = nil) -> BatchBody {
        let entries = entries ?? bodies.map { BatchEntry(id: $0.id, digest: group.hash($0)) }
        return BatchBody(
            batch: Batch(instance: Instance(instance), born: group.epoch(1), time: Timestamp(1), entries: entries),
            bodies: bodies)
    }

    func decision(_ instance: UInt64) -> Decision {
        let body = body(instance, [operation(client, instance)])
        return Decision(body: body, certificate: group.decision(of: instance, group.hash(body.batch)))
    }

    @Test("a proposal gets its batch's digest")
    func propose() throws {
        let batch = body(1, [operation(client, 1)]).batch
        let verified = try verifier.verify(.propose(Propose(epoch: group.epoch(1), batch: batch)), from: ReplicaID(0))
        let proposal = Proposal(epoch: group.epoch(1), batch: batch, digest: group.hash(batch))
        #expect(verified == .propose(Verified(proposal, sender: .replica(ReplicaID(0)))))
    }

    @Test("a proposal of instance 0 or of no view is refused; which view counts, and its size, are the core's to judge")
    func refusedProposals() throws {
        let propose = { (instance: UInt64, epoch: Epoch, count: Int) in
            let entries = (0..<count).map { _ in BatchEntry(id: operation(client, 1).id, digest: digest(1)) }
            return PeerMessage.propose(
                Propose(
                    epoch: epoch,
                    batch: Batch(instance: Instance(instance), born: epoch, time: .zero, entries: entries)))
        }
        let first = group.epoch(1)
        #expect(error(propose(1, first, 1029)) == nil)
        #expect(error(propose(0, first, 1)) == .numberOutOfRange)
        #expect(error(propose(.max, first, 1)) == .numberOutOfRange)
        #expect(error(propose(1, group.epoch(0), 1)) == .numberOutOfRange)
        #expect(error(propose(1, Epoch(view: ViewNumber(2), regency: .first), 1)) == nil)
        for view in [ViewNumber(0), ViewNumber(.max)] {
            #expect(error(propose(1, Epoch(view: view, regency: .first), 1)) == .wrongView(view))
        }
    }

    @Test("a fetched batch that lists more than the view allows is refused")
    func tooManyFetched() {
        let request = operation(client, 1)
        #expect(error(.batchBody(body(1, Array(repeating: request, count: 1028)))) == nil)
        #expect(error(.batchBody(body(1, Array(repeating: request, count: 1029)))) == .tooManyRequests(1029))
    }

    @Test("votes of no view, of regency 0 or of instance 0 are refused; which view counts is the core's to judge")
    func votes() {
        let instance = Instance(1)
        let (view0, view2) = (ViewNumber(0), ViewNumber(2))
        #expect(error(.write(WriteVote(epoch: group.epoch(1), instance: instance, digest: digest(1)))) == nil)
        #expect(error(.accept(AcceptVote(epoch: group.epoch(1), instance: instance, digest: digest(1)))) == nil)
        for (epoch, instance, expected) in [
            (Epoch(view: view0, regency: .first), instance, VerificationError.wrongView(view0)),
            (Epoch(view: ViewNumber(.max), regency: .first), instance, .wrongView(ViewNumber(.max))),
            (group.epoch(0), instance, .numberOutOfRange), (group.epoch(1), Instance(0), .numberOutOfRange),
            (group.epoch(.max), instance, .numberOutOfRange),
        ] {
            #expect(error(.write(WriteVote(epoch: epoch, instance: instance, digest: digest(1)))) == expected)
            #expect(error(.accept(AcceptVote(epoch: epoch, instance: instance, digest: digest(1)))) == expected)
        }
        #expect(error(.decided(Decided(view: .genesis, instance: instance, digest: digest(1)))) == nil)
        #expect(error(.decided(Decided(view: .genesis, instance: .zero, digest: digest(1)))) == .numberOutOfRange)
        #expect(error(.decided(Decided(view: view0, instance: instance, digest: digest(1)))) == .wrongView(view0))
        // A checkpoint vote is signed, and so can be judged only by a view that is known.
        let later = Epoch(view: view2, regency: .first)
        #expect(error(.write(WriteVote(epoch: later, instance: instance, digest: digest(1)))) == nil)
        #expect(error(.accept(AcceptVote(epoch: later, instance: instance, digest: digest(1)))) == nil)
        #expect(error(.decided(Decided(view: view2, instance: instance, digest: digest(1)))) == nil)
        #expect(
            error(.checkpoint(CheckpointVote(view: view2, instance: Instance(256), digest: digest(1))))
                == .wrongView(view2))
    }

    @Test("a checkpoint vote counts only with its sender's valid signature")
    func checkpointVotes() throws {
        let vote = CheckpointVote(view: .genesis, instance: Instance(256), digest: digest(1))
        guard case .checkpoint(let sealed) = group.sealer(0).seal(.checkpoint(vote)) else { return }
        #expect(error(.checkpoint(sealed)) == nil)
        #expect(error(.checkpoint(vote)) == .invalidSignature)
        #expect(throws: VerificationError.invalidSignature) {
            try verifier.verify(.checkpoint(sealed), from: ReplicaID(1))
        }
    }

    @Test("bodies match a batch one for one")
    func bodies() throws {
        let requests = [operation(client, 1), operation(client, 2)]
        let good = body(4, requests)
        let verified = try verifier.verify(.batchBody(good), from: ReplicaID(0))
        let resolved = ResolvedBatch(batch: good.batch, digest: group.hash(good.batch), bodies: requests)
        #expect(verified == .batchBody(Verified(resolved, sender: .replica(ReplicaID(0)))))
        let entries = good.batch.entries
        let foreignName = BatchEntry(id: operation(client, 9).id, digest: entries[1].digest)
        for wrong in [
            body(4, [requests[0]], entries: entries), body(4, requests.reversed(), entries: entries),
            body(4, [requests[0], operation(client, 2, [7])], entries: entries),
            body(4, requests, entries: [entries[0]]), body(4, requests, entries: [entries[0], foreignName]),
        ] {
            #expect(error(.batchBody(wrong)) == .bodiesDiffer(Instance(4)))
        }
        #expect(error(.batchBody(body(4, []))) == nil)
        #expect(error(.batchBody(BatchBody(batch: good.batch, bodies: [nil, requests[1]]))) == nil)
        #expect(
            error(.batchBody(BatchBody(batch: good.batch, bodies: [nil, requests[0]])))
                == .bodiesDiffer(Instance(4)))
    }

    @Test("decisions of consecutive instances with proofs are taken")
    func decisions() throws {
        let run = (5...8).map { decision($0) }
        let verified = try verifier.verify(.decisions(Decisions(decisions: run)), from: ReplicaID(0))
        guard case .decisions(let proven) = verified else { return }
        #expect(proven.message.map(\.certificate) == run.map(\.certificate))
        #expect(proven.message.map(\.batch.digest) == run.map(\.certificate.digest))
        #expect(error(.decisions(Decisions(decisions: []))) == nil)
    }

    @Test("decisions with a hole, out of order, or with another's proof are refused")
    func wrongDecisions() {
        let run = (5...8).map { decision($0) }
        #expect(error(.decisions(Decisions(decisions: [run[0], run[2]]))) == .notConsecutive(Instance(7)))
        #expect(error(.decisions(Decisions(decisions: [run[1], run[0]]))) == .notConsecutive(Instance(5)))
        #expect(error(.decisions(Decisions(decisions: [run[0], run[0]]))) == .notConsecutive(Instance(5)))
        let borrowed = Decision(body: run[0].body, certificate: run[1].certificate)
        #expect(error(.decisions(Decisions(decisions: [borrowed]))) == .invalidCertificate(Instance(6)))
        let otherBatch = Decision(body: body(5, [operation(client, 6)]), certificate: run[0].certificate)
        #expect(error(.decisions(Decisions(decisions: [otherBatch]))) == .invalidCertificate(Instance(5)))
        let light = Decision(
            body: run[0].body, certificate: group.decision(of: 5, run[0].certificate.digest, by: [0, 3]))
        #expect(error(.decisions(Decisions(decisions: [light]))) == .invalidCertificate(Instance(5)))
        let wrongBody = Decision(
            body: BatchBody(batch: run[0].body.batch, bodies: [operation(client, 5, [0])]),
            certificate: run[0].certificate)
        #expect(error(.decisions(Decisions(decisions: [wrongBody]))) == .bodiesDiffer(Instance(5)))
    }

    @Test("an offered checkpoint is one that a quorum signed")
    func checkpointOffer() throws {
        let good = group.checkpoint(of: 256, digest(1))
        #expect(
            try verifier.verify(.checkpointOffer(good), from: ReplicaID(0))
                == .checkpointOffer(Verified(good, sender: .replica(ReplicaID(0)))))
        #expect(
            error(.checkpointOffer(group.checkpoint(of: 256, digest(1), by: [0, 1])))
                == .invalidCertificate(Instance(256)))
        let other = CheckpointCertificate(
            view: good.view, instance: Instance(512), digest: good.digest, shares: good.shares)
        #expect(error(.checkpointOffer(other)) == .invalidCertificate(Instance(512)))
    }

    @Test("a manifest says what the digest names, and nothing else")
    func manifest() throws {
        let checkpoint = Hashing.hashed(CheckpointContents(imageChunks: 1, chunks: [[1, 2, 3], [4]]))
        let name = CheckpointName(instance: Instance(256), digest: checkpoint.digest)
        func told(_ digests: [Digest], image: Int = 1, bytes: Int = 4) -> PeerMessage {
            .manifest(
                NamedManifest(
                    checkpoint: name, manifest: CheckpointManifest(imageChunks: image, bytes: bytes, digests: digests)))
        }
        let digests = checkpoint.manifest.digests
        #expect(error(told(digests)) == nil)
        let differs = VerificationError.manifestDiffers(Instance(256))
        #expect(error(told(digests, image: 2)) == differs)
        #expect(error(told(digests, bytes: 5)) == differs)
        #expect(error(told(digests + [digest(1)])) == differs)
        #expect(error(told(digests.reversed())) == differs)
        #expect(error(told([digests[0]])) == differs)
    }

    @Test("a chunk gets the digest of its bytes")
    func chunk() throws {
        let name = CheckpointName(instance: Instance(256), digest: digest(1))
        let chunk = CheckpointChunk(checkpoint: name, position: 7, bytes: [1, 2, 3])
        let hashed = HashedChunk(chunk: chunk, digest: Hashing.digest(ofChunk: [1, 2, 3]))
        #expect(
            try verifier.verify(.chunk(chunk), from: ReplicaID(0))
                == .chunk(Verified(hashed, sender: .replica(ReplicaID(0)))))
    }

    @Test("strangers are not listened to, whatever they say")
    func strangers() {
        let progress = Progress(
            epoch: group.epoch(1), isSynced: true, mode: .voter, decided: .zero, stableCheckpoint: .zero,
            asksForHelp: false)
        #expect(error(.progress(progress)) == nil)
        for message in [
            PeerMessage.progress(progress), .vouches(Vouches(entries: [])),
            .fetchDecisions(FetchDecisions(first: .zero)),
            .fetchCheckpoint(FetchCheckpoint(instance: .zero)), .fetchRequests(FetchRequests(entries: [])),
            .fetchBatch(FetchBatch(instance: .zero, digest: digest(1))),
            .probe(Probe(sequence: SequenceNumber(1))), .probeEcho(ProbeEcho(sequence: SequenceNumber(1))),
            .challenge(Challenge(.vote, number: 1)), .challengeResponse(ChallengeResponse(number: 1, digest: nil)),
        ] {
            #expect(error(message) == nil)
            #expect(throws: VerificationError.notMember(ReplicaID(4))) {
                try verifier.verify(message, from: ReplicaID(4))
            }
        }
    }

    @Test("a dummy proposal is no larger than the largest proposal")
    func padding() {
        let most = group.view.proposalBytes(entries: group.view.batchEntriesMax)
        #expect(
            error(.challenge(Challenge(.dummyProposal(padding: Bytes(repeating: 0, count: most)), number: 1))) == nil)
        #expect(
            error(.challenge(Challenge(.dummyProposal(padding: Bytes(repeating: 0, count: most + 1)), number: 1)))
                == .paddingTooLong(most + 1))
        #expect(
            error(.challenge(Challenge(.proposal(group.epoch(1), .max), number: 1))) == .numberOutOfRange)
    }

    @Test("progress that names numbers nobody can reach is refused")
    func progressNumbers() {
        let progress = { (regency: UInt64, decided: UInt64, stable: UInt64) in
            PeerMessage.progress(
                Progress(
                    epoch: group.epoch(regency), isSynced: true, mode: .voter, decided: Instance(decided),
                    stableCheckpoint: Instance(stable), asksForHelp: true))
        }
        #expect(error(progress(3, 999, 512)) == nil)
        #expect(error(progress(.max, 0, 0)) == .numberOutOfRange)
        #expect(error(progress(1, .max, 0)) == .numberOutOfRange)
        #expect(error(progress(1, 0, .max)) == .numberOutOfRange)
    }
}
