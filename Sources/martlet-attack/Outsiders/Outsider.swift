// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// Someone who is no member of the group.
protocol Outsider: Sendable {
    /// Makes what the attack needs, as a correct client would.
    func prepare() async throws
    /// One step of the attack; returns how often something was done that a correct client does not do.
    func act() async throws -> Int
    func close() async
}

extension Outsider {
    func prepare() async throws {}
    func close() async {}

    /// Acts again and again while it is told to; returns when the orders have ended.
    func run(_ orders: Orders) async throws {
        try await prepare()
        while !orders.isEnded {
            if orders.isActive { orders.acted(try await act()) }
            try await Task.sleep(for: .milliseconds(10))
        }
        await close()
    }
}

/// What an outsider can do, by the name on the command line.
enum OutsiderKind: String, CaseIterable, ExpressibleByArgument {
    case partialClient = "partial-client"
    case floodingClient = "flooding-client"
    case floodingReader = "flooding-reader"
    case malformed = "malformed"
    case idle = "idle"
    case replaying = "replaying"
    case exhausting = "exhausting"

    func make(_ access: AttackAccess) throws -> any Outsider {
        switch self {
        case .partialClient: PartialClient(access)
        case .floodingClient: FloodingClient(access)
        case .floodingReader: FloodingReader(access)
        case .malformed: GarblingOutsider(access)
        case .idle: IdleOutsider(access)
        case .replaying: ReplayingOutsider(access)
        case .exhausting: ExhaustingOutsider(access)
        }
    }
}
