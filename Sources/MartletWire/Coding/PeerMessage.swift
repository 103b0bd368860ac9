// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// The case of a message between replicas, as it travels. Numbers are never used again for something else.
private enum Tag: UInt8 {
    case propose = 1
    case write = 2
    case accept = 3
    case decided = 4
    case stop = 5
    case stopData = 6
    case sync = 7
    case checkpoint = 8
    case forwarded = 9
    case vouches = 10
    case fetchRequests = 11
    case fetchBatch = 12
    case batchBody = 13
    case fetchDecisions = 14
    case decisions = 15
    case fetchCheckpoint = 16
    // 17 was a whole checkpoint in one message.
    case progress = 18
    case probe = 19
    case probeEcho = 20
    case challenge = 21
    case challengeResponse = 22
    case install = 23
    case fetchViews = 24
    case views = 25
    case operation = 26
    case checkpointOffer = 27
    case fetchManifest = 28
    case manifest = 29
    case fetchChunks = 30
    case chunk = 31
}

extension PeerMessage: WireCodable {
    package static var encodedBytesMin: Int { 2 }

    package func encode(into writer: inout Writer) {
        writer.write(WireFormat.version, tag.rawValue)
        switch self {
        case .propose(let message): message.encode(into: &writer)
        case .write(let message): message.encode(into: &writer)
        case .accept(let message): message.encode(into: &writer)
        case .decided(let message): message.encode(into: &writer)
        case .stop(let message): message.encode(into: &writer)
        case .stopData(let message): message.encode(into: &writer)
        case .sync(let message): message.encode(into: &writer)
        case .checkpoint(let message): message.encode(into: &writer)
        case .forwarded(let message): writer.writeList(message)
        case .vouches(let message): message.encode(into: &writer)
        case .fetchRequests(let message): message.encode(into: &writer)
        case .fetchBatch(let message): message.encode(into: &writer)
        case .batchBody(let message): message.encode(into: &writer)
        case .fetchDecisions(let message): message.encode(into: &writer)
        case .decisions(let message): message.encode(into: &writer)
        case .fetchCheckpoint(let message): message.encode(into: &writer)
        case .checkpointOffer(let message): message.encode(into: &writer)
        case .fetchManifest(let message): message.encode(into: &writer)
        case .manifest(let message): message.encode(into: &writer)
        case .fetchChunks(let message): message.encode(into: &writer)
        case .chunk(let message): message.encode(into: &writer)
        case .progress(let message): message.encode(into: &writer)
        case .probe(let message): message.encode(into: &writer)
        case .probeEcho(let message): message.encode(into: &writer)
        case .challenge(let message): message.encode(into: &writer)
        case .challengeResponse(let message): message.encode(into: &writer)
        case .install(let message): message.encode(into: &writer)
        case .fetchViews(let message): message.encode(into: &writer)
        case .views(let message): message.encode(into: &writer)
        case .operation(let message): message.encode(into: &writer)
        }
    }

    package init(from reader: inout Reader) throws(WireError) {
        try reader.expectVersion()
        switch try reader.enumeration(Tag.self, "message between replicas") {
        case .propose: self = .propose(try Propose(from: &reader))
        case .write: self = .write(try WriteVote(from: &reader))
        case .accept: self = .accept(try AcceptVote(from: &reader))
        case .decided: self = .decided(try Decided(from: &reader))
        case .stop: self = .stop(try Stop(from: &reader))
        case .stopData: self = .stopData(try StopData(from: &reader))
        case .sync: self = .sync(try Sync(from: &reader))
        case .checkpoint: self = .checkpoint(try CheckpointVote(from: &reader))
        case .forwarded: self = .forwarded(try reader.list(of: ForwardedRequest.self, Limits.forwardedRequests))
        case .vouches: self = .vouches(try Vouches(from: &reader))
        case .fetchRequests: self = .fetchRequests(try FetchRequests(from: &reader))
        case .fetchBatch: self = .fetchBatch(try FetchBatch(from: &reader))
        case .batchBody: self = .batchBody(try BatchBody(from: &reader))
        case .fetchDecisions: self = .fetchDecisions(try FetchDecisions(from: &reader))
        case .decisions: self = .decisions(try Decisions(from: &reader))
        case .fetchCheckpoint: self = .fetchCheckpoint(try FetchCheckpoint(from: &reader))
        case .checkpointOffer: self = .checkpointOffer(try CheckpointCertificate(from: &reader))
        case .fetchManifest: self = .fetchManifest(try CheckpointName(from: &reader))
        case .manifest: self = .manifest(try NamedManifest(from: &reader))
        case .fetchChunks: self = .fetchChunks(try FetchChunks(from: &reader))
        case .chunk: self = .chunk(try CheckpointChunk(from: &reader))
        case .progress: self = .progress(try Progress(from: &reader))
        case .probe: self = .probe(try Probe(from: &reader))
        case .probeEcho: self = .probeEcho(try ProbeEcho(from: &reader))
        case .challenge: self = .challenge(try Challenge(from: &reader))
        case .challengeResponse: self = .challengeResponse(try ChallengeResponse(from: &reader))
        case .install: self = .install(try Install(from: &reader))
        case .fetchViews: self = .fetchViews(try FetchViews(from: &reader))
        case .views: self = .views(try ViewChainPart(from: &reader))
        case .operation: self = .operation(try ReplicaOperation(from: &reader))
        }
    }

