// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import MartletWire

extension Request: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        let kinds: [RequestKind] = [.open, .operation, .orderedRead]
        let kind = kinds.randomElement(using: &generator) ?? .open
        return Self(
            id: RequestID(
                client: .sample(&generator), session: kind == .open ? .none : .sample(&generator),
                sequence: generator.number(SequenceNumber.self, from: 1)),
            kind: kind, repliesKeptFrom: generator.number(SequenceNumber.self),
            payload: kind == .open ? [] : generator.bytes(upTo: 20))
    }
}

extension ReplicaOperation: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        let isRejoin = generator.chance()
        let rejoin = Rejoin(
            view: generator.number(ViewNumber.self), incarnation: UInt64.random(in: 0 ... .max, using: &generator))
        let request = Request(
            id: RequestID(
                client: .sample(&generator), session: .ofReplicas,
                sequence: generator.number(SequenceNumber.self, from: 1)),
            kind: isRejoin ? .rejoin : .measure, repliesKeptFrom: SequenceNumber(0),
            payload: isRejoin ? rejoin.payload : generator.bytes(upTo: 40))
        return Self(request: request, signature: .sample(&generator))
    }
}

extension RequestProof: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(digests: generator.list(Digest.self), signature: .sample(&generator))
    }
}

extension RequestBundle: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(requests: generator.list(Request.self), signature: generator.optional(Signature.self))
    }
}

extension ReadRequest: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(number: generator.number(), query: generator.bytes(upTo: 20))
    }
}

extension ForwardedRequest: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(
            request: .sample(&generator), isVouched: generator.chance(),
            proof: generator.optional(RequestProof.self))
    }
}

extension ReplyBody: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        switch generator.next() % 7 {
        case 0, 1: .result(generator.bytes(upTo: 20))
        case 2: .opened(.sample(&generator))
        case 3: .sessionUnknown
        case 4: .sequenceTooOld
        case 5: .replyForgotten
        default: .openingStale
        }
    }
}

extension Reply: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(
            view: generator.number(ViewNumber.self, from: 1), request: .sample(&generator),
            finality: generator.chance()
                ? .final
                : .tentative(epoch: .sample(&generator), instance: generator.number(Instance.self, from: 1)),
            body: .sample(&generator))
    }
}

extension ReadReply: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(
            view: generator.number(ViewNumber.self, from: 1), number: generator.number(),
            version: generator.number(Instance.self), result: generator.bytes(upTo: 20))
    }
}

extension Refusal: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(
            request: .sample(&generator),
            reason: RefusalReason.allCases.randomElement(using: &generator) ?? .overloaded)
    }
}

extension ReplicaStatus: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(
            replica: .sample(&generator), mode: generator.chance() ? .voter : .learner, epoch: .sample(&generator),
            isSynced: generator.chance(), leader: .sample(&generator), decided: generator.number(Instance.self),
            executed: generator.number(Instance.self), stableCheckpoint: generator.number(Instance.self),
            highestKnown: generator.number(Instance.self), pendingRequests: generator.number(),
            softwareVersion: generator.chance() ? "" : "1.2.3-β", damagesFound: generator.number(),
            isDamaged: generator.chance(), fetching: generator.chance() ? .sample(&generator) : nil,
            access: .sample(&generator), peers: generator.ascending(PeerReport.self, by: { $0.replica }))
    }
}

extension PeerReport: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(
            replica: .sample(&generator), isLearner: generator.chance(), decided: generator.number(Instance.self),
            unreachableSeconds: generator.chance() ? generator.number() : nil)
    }
}

extension FetchingStatus: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(
            instance: generator.number(Instance.self), bytesHeld: generator.number(), bytesTotal: generator.number(),
            secondsLeft: generator.chance() ? generator.number() : nil)
    }
}
