// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes
import Testing

/// The last member of a group was away for longer than decisions are kept, and fetches a state of many chunks.
@Suite("Fetching a state from several members, some of whom lie or fall silent (protocol §7)")
struct FetchingStateTests {
    let client = Samples.client(1)

    /// A group whose last member has missed everything, and may hear the others from now on.
    private func lagging(n: Int = 4, f: Int = 1, chunks: Int = 200, bytes: Int = 100) throws -> (Group, SessionID) {
        let group = try Group(n: n, f: f, checkpointPeriod: 16)
        group.chunks = (chunks, bytes)
        let last = n - 1
        let session = group.openSession(client)
        group.passes = { $0.from != last && $0.to != last }
        order(60, in: group, session, from: 1)
        group.passes = { _ in true }
        return (group, session)
    }

    private func order(_ count: UInt64, in group: Group, _ session: SessionID, from first: UInt64) {
        for sequence in first..<first + count {
            group.submit(Samples.operation(client, session, sequence), to: Array(0..<group.view.n - 1))
            group.settle()
        }
    }

    private final class Deliveries {
        /// Chunks that each member handed out.
        var chunks: [Int: Int] = [:]
        var all: Int { chunks.values.reduce(0, +) }
    }

    /// Counts the chunks, and changes what a member sends.
    private func count(
        _ group: Group, _ change: @escaping (Group.Parcel, CheckpointChunk) -> PeerMessage = { .chunk($1) }
    ) -> Deliveries {
        let deliveries = Deliveries()
        group.rewrite = { parcel in
            guard case .chunk(let chunk) = parcel.message else { return parcel.message }
            deliveries.chunks[parcel.from, default: 0] += 1
            return change(parcel, chunk)
        }
        return deliveries
    }

    private func wrong(_ chunk: CheckpointChunk) -> PeerMessage {
        .chunk(CheckpointChunk(checkpoint: chunk.checkpoint, position: chunk.position, bytes: [250]))
    }

    private func expectCaughtUp(_ group: Group, sourceLocation: SourceLocation = #_sourceLocation) {
        let last = group.view.n - 1
        #expect(group.status(last).decided == group.status(0).decided, sourceLocation: sourceLocation)
        let right = group.nodes[last].installed.allSatisfy {
            $0.contents == group.contents(after: $0.certificate.instance)
        }
        #expect(right && !group.nodes[last].installed.isEmpty, sourceLocation: sourceLocation)
    }

    @Test("All others share in it, and each chunk comes once")
    func shared() throws {
        let (group, _) = try lagging()
        let deliveries = count(group)
        group.pass(milliseconds: 1_500)
        expectCaughtUp(group)
        #expect(deliveries.all == 200)
        #expect(deliveries.chunks.count == 3 && deliveries.chunks.values.allSatisfy { $0 >= 30 })
    }

    @Test("A member that sends wrong chunks costs one of them, is named, and is asked no more")
    func wrongChunks() throws {
        let (group, _) = try lagging()
        let deliveries = count(group) { $0.from == 0 ? self.wrong($1) : .chunk($1) }
        group.pass(milliseconds: 3_000)
        expectCaughtUp(group)
        #expect(group.nodes[3].notices.contains(.misbehaviour(ReplicaID(0), .wrongChunk)))
        #expect(deliveries.chunks[0, default: 0] <= 70, "no more than its share of 200 chunks")
        #expect(group.nodes[3].notices.count { $0 == .misbehaviour(ReplicaID(0), .wrongChunk) } == 1)
    }

    @Test("f members that send wrong chunks or none do not keep it from its state", arguments: [false, true])
    func liars(_ areSilent: Bool) throws {
        let (group, _) = try lagging(n: 7, f: 2)
        _ = count(group) { $0.from < 2 ? self.wrong($1) : .chunk($1) }
        if areSilent { group.passes = { $0.to != 6 || $0.from > 1 || !Self.isOfChunks($0.message) } }
        group.pass(milliseconds: 4_000)
        expectCaughtUp(group)
    }

    private static func isOfChunks(_ message: PeerMessage) -> Bool {
        switch message {
        case .manifest, .chunk: true
        default: false
        }
    }

    @Test("A member that sends one chunk now and then holds it up by a moment only")
    func slow() throws {
        let (group, _) = try lagging()
        var last = Instant.zero
        group.passes = { parcel in
            guard parcel.from == 0, parcel.to == 3, case .chunk = parcel.message else { return true }
            guard group.now.monotonic.since(last) >= .milliseconds(400) else { return false }
            last = group.now.monotonic
            return true
        }
        group.pass(milliseconds: 3_000)
        expectCaughtUp(group)
    }