    private var tag: Tag {
        switch self {
        case .propose: .propose
        case .write: .write
        case .accept: .accept
        case .decided: .decided
        case .stop: .stop
        case .stopData: .stopData
        case .sync: .sync
        case .checkpoint: .checkpoint
        case .forwarded: .forwarded
        case .vouches: .vouches
        case .fetchRequests: .fetchRequests
        case .fetchBatch: .fetchBatch
        case .batchBody: .batchBody
        case .fetchDecisions: .fetchDecisions
        case .decisions: .decisions
        case .fetchCheckpoint: .fetchCheckpoint
        case .checkpointOffer: .checkpointOffer
        case .fetchManifest: .fetchManifest
        case .manifest: .manifest
        case .fetchChunks: .fetchChunks
        case .chunk: .chunk
        case .progress: .progress
        case .probe: .probe
        case .probeEcho: .probeEcho
        case .challenge: .challenge
        case .challengeResponse: .challengeResponse
        case .install: .install
        case .fetchViews: .fetchViews
        case .views: .views
        case .operation: .operation
        }
    }

    package var encodedSizeHint: Int {
        switch self {
        case .propose(let message): 2 + message.encodedSizeHint
        case .write(let message): 2 + message.encodedSizeHint
        case .accept(let message): 2 + message.encodedSizeHint
        case .decided(let message): 2 + message.encodedSizeHint
        case .stop(let message): 2 + message.encodedSizeHint
        case .stopData(let message): 2 + message.encodedSizeHint
        case .sync(let message): 2 + message.encodedSizeHint
        case .checkpoint(let message): 2 + message.encodedSizeHint
        case .forwarded(let message): message.reduce(into: 6) { sum, request in sum += request.encodedSizeHint }
        case .vouches(let message): 2 + message.encodedSizeHint
        case .fetchRequests(let message): 2 + message.encodedSizeHint
        case .fetchBatch(let message): 2 + message.encodedSizeHint
        case .batchBody(let message): 2 + message.encodedSizeHint
        case .fetchDecisions(let message): 2 + message.encodedSizeHint
        case .decisions(let message): 2 + message.encodedSizeHint
        case .fetchCheckpoint(let message): 2 + message.encodedSizeHint
        case .checkpointOffer(let message): 2 + message.encodedSizeHint
        case .fetchManifest(let message): 2 + message.encodedSizeHint
        case .manifest(let message): 2 + message.encodedSizeHint
        case .fetchChunks(let message): 2 + message.encodedSizeHint
        case .chunk(let message): 2 + message.encodedSizeHint
        case .progress(let message): 2 + message.encodedSizeHint
        case .probe(let message): 2 + message.encodedSizeHint
        case .probeEcho(let message): 2 + message.encodedSizeHint
        case .challenge(let message): 2 + message.encodedSizeHint
        case .challengeResponse(let message): 2 + message.encodedSizeHint
        case .install(let message): 2 + message.encodedSizeHint
        case .fetchViews(let message): 2 + message.encodedSizeHint
        case .views(let message): 2 + message.encodedSizeHint
        case .operation(let message): 2 + message.encodedSizeHint
        }
    }
}
