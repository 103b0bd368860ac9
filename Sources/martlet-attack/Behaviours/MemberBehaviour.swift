// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// What a hostile member can do, by the name on the command line.
enum MemberBehaviour: String, CaseIterable, ExpressibleByArgument {
    case silentLeader = "silent-leader"
    case slowLeader = "slow-leader"
    case equivocating = "equivocating"
    case forging = "forging"
    case malformed = "malformed"
    case replaying = "replaying"
    case exhausting = "exhausting"

    func make() -> any Behaviour & Sendable {
        switch self {
        case .silentLeader: SilentLeader()
        case .slowLeader: SlowLeader()
        case .equivocating: EquivocatingLeader()
        case .forging: ForgingLeader()
        case .malformed: GarblingMember()
        case .replaying: ReplayingMember()
        case .exhausting: ExhaustingMember()
        }
    }
}