    @Test("The member that the manifest and the first chunks came from dies")
    func sourceDies() throws {
        let (group, _) = try lagging(chunks: 600)
        let deliveries = count(group)
        group.passes = { parcel in
            guard case .chunk = parcel.message, parcel.from == 1 else { return true }
            if deliveries.chunks[1, default: 0] >= 40 { group.nodes[1].isUp = false }
            return group.nodes[1].isUp
        }
        group.pass(milliseconds: 4_000)
        #expect(!group.nodes[1].isUp)
        expectCaughtUp(group)
    }

    @Test("One correct member is enough, however the others answer")
    func oneIsEnough() throws {
        let (group, _) = try lagging(n: 7, f: 2)
        _ = count(group) { $0.from < 5 ? self.wrong($1) : .chunk($1) }
        group.pass(milliseconds: 8_000)
        expectCaughtUp(group)
    }

    @Test("What it has itself is not asked for")
    func atHome() throws {
        let (group, _) = try lagging()
        group.nodes[3].chunksAtHome = Array(1..<150)
        let deliveries = count(group)
        group.pass(milliseconds: 1_500)
        expectCaughtUp(group)
        #expect(deliveries.all == 51)
    }

    @Test("When nobody has that checkpoint any more it goes on with the newer one, and keeps what both have")
    func movesOn() throws {
        let (group, session) = try lagging(chunks: 400)
        let deliveries = count(group)
        var isCut = false
        group.passes = { parcel in
            guard case .chunk = parcel.message, deliveries.all >= 200 else { return true }
            isCut = true
            return false
        }
        group.pass(milliseconds: 600)
        #expect(isCut)
        // Two more checkpoints become stable, and the others forget the first.
        group.passes = { $0.to != 3 || !Self.isOfChunks($0.message) }
        order(40, in: group, session, from: 61)
        group.passes = { _ in true }
        group.pass(milliseconds: 20_000)
        expectCaughtUp(group)
        #expect(deliveries.all < 400 + 200)
    }

    /// Seed 9: a member that has an older checkpoint counted as a source, so that nobody went on to the newer one.
    @Test("Two more are asked at once than may fail", arguments: [FaultModel.byzantine, .crash])
    func sources(_ model: FaultModel) throws {
        let view = try Samples.view(n: 7, f: 2, model: model)
        let now = Instant(1_000_000_000)
        let name = CheckpointName(instance: Instance(16), digest: .zero)
        let certificate = CheckpointCertificate(
            view: .genesis, instance: name.instance, digest: name.digest, shares: [])
        var transfer = StateTransfer(
            certificate, from: ReplicaIndex(1), view: view, peers: Samples.peers(view), at: now)
        let patience = Interval.milliseconds(500)
        _ = transfer.requests(at: now, patience: patience)
        let manifest = Samples.hashed(Samples.contents(chunks: 0..<200), .zero).manifest
        _ = transfer.onManifest(
            NamedManifest(checkpoint: name, manifest: manifest), from: ReplicaIndex(1), at: now, patience: patience)
        transfer.onFound([], of: name, at: now)
        #expect(transfer.requests(at: now, patience: patience).count == 4)
    }

    @Test("A member that has only an older checkpoint does not keep it from the newer one, in crash groups neither")
    func olderIsNoSource() throws {
        let view = try Samples.view(n: 4, f: 1, model: .crash)
        let certificate = { (instance: UInt64) in
            CheckpointCertificate(view: .genesis, instance: Instance(instance), digest: .zero, shares: [])
        }
        let patience = Interval.milliseconds(500)
        var now = Instant(1_000_000_000)
        var transfer = StateTransfer(
            certificate(176), from: ReplicaIndex(1), view: view, peers: Samples.peers(view), at: now)
        for step in 0..<40 {
            for request in transfer.requests(at: now, patience: patience) {
                let older = request.source == ReplicaIndex(3)
                transfer.onOffer(certificate(older ? 104 : 248), from: request.source, at: now, patience: patience)
            }
            _ = transfer.moveOn(at: now, patience: patience)
            if transfer.instance == Instance(248) { return }
            now = now + .milliseconds(100)
            #expect(step < 39)
        }
    }

    @Test("An offer that nobody asked for has it fetch nothing")
    func unasked() throws {
        let group = try Group(checkpointPeriod: 16)
        let offer = CheckpointCertificate(view: .genesis, instance: Instance(64), digest: .zero, shares: [])
        group.inject(.checkpointOffer(offer), from: 0, to: 3)
        #expect(group.status(3).transfer == nil)
    }
}
