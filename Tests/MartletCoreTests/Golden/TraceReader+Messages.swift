// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Messages, as in `from 0: WRITE r1 i1 b1`.
extension TraceReader {
    func message(_ words: inout TraceWords, from sender: ReplicaID) throws -> PeerMessage {
        let kind = try words.next("a message")
        if let message = try vote(kind, &words) ?? transfer(kind, &words) ?? leaderChange(kind, &words, from: sender) {
            return message
        }
        throw TraceError("'\(kind)' is no message")
    }

    private func vote(_ kind: String, _ words: inout TraceWords) throws -> PeerMessage? {
        func instance() throws -> Instance { Instance(try words.number(after: "i", "instance")) }
        func digest() throws -> Digest { try names.digest(try words.next("a digest")) }
        func inEpoch() throws -> Epoch { epoch(try words.number(after: "r", "regency")) }
        switch kind {
        case "PROPOSE":
            return .propose(Propose(epoch: try inEpoch(), batch: try names.batch(try words.next("a batch"))))
        case "WRITE": return .write(WriteVote(epoch: try inEpoch(), instance: try instance(), digest: try digest()))
        case "ACCEPT": return .accept(AcceptVote(epoch: try inEpoch(), instance: try instance(), digest: try digest()))
        case "DECIDED":
            return .decided(Decided(view: view.number, instance: try instance(), digest: try digest()))
        case "CHECKPOINT":
            return .checkpoint(CheckpointVote(view: view.number, instance: try instance(), digest: try digest()))
        default: return nil
        }
    }

    private func leaderChange(
        _ kind: String, _ words: inout TraceWords, from sender: ReplicaID
    ) throws -> PeerMessage? {
        switch kind {
        case "STOP":
            let regency = Regency(try words.number(after: "r", "regency"))
            let word = try words.next("a reason")
            guard let reason = StopReason.allCases.first(where: { "\($0)" == word }) else {
                throw TraceError("'\(word)' is no reason of a STOP")
            }
            return .stop(Stop(view: view.number, regency: regency, reason: reason))
        case "STOPDATA":
            if let name = words.peek, names.hasStopData(name) {
                return .stopData(try names.stopData(try words.next(name)))
            }
            return .stopData(try stopData(&words, from: sender))
        case "SYNC":
            let epoch = epoch(try words.number(after: "r", "regency"))
            return .sync(Sync(epoch: epoch, collected: try words.list().map { try names.stopData($0) }))
        default: return nil
        }
    }

