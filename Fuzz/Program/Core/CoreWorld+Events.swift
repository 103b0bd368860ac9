// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletCrypto
import MartletTypes

/// What can happen, each drawn by one byte.
extension CoreWorld {
    static var eventsMax: Int { 600 }

    mutating func run() {
        var events = 0
        while !source.isEmpty, events < Self.eventsMax {
            happen(source.number(below: 42))
            events += 1
        }
    }

    private mutating func happen(_ kind: Int) {
        switch kind {
        case 0, 1: submit()
        case 2:
            say(.propose(Propose(epoch: drawEpoch(), batch: drawBatch())), from: source.chance(200) ? leader : member())
        case 3, 4, 5: vote(kind)
        case 6: agree()
        case 7: stop()
        case 8: stopData()
        case 9: say(.sync(drawSync()), from: member())
        case 10: checkpointVote()
        case 11, 12, 13, 14, 15, 16, 17, 18, 19, 26, 27: passOn(kind)
        case 20: pass(.milliseconds(UInt64(source.byte()) * 4))
        case 21: pass(.seconds(UInt64(source.byte())))
        case 22: setWall(source.chance(200) ? 1_700_000_000_000_000 + UInt64(source.byte()) : source.number(near: 1))
        case 23: bringBack(1 + source.number(below: 8))
        case 24: progress()
        case 28: advance()
        case 29: runAhead()
        case 30, 31: reconfigure()
        case 32: sayInstalls()
        case 33: sayViews()
        case 34: askForViews()
        case 35: sayOperations()
        case 36: sayChallenges()
        case 37: respond()
        case 38: calculateNext()
        case 39: calculateAnother()
        case 40: enterFollowingView()
        case 41: speakEarly()
        default: bringBack(64)
        }
    }

    private var leader: ReplicaID { status.leader }

    private mutating func submit() {
        let request = drawRequest()
        submit(request, isSigned: source.chance(90))
    }

    mutating func submit(_ request: Request, isSigned: Bool) {
        let bundle = RequestBundle(requests: [request], signature: isSigned ? .absent : nil)
        do throws(VerificationError) {
            step(.requests(try verifier.verify(bundle, from: request.id.client)))
        } catch {
            // Not let in.
        }
    }

    // MARK: Votes

    private mutating func vote(_ kind: Int) {
        let senders = source.subset(of: others)
        let epoch = drawEpoch()
        let instance = drawInstance()
        let digest = digest(for: instance)
        for sender in senders {
            switch kind {
            case 3: say(.write(WriteVote(epoch: epoch, instance: instance, digest: digest)), from: sender)
            case 4: say(.accept(AcceptVote(epoch: epoch, instance: instance, digest: digest)), from: sender)
            default: say(.decided(Decided(view: epoch.view, instance: instance, digest: digest)), from: sender)
            }
        }
    }

    /// All others agree on the next instance's newest batch, as far as the byte says: so long runs take few bytes.
    private mutating func agree() { agree(extent: source.number(below: 4)) }

    private mutating func agree(extent: Int) {
        let (epoch, instance) = (epoch, status.decided.next)
        guard let batch = batches.last(where: { $0.instance == instance && $0.born == epoch }) else { return }
        let digest = digest(of: batch)
        if leader != me { say(.propose(Propose(epoch: epoch, batch: batch)), from: leader) }
        for sender in others where extent > 0 {
            say(.write(WriteVote(epoch: epoch, instance: instance, digest: digest)), from: sender)
        }
        for sender in others where extent > 1 {
            say(.accept(AcceptVote(epoch: epoch, instance: instance, digest: digest)), from: sender)
        }
    }

    /// Several instances, a byte each, so that checkpoints and calculations are reached; through ends of views, too.
    private mutating func advance() {
        for _ in 0...source.number(below: 8) {
            let byte = source.byte()
            if byte & 1 == 0 { enterFollowingView() }
            if !batches.contains(where: { $0.instance == status.decided.next && $0.born == epoch }) {
                lead(status.decided.next, with: byte & 6 == 0 ? requests.suffix(4) : [])
            }
            agree(extent: byte & 24 == 24 ? 1 : 2)
            if byte & 32 == 0, let (instance, digest) = snapshots.last {
                let vote = CheckpointVote(view: owner(of: instance).number, instance: instance, digest: digest)
                for sender in others { say(.checkpoint(vote), from: sender) }
            }
            if byte & 64 == 0 { bringBack(8) }
            if byte & 128 != 0 { sayOperations() }
        }
    }

