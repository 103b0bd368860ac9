// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes

// What the log says for what the core names. Each completes a sentence.

extension StopReason {
    var words: String {
        switch self {
        case .requestTimeout: "requests stayed unordered for too long"
        case .instanceTimeout: "a proposal stayed undecided for too long"
        case .requestMissing: "a proposal named requests that others never got"
        case .syncTimeout: "the new leader did not begin its work in time"
        case .joined: "enough others asked for it"
        case .abdication: "the leader itself gave up"
        case .equivocation: "its leader proposed different things to different members"
        case .forbiddenProposal: "its leader proposed what no correct leader does"
        case .slowLeader: "its leader orders much later than the links explain"
        }
    }
}

extension ProposalComplaint {
    var words: String {
        switch self {
        case .wrongBorn: "it names another epoch"
        case .outcomeDiffers: "it is not what the leader change settled"
        case .timeOutOfBounds: "its time is too far from this machine's clock; one of the two is wrong"
        case .tooLarge: "it is larger than the group allows"
        case .equivocation: "there are two different ones"
        case .emptyBatch: "it is empty"
        }
    }
}

extension Misbehaviour {
    var words: String {
        switch self {
        case .equivocatingVote: "it voted for two values"
        case .invalidSignature: "it sent a signature that is not valid"
        case .conflictingView: "its state makes another view follow than the group's does"
        case .conflictingCheckpoint: "its checkpoint differs from the group's"
        case .wrongManifest: "it sent another list of the state's pieces than the group's; fetching from others"
        case .wrongChunk: "it sent a piece of the state that is not the group's; fetching from others"
        }
    }
}

extension TransferProgress {
    var words: String {
        guard bytesTotal > 0 else { return "fetching the state after instance \(instance)" }
        if bytesHeld == bytesTotal {
            let fetched = "\(bytesFetched) of them from others in \(elapsed.nanoseconds / 1_000_000) ms"
            return "fetched the state after instance \(instance): \(bytesTotal) bytes, \(fetched)"
        }
        let percent = bytesHeld * 100 / bytesTotal
        let left = secondsLeft.map { ", about \($0) s to go" } ?? ""
        let share = "\(bytesHeld) of \(bytesTotal) bytes (\(percent) %)"
        return "fetching the state after instance \(instance): \(share)\(left)"
    }
}
