// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// Decides when a link dials: a pure state machine, which is told what happened and at what time, and says what to do.
package struct PeerLinkMachine: ~Copyable {
    package enum Action: Hashable, Sendable {
        case none
        /// Make a connection. Exactly one of `onAccepted` and `onEnded` must follow, and `onEnded` after `onAccepted`.
        case dial
        /// Call `onTimer` at this time.
        case wait(until: Instant)
        /// End the connection that exists or is being made.
        case hangUp
    }

    private enum Phase: Hashable {
        case idle
        case dialing
        case connected(since: Instant)
        case waiting(until: Instant)
        case closed
    }

    private var phase = Phase.idle
    private var backOff: BackOff
    private let steadyAfter: Interval
    /// Attempts in a row that came to nothing; a connection that ends too soon is one of them, or two ends that do not
    /// suit each other would dial without a pause.
    private var failures = 0
    package private(set) var state = PeerLinkState.connecting
    /// How often the link was connected.
    package private(set) var connections = 0

    package init(backOff: BackOff, steadyAfter: Interval) {
        self.backOff = backOff
        self.steadyAfter = steadyAfter
    }

    package mutating func start() -> Action {
        guard phase == .idle else { return .none }
        phase = .dialing
        return .dial
    }

    /// The peer has accepted the handshake.
    package mutating func onAccepted(view: ViewNumber, at now: Instant) {
        guard phase == .dialing else { return }
        phase = .connected(since: now)
        state = .connected(view: view)
        connections += 1
    }

    /// The attempt failed, or the connection was lost.
    package mutating func onEnded(_ end: ConnectionEnd, at now: Instant) -> Action {
        switch phase {
        case .idle, .waiting, .closed:
            return .none
        case .connected(let since) where now.since(since) >= steadyAfter:
            failures = 0
        case .connected, .dialing:
            break
        }
        failures += 1
        if case .refused(let reason, let text) = end {
            state = .refused(reason, text: text, attempts: failures)
        } else {
            state = .failed(reason: end.description, attempts: failures)
        }
        let due = now + backOff.wait(afterFailures: failures)
        phase = .waiting(until: due)
        return .wait(until: due)
    }

    /// A timer that comes early or twice does no harm.
    package mutating func onTimer(at now: Instant) -> Action {
        guard case .waiting(let due) = phase else { return .none }
        guard now >= due else { return .wait(until: due) }
        phase = .dialing
        return .dial
    }

    package mutating func close() -> Action {
        defer {
            phase = .closed
            state = .closed
        }
        switch phase {
        case .dialing, .connected: return .hangUp
        case .idle, .waiting, .closed: return .none
        }
    }
}
