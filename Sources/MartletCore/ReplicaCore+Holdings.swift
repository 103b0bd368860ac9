// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// How much this core keeps, counted when asked; nothing here is on the way of a message.
extension ReplicaCore {
    package func held(_ what: CoreHolding) -> Int {
        switch what {
        case .pendingRequests: pool.count
        case .pendingBytes: pool.bytes
        case .pendingOfOneClient: pool.mostOfOneClient
        case .rumours: pool.hearsay.count
        case .rumourBytes: pool.hearsay.bytes
        case .wantedRequests: wantedRequests.count
        case .instances: window.end.distance(beyond: window.first)
        case .batchesOfOneInstance: window.most { $0.batches.count }
        case .batchEntries: window.sum { $0.batches.reduce(0) { $0 + $1.batch.entries.count } }
        case .batchBytes: window.sum { $0.batches.reduce(0) { $0 + $1.bytes } }
        case .votesOfOneInstance: window.most { $0.votesKept }
        case .writeSetOfOneInstance: window.most { $0.writeSet.count }
        case .stopData: stopDataKept.count
        case .claimsOfOneStopData: stopDataKept.map(\.claims.count).max() ?? 0
        case .checkpointVotes: checkpoints.votesKept
        case .installs: installs.count
        case .earlyMessagesOfOneMember: early.mostOfOneMember
        case .earlyEntriesOfOneMember: early.mostEntriesOfOneMember
        case .fetchedBytes: transfer?.bytesKept ?? 0
        case .chunksAskedOfOneMember: transfer?.mostAsked ?? 0
        case .chunksAwaitedByOneMember: checkpointServing.mostWaiting
        case .archivedBytes: archived.bytes
        case .unwrittenRecords: journal.unwritten
        case .sessions: sessions.sessionCount
        case .clients: sessions.clientCount
        case .challengesOfOneMember: measuring.monitor.mostOfOneMember
        }
    }

    private var stopDataKept: [StopData] {
        [stopData].compactMap { $0 } + earlyStopData.all.compactMap { $0 } + collection.all
    }
}

extension InstanceWindow {
    fileprivate func most(_ count: (ConsensusInstance) -> Int) -> Int { all.map(count).max() ?? 0 }

    fileprivate func sum(_ count: (ConsensusInstance) -> Int) -> Int { all.reduce(0) { $0 + count($1) } }
}

extension ConsensusInstance {
    fileprivate var votesKept: Int {
        rounds.reduce(decidedWords.count) { $0 + $1.writes.count + $1.accepts.count + $1.signed.count }
    }
}
