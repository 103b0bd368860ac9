// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Logging
import MartletTransport
import MartletTypes
import Synchronization

/// Tells which of the others this replica is connected to, and why not to the rest; and since when, for `status`.
final class ConnectivityLog: Sendable {
    /// Which link it is: one to the same replica may take the place of another.
    struct Ticket: Hashable, Sendable {
        let replica: ReplicaID
        fileprivate let number: UInt64
    }

    private struct Entry {
        var number: UInt64
        var isConnected = false
        /// When that last changed.
        var since: Instant
    }

    private struct State {
        var entries: [ReplicaID: Entry] = [:]
        var begun: UInt64 = 0

        var connectedCount: Int { entries.values.count(where: \.isConnected) }
    }

    /// With waits that double from 50 ms, so many attempts take about two seconds.
    private static let attemptsUnremarked = 6

    private let logger: Logger
    private let state = Mutex(State())

    init(logger: Logger) { self.logger = logger }

    // MARK: - Which links there are

    /// Others are not counted any more.
    func follow(_ replicas: [ReplicaID]) {
        state.withLock { state in
            let former = state.entries
            state.entries = [:]
            for replica in replicas {
                state.entries[replica] = former[replica] ?? Entry(number: 0, since: SystemClock.monotonic)
            }
        }
    }

    /// A link to that one is made, instead of any former one.
    func begin(_ replica: ReplicaID) -> Ticket {
        state.withLock { state in
            state.begun += 1
            state.entries[replica] = Entry(number: state.begun, since: SystemClock.monotonic)
            return Ticket(replica: replica, number: state.begun)
        }
    }

    /// Who is not connected, and since when.
    var unreachable: [ReplicaID: Instant] {
        state.withLock { $0.entries.filter { !$0.value.isConnected }.mapValues(\.since) }
    }

    // MARK: - From the links

    /// Called for each change of one link, in order.
    func changed(_ ticket: Ticket, _ target: PeerLinkTarget, to newState: PeerLinkState) {
        let change = state.withLock { state -> (count: Int, of: Int, wasConnected: Bool)? in
            guard let entry = state.entries[ticket.replica], entry.number == ticket.number else { return nil }
            let isConnected = if case .connected = newState { true } else { false }
            if entry.isConnected != isConnected {
                state.entries[ticket.replica]?.isConnected = isConnected
                state.entries[ticket.replica]?.since = SystemClock.monotonic
            }
            return (state.connectedCount, state.entries.count, entry.isConnected)
        }
        guard let change else { return }
        switch newState {
        case .connected:
            logger.info("connected to \(target.name): \(change.count) of \(change.of) peers")
        case .refused(_, _, let attempts), .failed(_, let attempts):
            // At once when a connection is lost; of a peer never seen only after it had some time to start; and now and
            // then while it lasts.
            if change.wasConnected || attempts == Self.attemptsUnremarked || attempts.isMultiple(of: 100) {
                logger.notice("\(target.sentence(newState)); connected to \(change.count) of \(change.of) peers")
            }
        case .connecting, .closed:
            break
        }
    }
}
