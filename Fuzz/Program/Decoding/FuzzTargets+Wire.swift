// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import MartletWire

/// The wire format: everything that arrives in a frame.
extension FuzzTargets {
    static let wire = [peerMessage, clientMessage, replicaMessage, handshake, founding, checkpointImage, receipt]

    private static let peerMessage = FuzzTarget(
        name: "peer-message", about: "the decoder of messages between replicas", bytesMax: 4096,
        modules: ["MartletWire"],
        seeds: .vectors(
            [
                "propose", "write", "accept", "decided", "stop", "stopData", "sync", "checkpoint", "forwarded",
                "vouches", "fetchRequests", "fetchBatch", "batchBody", "fetchDecisions", "decisions",
                "fetchCheckpoint", "checkpointOffer", "fetchManifest", "manifest", "fetchChunks", "chunk", "progress",
                "probe", "probeEcho", "challenge",
                "challengeResponse",
                "install", "fetchViews", "views", "operation",
            ].map { "peer-" + $0 })
    ) { unsafe Decoding.check(PeerMessage.self, $0) }

    private static let clientMessage = FuzzTarget(
        name: "client-message", about: "the decoder of messages from clients", bytesMax: 4096,
        modules: ["MartletWire"],
        seeds: .vectors([
            "client-requests", "client-read", "client-statusQuery", "client-fetchViews", "client-reconfiguration",
            "client-fetchReceipt",
        ])
    ) { unsafe Decoding.check(ClientMessage.self, $0) }

    private static let replicaMessage = FuzzTarget(
        name: "replica-message", about: "the decoder of messages from a replica to a client", bytesMax: 4096,
        modules: ["MartletWire"],
        seeds: .vectors([
            "replica-reply", "replica-readReply", "replica-refusal", "replica-status", "replica-views",
            "replica-reconfigured", "replica-receipt",
        ])
    ) { unsafe Decoding.check(ReplicaToClientMessage.self, $0) }

    private static let handshake = FuzzTarget(
        name: "handshake", about: "the decoders of hello and its answer", bytesMax: 600, modules: ["MartletWire"],
        seeds: .vectors(["hello"], prefix: [0]) + .vectors(["helloAnswer"], prefix: [1])
    ) { bytes in
        unsafe Decoding.choose(
            bytes, [{ unsafe Decoding.check(Hello.self, $0) }, { unsafe Decoding.check(HelloAnswer.self, $0) }])
    }

    private static let founding = FuzzTarget(
        name: "genesis-and-view", about: "the decoders of what a group is founded on, of views and of proofs by them",
        bytesMax: 4096, modules: ["MartletWire", "MartletTypes"],
        seeds: .vectors(["genesis"], prefix: [0]) + .vectors(["view"], prefix: [1])
            + .vectors(["checkpointProof"], prefix: [2])
    ) { bytes in
        unsafe Decoding.choose(
            bytes,
            [
                { unsafe Decoding.check(Genesis.self, $0) }, { unsafe Decoding.check(View.self, $0) },
                { unsafe Decoding.check(CheckpointProof.self, $0) },
            ])
    }

    private static let receipt = FuzzTarget(
        name: "receipt", about: "the decoder of receipts", bytesMax: 4096, modules: ["MartletWire"],
        seeds: .vectors(["receipt"])
    ) { unsafe Decoding.check(Receipt.self, $0) }

    private static let checkpointImage = FuzzTarget(
        name: "checkpoint-image", about: "the decoder of a checkpoint's state", bytesMax: 4096,
        modules: ["MartletWire"], seeds: .vectors(["checkpointImage"])
    ) { unsafe Decoding.check(CheckpointImage.self, $0) }
}
