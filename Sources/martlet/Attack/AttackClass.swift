// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// A way in which somebody may be hostile.
enum AttackClass: String, CaseIterable, Sendable {
    case silentLeader = "silent-leader"
    case slowLeader = "slow-leader"
    case equivocatingLeader = "equivocating-leader"
    case forgedRequests = "forged-requests"
    case partialBroadcast = "partial-broadcast"
    case floodingClient = "flooding-client"
    case floodingReader = "flooding-reader"
    case malformedFrames = "malformed-frames"
    case idleConnections = "idle-connections"
    case replay
    case memoryExhaustion = "memory-exhaustion"
    case restarts

    /// What the first leader does, which is a hostile member then.
    var member: String? {
        switch self {
        case .silentLeader: "silent-leader"
        case .slowLeader: "slow-leader"
        case .equivocatingLeader: "equivocating"
        case .forgedRequests: "forging"
        case .malformedFrames: "malformed"
        case .replay: "replaying"
        case .memoryExhaustion: "exhausting"
        case .partialBroadcast, .floodingClient, .floodingReader, .idleConnections, .restarts: nil
        }
    }

    /// What somebody outside of the group does.
    var outsider: String? {
        switch self {
        case .partialBroadcast: "partial-client"
        case .floodingClient: "flooding-client"
        case .floodingReader: "flooding-reader"
        case .malformedFrames: "malformed"
        case .idleConnections: "idle"
        case .replay: "replaying"
        case .memoryExhaustion: "exhausting"
        case .silentLeader, .slowLeader, .equivocatingLeader, .forgedRequests, .restarts: nil
        }
    }

    /// Whether a hostile process carries it out, and says how often it acted.
    var hasHostileProcess: Bool { member != nil || outsider != nil }

    /// How long the attack lasts. A slow leader is given time to be found out.
    func seconds(_ usual: Int) -> Int { self == .slowLeader ? usual * 5 / 2 : usual }

    var summary: String {
        switch self {
        case .silentLeader: "the leader proposes nothing more"
        case .slowLeader: "the leader holds each proposal back for 300 ms"
        case .equivocatingLeader: "the leader proposes different batches; as a member it votes both ways"
        case .forgedRequests: "the leader alters and invents requests; as a member it vouches for such"
        case .partialBroadcast: "a client sends to some only, and different requests under one name"
        case .floodingClient: "a client sends as much as its connections take"
        case .floodingReader: "a client asks each replica for long reads, as many as its connections take"
        case .malformedFrames: "a member and an outsider send garbled messages and noise"
        case .idleConnections: "connections by the thousand, silent or a byte now and then"
        case .replay: "a member and a client say again what was said"
        case .memoryExhaustion: "votes far ahead, huge batches, sessions and frames without end"
        case .restarts: "the leader is killed and started again, again and again"
        }
    }
}
