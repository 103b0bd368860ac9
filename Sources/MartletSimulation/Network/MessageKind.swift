// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// What kind of message a link carries, in the words of the protocol; link faults may concern some kinds only.
package enum MessageKind: String, Hashable, Sendable, CaseIterable {
    case propose = "PROPOSE"
    case write = "WRITE"
    case accept = "ACCEPT"
    case decided = "DECIDED"
    case stop = "STOP"
    case stopData = "STOPDATA"
    case sync = "SYNC"
    case checkpoint = "CHECKPOINT"
    case forwarded = "FORWARD"
    case vouches = "VOUCH"
    case fetchRequests = "FETCH-REQUESTS"
    case fetchBatch = "FETCH-BATCH"
    case batchBody = "BATCH"
    case fetchDecisions = "FETCH-DECISIONS"
    case decisions = "DECISIONS"
    case fetchCheckpoint = "FETCH-CHECKPOINT"
    case checkpointOffer = "OFFER"
    case fetchManifest = "FETCH-MANIFEST"
    case manifest = "MANIFEST"
    case fetchChunks = "FETCH-CHUNKS"
    case chunk = "CHUNK"
    case progress = "PROGRESS"
    case probe = "PROBE"
    case probeEcho = "PROBE-ECHO"
    case challenge = "CHALLENGE"
    case challengeResponse = "RESPONSE"
    case install = "INSTALL"
    case fetchViews = "FETCH-VIEWS"
    case views = "VIEWS"
    case operation = "OPERATION"
    case request = "REQUEST"
    case read = "READ"
    case reply = "REPLY"
    case readReply = "READ-REPLY"
    case refusal = "REFUSAL"
}

extension MessageKind {
    init(_ message: PeerMessage) {
        switch message {
        case .propose: self = .propose
        case .write: self = .write
        case .accept: self = .accept
        case .decided: self = .decided
        case .stop: self = .stop
        case .stopData: self = .stopData
        case .sync: self = .sync
        case .checkpoint: self = .checkpoint
        case .forwarded: self = .forwarded
        case .vouches: self = .vouches
        case .fetchRequests: self = .fetchRequests
        case .fetchBatch: self = .fetchBatch
        case .batchBody: self = .batchBody
        case .fetchDecisions: self = .fetchDecisions
        case .decisions: self = .decisions
        case .fetchCheckpoint: self = .fetchCheckpoint
        case .checkpointOffer: self = .checkpointOffer
        case .fetchManifest: self = .fetchManifest
        case .manifest: self = .manifest
        case .fetchChunks: self = .fetchChunks
        case .chunk: self = .chunk
        case .progress: self = .progress
        case .probe: self = .probe
        case .probeEcho: self = .probeEcho
        case .challenge: self = .challenge
        case .challengeResponse: self = .challengeResponse
        case .install: self = .install
        case .fetchViews: self = .fetchViews
        case .views: self = .views
        case .operation: self = .operation
        }
    }

    /// A status query counts as a read, which it resembles, and so does the question for a receipt.
    init(_ message: ClientMessage) {
        switch message {
        case .requests: self = .request
        case .read, .statusQuery, .adaptationQuery, .fetchReceipt: self = .read
        case .fetchViews: self = .fetchViews
        }
    }

    init(_ message: ReplicaToClientMessage) {
        switch message {
        case .reply: self = .reply
        case .readReply, .status, .adaptation, .receipt: self = .readReply
        case .refusal: self = .refusal
        case .views: self = .views
        }
    }
}
