// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes

/// What happened in a world, in numbers.
struct WorldCounts {
    var happenings = 0
    var messages = 0
    var calls = 0
    var crashes = 0
    var crashesInWrites = 0
    var fullDisks = 0
    var stalledDisks = 0
    var slowDisks = 0
    var diskDamages = 0
    var diskLosses = 0
    var repairs = 0
    var logReplacements = 0
    var logFailures = 0
    var snapshotFailures = 0
    var restarts = 0
    var pauses = 0
    var rots = 0
    var clientLinksDown = 0
    var lostOnClientLinks = 0
    /// Messages that overtook one which the same replica had sent to the same before.
    var reordered = 0
    /// Calls that took longer than both stages of the shortest request timeout.
    var patientCalls = 0
    var drifts = 0
    var jumps = 0
    var standstills = 0
    var installs = 0
    /// Operations of `Scenario.changes`.
    var operationsDone = 0
    /// What became of administrators' operations on the way.
    var operations: [OperationDeed: Int] = [:]
    var rotations = 0
    /// Connections, and messages, of somebody whose key is not, or not yet, the one that is known.
    var linksRefused = 0
    var chainsTold = 0
    var departures = 0
    var sleepers = 0
    var crashesOfLearners = 0
    var crashesOfReplaced = 0
    var crashesOfLeaders = 0
    var newcomersLies = 0
    var thievesLies = 0
    var formersLies = 0
    /// Manifests and chunks.
    var served = 0
    /// Chunks that whoever fetched a state had already.
    var foundAtHome = 0
    var refusedMessages = 0
    var refusedRequests = 0
    var highestExecuted = Instance.zero
    var highestRegency = Regency.first
    var highestView = ViewNumber.genesis
    /// By name of the notice: which steps of the protocol occurred.
    var steps: [ProtocolStep: Int] = [:]
    /// Where replicas of durable groups were when they crashed.
    var crashPoints: [CrashPoint: Int] = [:]

    var branches = ProtocolBranches()

    /// When the last message arrives, by sender and receiver; only looked up.
    private var latest: [Link: Instant] = [:]

    private struct Link: Hashable {
        let from: Int
        let to: Int
    }

    mutating func arrives(_ time: Instant, from: Int, to: Int) {
        let known = latest[Link(from: from, to: to)] ?? .zero
        if time < known { reordered += 1 }
        latest[Link(from: from, to: to)] = max(known, time)
    }

    mutating func note(_ notice: Notice) { steps[ProtocolStep(notice), default: 0] += 1 }
}

/// Steps of the protocol that a replica's notices tell of.
package enum ProtocolStep: String, Hashable, Sendable, CaseIterable {
    case regencyInstalled = "regency installed"
    case synced = "SYNC taken"
    case syncedWithSettled = "SYNC settling instances"
    case stopSent = "STOP sent"
    case proposalRefused = "proposal refused"
    case requestsMissing = "requests missing"
    case strictMode = "signatures required"
    case leaderTooSlow = "leader found slow"
    case checkpointStable = "checkpoint stable"
    case behind = "fell behind"
    case caughtUp = "caught up"
    case fetchingState = "state fetched"
    case rolledBack = "rolled back"
    case logBroken = "log broken"
    case logMended = "log mended"
    case diskBehind = "waited for its disk"
    case diskKeptUp = "disk kept up again"
    case learner = "learner"
    case askedToRejoin = "asked to vote again"
    case admittedAgain = "votes again"
    case votesForgotten = "finds that it has forgotten its votes"
    case replacedByAnother = "replaced by another incarnation"
    case viewEnded = "view ended"
    case viewBegun = "view begun"
    case misbehaviour = "misbehaviour seen"
    case leftGroup = "left the group"
    case stillNeeded = "stayed though out of the group"
    case keyReplaced = "key replaced"
    case versionUnspoken = "version not spoken"
    case versionsTold = "versions told"

    init(_ notice: Notice) {
        switch notice {
        case .regencyInstalled: self = .regencyInstalled
        case .synced(_, let settled, _): self = settled > 0 ? .syncedWithSettled : .synced
        case .stopSent: self = .stopSent
        case .proposalRefused: self = .proposalRefused
        case .requestsMissing: self = .requestsMissing
        case .strictModeBegun, .strictModeEnded: self = .strictMode
        case .leaderTooSlow: self = .leaderTooSlow
        case .checkpointStable: self = .checkpointStable
        case .behind: self = .behind
        case .caughtUp: self = .caughtUp
        case .fetchingState: self = .fetchingState
        case .rolledBack: self = .rolledBack
        case .logBroken: self = .logBroken
        case .logMended: self = .logMended
        case .diskBehind: self = .diskBehind
        case .diskKeptUp: self = .diskKeptUp
        case .followingAsLearner: self = .learner
        case .askedToRejoin: self = .askedToRejoin
        case .admittedAgain: self = .admittedAgain
        case .votesForgotten: self = .votesForgotten
        case .replacedByAnother: self = .replacedByAnother
        case .viewEnded: self = .viewEnded
        case .viewBegun: self = .viewBegun
        case .misbehaviour: self = .misbehaviour
        case .leftGroup: self = .leftGroup
        case .stillNeeded: self = .stillNeeded
        case .keyReplaced: self = .keyReplaced
        case .versionUnspoken: self = .versionUnspoken
        case .versionsTold: self = .versionsTold
        }
    }
}
