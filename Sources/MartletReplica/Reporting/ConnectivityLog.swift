// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Logging
import MartletTransport
import Synchronization

/// Tells which members this replica is connected to, and why not to the others.
final class ConnectivityLog: Sendable {
    /// With waits that double from 50 ms, so many attempts take about two seconds.
    private static let attemptsUnremarked = 6

    private let logger: Logger
    private let peerCount: Int
    private let connected = Mutex<Set<String>>([])

    init(peerCount: Int, logger: Logger) {
        self.peerCount = peerCount
        self.logger = logger
    }

    /// Called for each change of one link, in order.
    func changed(_ target: PeerLinkTarget, to state: PeerLinkState) {
        let (count, wasConnected) = connected.withLock { connected in
            let was = connected.contains(target.name)
            if case .connected = state {
                connected.insert(target.name)
            } else {
                connected.remove(target.name)
            }
            return (connected.count, was)
        }
        switch state {
        case .connected:
            logger.info("connected to \(target.name): \(count) of \(peerCount) peers")
        case .refused(_, _, let attempts), .failed(_, let attempts):
            // At once when a connection is lost; of a peer never seen only after it had some time to start; and now and
            // then while it lasts.
            if wasConnected || attempts == Self.attemptsUnremarked || attempts.isMultiple(of: 100) {
                logger.notice("\(target.sentence(state)); connected to \(count) of \(peerCount) peers")
            }
        case .connecting, .closed:
            break
        }
    }
}