    /// The leader proposes beyond what is decided next, and some vote for it.
    private mutating func runAhead() {
        var instance = status.decided.next
        for _ in 0...source.number(below: 3) {
            instance = instance.next
            if !batches.contains(where: { $0.instance == instance && $0.born == epoch }) { lead(instance) }
            guard let batch = batches.last(where: { $0.instance == instance && $0.born == epoch }) else { return }
            let digest = digest(of: batch)
            if leader != me { say(.propose(Propose(epoch: batch.born, batch: batch)), from: leader) }
            for sender in source.subset(of: others) {
                say(.write(WriteVote(epoch: batch.born, instance: instance, digest: digest)), from: sender)
            }
        }
    }

    /// The next batch: with a probe, so that it is not empty. One that leads has to be asked for it.
    private mutating func lead(_ instance: Instance, with requests: ArraySlice<Request> = []) {
        let prober = others.first ?? me
        guard leader == me else {
            guard let key = view.members.first(where: { $0.id == prober })?.key else { return }
            let entries = requests.map { BatchEntry(id: $0.id, digest: Hashing.digest(of: $0, group: view.group)) }
            remember(
                Batch(
                    instance: instance, born: epoch, time: now.wall,
                    entries: [.probe(nextSequence(), of: key)] + entries))
            return
        }
        pass(.milliseconds(300))
        say(.probe(Probe(sequence: nextSequence())), from: prober)
    }

    /// Members that are in the next view already.
    private mutating func speakEarly() {
        let next = Epoch(view: view.number.next, regency: .first)
        for _ in 0...source.number(below: 4) {
            var instance = status.decided.next
            if source.chance(128) { instance = instance.next }
            let batch = Batch(
                instance: instance, born: next, time: now.wall,
                entries: source.chance(40) ? [] : [.probe(nextSequence(), of: view.members[0].key)])
            remember(batch)
            let digest = digest(of: batch)
            let first = view.members[source.number(below: view.n)].id
            say(.propose(Propose(epoch: next, batch: batch)), from: first)
            for sender in source.subset(of: others) {
                say(.write(WriteVote(epoch: next, instance: instance, digest: digest)), from: sender)
                say(.accept(AcceptVote(epoch: next, instance: instance, digest: digest)), from: sender)
            }
        }
    }

    // MARK: Leader change

    private mutating func stop() {
        let senders = source.subset(of: others)
        let regency = source.chance(200) ? epoch.regency.next : drawRegency()
        let reason = source.choose(StopReason.allCases) ?? .joined
        for sender in senders {
            say(.stop(Stop(view: view.number, regency: regency, reason: reason)), from: sender)
        }
    }

    private mutating func stopData() {
        for sender in source.subset(of: others) {
            let data = drawStopData(by: sender)
            stopDatas = stopDatas.suffix(11) + [data]
            say(.stopData(data), from: sender)
        }
    }

    private mutating func drawStopData(by sender: ReplicaID) -> StopData {
        let epoch = source.chance(220) ? epoch : drawEpoch()
        let base = source.chance(60) ? decisionCertificate() : nil
        let checkpoint = source.chance(50) ? checkpointCertificate() : nil
        let first = max(base?.instance ?? .zero, checkpoint?.instance ?? .zero)
        var instance = first - min(view.settings.window, source.number(below: 4))
        var claims: [InstanceClaim] = []
        for _ in 0..<source.number(below: 5) {
            instance = (instance + source.number(below: 2)).next
            let lock = source.chance(128) ? vote(in: instance, before: epoch) : nil
            var writeSet = (0..<source.number(below: 3)).map { _ in vote(in: instance, before: epoch) }
            if let lock, source.chance(128) { writeSet.append(lock) }
            writeSet.sort { $0.digest < $1.digest }
            claims.append(InstanceClaim(instance: instance, lock: lock, writeSet: writeSet))
        }
        return StopData(epoch: epoch, sender: sender, base: base, checkpoint: checkpoint, claims: claims)
    }

    private mutating func vote(in instance: Instance, before epoch: Epoch) -> RegencyDigest {
        let regency = epoch.regency.rawValue - min(epoch.regency.rawValue, 1 + UInt64(source.number(below: 3)))
        return RegencyDigest(regency: Regency(max(regency, 1)), digest: digest(for: instance))
    }

