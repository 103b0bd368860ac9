// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Logging
import MartletTransport
import Synchronization

/// Tells which members this replica is connected to, and why not to the others.
final class ConnectivityLog: Sendable {
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
            // Once when it begins, and now and then while it lasts.
            if wasConnected || attempts == 1 || attempts.isMultiple(of: 100) {
                logger.notice("\(target.sentence(state)); connected to \(count) of \(peerCount) peers")
            }
        case .connecting, .closed:
            break
        }
    }
}