    private func transfer(_ kind: String, _ words: inout TraceWords) throws -> PeerMessage? {
        switch kind {
        case "FORWARDED":
            return .forwarded(
                try words.list().map { try forwarded($0) })
        case "VOUCHES": return .vouches(Vouches(entries: try words.list().map { try names.entry($0) }))
        case "FETCH-REQUESTS":
            return .fetchRequests(FetchRequests(entries: try words.list().map { try names.entry($0) }))
        case "FETCH-BATCH":
            let instance = Instance(try words.number(after: "i", "instance"))
            return .fetchBatch(FetchBatch(instance: instance, digest: try names.digest(try words.next("a batch"))))
        case "BATCH":
            let batch = try names.batch(try words.next("a batch"))
            let lacking = words.take("lacking") ? try words.list() : []
            return .batchBody(BatchBody(batch: batch, bodies: try names.bodies(of: batch, lacking: lacking)))
        case "FETCH-DECISIONS":
            return .fetchDecisions(FetchDecisions(first: Instance(try words.number(after: "i", "instance"))))
        case "DECISIONS":
            return .decisions(Decisions(decisions: try words.list().map { try decision($0) }))
        case "FETCH-CHECKPOINT":
            return .fetchCheckpoint(FetchCheckpoint(instance: Instance(try words.number(after: "i", "instance"))))
        case "OFFER":
            let name = try checkpoint(&words)
            return .checkpointOffer(certificate(name.instance, name.digest))
        case "FETCH-MANIFEST": return .fetchManifest(try checkpoint(&words))
        case "MANIFEST":
            let name = try checkpoint(&words)
            let contents = Samples.contents(chunks: 0..<Int(try words.number("how many chunks")))
            return .manifest(
                NamedManifest(checkpoint: name, manifest: Samples.hashed(contents, name.digest).manifest))
        case "FETCH-CHUNKS":
            let name = try checkpoint(&words)
            return .fetchChunks(
                FetchChunks(checkpoint: name, positions: try words.list().compactMap { UInt32($0) }))
        case "CHUNK":
            let name = try checkpoint(&words)
            let position = Int(try words.number("a position"))
            let bytes = Samples.chunk(position, bytes: words.take("wrong") ? 7 : 8)
            return .chunk(CheckpointChunk(checkpoint: name, position: UInt32(position), bytes: bytes))
        case "PROGRESS": return .progress(try progress(&words))
        case "PROBE": return .probe(Probe(sequence: SequenceNumber(try words.number(after: "#", "a sequence"))))
        case "PROBE-ECHO":
            return .probeEcho(ProbeEcho(sequence: SequenceNumber(try words.number(after: "#", "a sequence"))))
        case "CHALLENGE": return .challenge(try challenge(&words))
        case "RESPONSE":
            let number = try words.number(after: "#", "a number")
            let digest = words.take("to") ? try names.digest(try words.next("a batch")) : nil
            return .challengeResponse(ChallengeResponse(number: number, digest: digest))
        default: return nil
        }
    }

    private func checkpoint(_ words: inout TraceWords) throws -> CheckpointName {
        let instance = Instance(try words.number(after: "i", "instance"))
        return CheckpointName(instance: instance, digest: try names.digest(try words.next("a digest")))
    }

    /// `CHALLENGE vote #7`, `CHALLENGE proposal r1 i1 #7`, `CHALLENGE dummy 64 #7`
    private func challenge(_ words: inout TraceWords) throws -> Challenge {
        let subject: Challenge.Subject
        switch try words.next("vote, proposal or dummy") {
        case "proposal":
            let regency = try words.number(after: "r", "regency")
            subject = .proposal(epoch(regency), Instance(try words.number(after: "i", "instance")))
        case "dummy":
            subject = .dummyProposal(padding: Bytes(repeating: 0, count: Int(try words.number("how many bytes"))))
        default: subject = .vote
        }
        return Challenge(subject, number: try words.number(after: "#", "a number"))
    }

    /// `a` is vouched for, `a?` is not, `a!` is signed by its client.
    private func forwarded(_ word: String) throws -> ForwardedRequest {
        let isSigned = word.hasSuffix("!")
        let isVouched = !word.hasSuffix("?")
        let request = try names.request(isSigned || !isVouched ? String(word.dropLast()) : word)
        let proof = isSigned ? RequestProof(digests: [request.digest], signature: .absent) : nil
        return ForwardedRequest(request: request.request, isVouched: isVouched, proof: proof)
    }

    private func decision(_ word: String) throws -> Decision {
        let vote = try vote(word)
        let batch = try names.batch(String(word.split(separator: "@")[0]))
        return Decision(
            body: BatchBody(batch: batch, bodies: try names.bodies(of: batch, lacking: [])),
            certificate: certificate(batch.instance, vote))
    }

    /// `PROGRESS r1 decided i3 stable i0 help unsynced`
    private func progress(_ words: inout TraceWords) throws -> Progress {
        let epoch = epoch(try words.number(after: "r", "regency"))
        try words.expect("decided")
        let decided = Instance(try words.number(after: "i", "instance"))
        try words.expect("stable")
        let stable = Instance(try words.number(after: "i", "instance"))
        let asksForHelp = words.take("help")
        return Progress(
            epoch: epoch, isSynced: !words.take("unsynced"), mode: words.take("learner") ? .learner : .voter,
            decided: decided, stableCheckpoint: stable, asksForHelp: asksForHelp)
    }
}
