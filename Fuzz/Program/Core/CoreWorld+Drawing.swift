// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletCrypto
import MartletTypes
import MartletWire

/// Values for messages, mostly of what is going on.
extension CoreWorld {
    mutating func member() -> ReplicaID { source.choose(others) ?? me }

    mutating func drawRegency() -> Regency { Regency(source.number(near: epoch.regency.rawValue)) }

    /// Mostly the core's own; else of its view, or of the views before and after it.
    mutating func drawEpoch() -> Epoch {
        if source.chance(200) { return epoch }
        switch source.number(below: 8) {
        case 0: return Epoch(view: view.number.next, regency: source.chance(220) ? .first : drawRegency())
        case 1: return Epoch(view: formerView, regency: source.chance(128) ? .first : drawRegency())
        default: return Epoch(view: view.number, regency: drawRegency())
        }
    }

    mutating func drawInstance() -> Instance { Instance(source.number(near: status.decided.next.rawValue)) }

    /// An instance that a quorum can have certified: not out of all reach.
    mutating func certifiableInstance() -> Instance {
        let drawn = drawInstance()
        return drawn > status.decided + 40 ? status.decided + 8 : drawn
    }

    /// Mostly of a batch of that instance.
    mutating func digest(for instance: Instance) -> Digest {
        let fitting = batches.filter { $0.instance == instance }
        if let batch = source.choose(fitting), source.chance(230) { return digest(of: batch) }
        return Digest(words: Words32(UInt64(source.byte()), 3, 3, 3))
    }

    func digest(of batch: Batch) -> Digest { Hashing.digest(of: batch, group: view.group) }

    // MARK: Requests

    static func client(_ number: Int) -> ClientID { ClientID(PublicKey(words: Words32(UInt64(number), 0, 0, 8))) }

    /// One that was never drawn before.
    mutating func nextSequence() -> SequenceNumber {
        sequencesDrawn += 1
        return SequenceNumber(sequencesDrawn)
    }

    mutating func drawRequest() -> Request {
        if source.chance(100), let known = source.choose(requests) { return known }
        if source.chance(24) { return drawOperation(by: member()) }
        var client = CoreWorld.client(source.number(below: 3))
        let opens = source.chance(90) || sessions.isEmpty
        let session = opens ? SessionID.none : source.choose(sessions) ?? .none
        // Mostly the one whose session it is.
        if let owner = clients[session], source.chance(220) { client = owner }
        let request = Request(
            id: RequestID(
                client: client, session: session,
                sequence: SequenceNumber(source.number(near: 1))),
            kind: opens ? .open : source.chance(40) ? .orderedRead : .operation,
            repliesKeptFrom: SequenceNumber(source.chance(40) ? source.number(near: 1) : 0),
            payload: opens ? [] : Bytes(repeating: source.byte(), count: source.number(below: 4)))
        keep(request)
        return request
    }

    mutating func keep(_ request: Request) { requests = requests.suffix(31) + [request] }

    mutating func entry() -> BatchEntry {
        let request = drawRequest()
        var digest = Hashing.digest(of: request, group: view.group)
        if source.chance(12) { digest = Digest(words: Words32(UInt64(source.byte()), 4, 4, 4)) }
        return BatchEntry(id: request.id, digest: digest)
    }

    mutating func entries(upTo max: Int) -> [BatchEntry] { (0..<source.number(below: max + 1)).map { _ in entry() } }

    mutating func proof(of request: Request) -> RequestProof? {
        guard source.chance(90) else { return nil }
        return RequestProof(digests: [Hashing.digest(of: request, group: view.group)], signature: .absent)
    }

    // MARK: Batches and certificates

    mutating func drawBatch() -> Batch {
        if source.chance(120), let known = source.choose(batches) { return known }
        let entries = entries(upTo: 5)
        let time = entries.isEmpty ? 0 : source.chance(230) ? now.wall.rawValue : source.number(near: now.wall.rawValue)
        let batch = Batch(
            instance: drawInstance(), born: drawEpoch(), time: Timestamp(time), entries: entries)
        remember(batch)
        return batch
    }

    /// The batch with the bodies that were seen; the others are lacking, as a liar or a void request makes them.
    func body(of batch: Batch) -> BatchBody {
        let bodies = batch.entries.map { entry in
            requests.first { $0.id == entry.id && Hashing.digest(of: $0, group: view.group) == entry.digest }
        }
        return BatchBody(batch: batch, bodies: bodies)
    }

    func shares() -> [SignatureShare] {
        view.members.map { SignatureShare(replica: $0.id, signature: .absent) }
    }

    /// Of the view that the instance belongs to, or else it proves nothing.
    mutating func decisionCertificate(of batch: Batch? = nil) -> DecisionCertificate {
        let instance = batch?.instance ?? certifiableInstance()
        let (owner, drawn) = (owner(of: instance), drawEpoch())
        return DecisionCertificate(
            epoch: drawn.view == owner.number ? drawn : Epoch(view: owner.number, regency: .first), instance: instance,
            digest: batch.map { digest(of: $0) } ?? digest(for: instance), shares: shares())
    }

    mutating func checkpointCertificate() -> CheckpointCertificate {
        let known = source.choose(snapshots)
        let instance = known?.0 ?? certifiableInstance()
        return CheckpointCertificate(
            view: owner(of: instance).number, instance: instance,
            digest: known?.1 ?? Digest(words: Words32(instance.rawValue, 1, 1, 1)), shares: shares())
    }

    /// A state with a certificate for it.
    mutating func checkpointState() -> CheckpointState {
        let (certificate, contents) = drawState()
        let checkpoint = Hashing.hashed(contents)
        for (digest, chunk) in zip(checkpoint.manifest.digests, contents.chunks) { chunks[digest] = chunk }
        return CheckpointState(certificate: certificate, contents: contents, manifest: checkpoint.manifest)
    }

    private mutating func drawState() -> (CheckpointCertificate, CheckpointContents) {
        let instance = certifiableInstance()
        let client = CoreWorld.client(source.number(below: 3))
        let session = SessionID(instance: Instance(UInt64(1 + source.number(below: 4))), place: 0)
        let hasSession = source.chance(128)
        let record = SessionRecord(
            id: session, client: client, highest: SequenceNumber(source.number(near: 2)),
            marks: (0..<source.number(below: 3)).map { _ in UInt64(source.byte()) },
            repliesKeptFrom: SequenceNumber(0), replies: [])
        let opening = OpeningRecord(client: client, number: SequenceNumber(1), session: session)
        let following = viewAfter(instance)
        let image = CheckpointImage(
            instance: instance, time: Timestamp(now.wall.rawValue + 1), view: following,
            sessions: hasSession ? [record] : [], openings: hasSession || source.chance(64) ? [opening] : [],
            adaptation: drawAdaptation(after: instance, in: following))
        if hasSession {
            sessions = sessions.suffix(7) + [session]
            clients[session] = client
        }
        let contents = CheckpointContents(image: image, application: [], pieceBytes: 256)
        let certificate = CheckpointCertificate(
            view: owner(of: instance).number, instance: instance, digest: Hashing.hashed(contents).digest,
            shares: shares())
        return (certificate, contents)
    }
}