    /// Of what was said, or made up.
    private mutating func drawSync() -> Sync {
        let epoch = source.chance(200) ? epoch : Epoch(view: view.number, regency: epoch.regency.next)
        var collected: [StopData] = []
        for member in view.members.map(\.id) {
            guard source.chance(230) else { continue }
            let said = stopDatas.last { $0.sender == member && $0.epoch == epoch }
            collected.append(said ?? StopData(epoch: epoch, sender: member, base: nil, checkpoint: nil, claims: []))
        }
        return Sync(epoch: epoch, collected: collected)
    }

    // MARK: Checkpoints and catching up

    private mutating func checkpointVote() {
        let certificate = checkpointCertificate()
        let vote = CheckpointVote(
            view: source.chance(230) ? certificate.view : view.number, instance: certificate.instance,
            digest: certificate.digest)
        for sender in source.subset(of: others) { say(.checkpoint(vote), from: sender) }
    }

    private mutating func progress() {
        for sender in source.subset(of: others) {
            say(
                .progress(
                    Progress(
                        epoch: drawEpoch(), isSynced: source.chance(128), mode: .voter, decided: drawInstance(),
                        stableCheckpoint: drawInstance(), asksForHelp: source.chance(128))), from: sender)
        }
    }

    private mutating func passOn(_ kind: Int) {
        switch kind {
        case 11: say(.forwarded(forwards()), from: member())
        case 12: say(.vouches(Vouches(entries: entries(upTo: 4))), from: member())
        case 13: say(.fetchRequests(FetchRequests(entries: entries(upTo: 4))), from: member())
        case 14:
            let instance = drawInstance()
            say(.fetchBatch(FetchBatch(instance: instance, digest: digest(for: instance))), from: member())
        case 15: say(.batchBody(body(of: drawBatch())), from: member())
        case 16: say(.fetchDecisions(FetchDecisions(first: drawInstance())), from: member())
        case 17: say(.decisions(decisions()), from: member())
        case 18: say(.fetchCheckpoint(FetchCheckpoint(instance: drawInstance())), from: member())
        case 26: say(.probe(Probe(sequence: probeSequence())), from: member())
        case 27: say(.probeEcho(ProbeEcho(sequence: probeSequence())), from: member())
        default: sayState()
        }
    }

    /// An offer, and what is fetched then: in order, or parts of it; right, or of another state.
    private mutating func sayState() {
        let state = checkpointState()
        let name = source.chance(20) ? checkpointCertificate().name : state.certificate.name
        if source.chance(60) {
            say(source.chance(128) ? .fetchManifest(name) : .fetchChunks(chunkQuestion(name)), from: member())
        }
        // One member's alone may not be enough.
        for _ in 0..<1 + source.number(below: 3) { say(.checkpointOffer(state.certificate), from: member()) }
        if source.chance(230) {
            say(
                .manifest(NamedManifest(checkpoint: state.certificate.name, manifest: state.checkpoint.manifest)),
                from: member())
        }
        bringBack(8)
        for (place, bytes) in state.contents.chunks.enumerated() where !source.chance(10) {
            let chunk = CheckpointChunk(
                checkpoint: name, position: UInt32(place), bytes: source.chance(6) ? [0] : bytes)
            say(.chunk(chunk), from: member())
        }
    }

    private mutating func chunkQuestion(_ name: CheckpointName) -> FetchChunks {
        let first = UInt32(source.byte())
        return FetchChunks(
            checkpoint: name, positions: (0..<UInt32(source.number(below: 9))).map { first + $0 })
    }

    /// The core numbers its own from 1.
    private mutating func probeSequence() -> SequenceNumber { SequenceNumber(UInt64(source.number(below: 8))) }

    private mutating func forwards() -> [ForwardedRequest] {
        (0..<source.number(below: 4)).map { _ in
            let request = drawRequest()
            return ForwardedRequest(request: request, isVouched: source.chance(160), proof: proof(of: request))
        }
    }

    private mutating func decisions() -> Decisions {
        var found: [Decision] = []
        var instance = status.decided.next
        while let batch = batches.last(where: { $0.instance == instance }), found.count < 8 {
            found.append(Decision(body: body(of: batch), certificate: decisionCertificate(of: batch)))
            instance = instance.next
        }
        return Decisions(decisions: found)
    }
}
