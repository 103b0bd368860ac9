// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletCore
package import MartletTypes

/// Bounded memory: whatever clients and f members do, a correct replica keeps no more than its settings imply.
package struct MemoryChecker: Sendable {
    /// What bounds memory and is no setting of the group.
    package struct Limits: Hashable, Sendable {
        /// A setting of each replica.
        package var pendingPerClientMax = 8_192
        // What no setting changes.
        package var rumoursPerMemberMax = 4_096
        package var rumourBytesPerMemberMax = 16 << 20
        package var writeSetMax = 256
        /// So many regencies' votes in one instance are kept.
        package var regenciesMax = 4
        package var checkpointVotesPerMemberMax = 4
        package var challengesPerMemberMax = 64
        /// Of one replicated state; nothing here grows so large.
        package var stateBytesMax = 8 << 20
        /// A setting of each replica.
        package var archiveBytesMax = 1 << 20
        /// That wait to be proposed; as many in each running instance.
        package var operationsPerMemberMax = 4
        /// A log is found damaged, and what it holds is written again.
        package var isLogRewritten = false

        package init() {}
    }

    private let n: Int
    private let leasesMax: Int
    private let clients: Int
    private let settings: GroupSettings
    private let limits: Limits

    /// As many old checkpoints are kept for those who fetch them as `leasesMax` says.
    package init(n: Int, leasesMax: Int, clients: Int, settings: GroupSettings, limits: Limits) {
        self.n = n
        self.leasesMax = leasesMax
        self.clients = clients
        self.settings = settings
        self.limits = limits
    }

    /// `views`: so many there have been.
    package func check(
        _ what: CoreHolding, held: Int, views: Int = 1, by replica: Int, at now: Instant
    ) -> Violation? {
        complaint(what.rawValue, held: held, bound: bound(of: what, views: views), by: replica, at: now)
    }

    /// What the execution stage keeps. Replies that their client has may linger, at most as long as the room that they
    /// take is needed for others.
    package func check(repliesOfOneSession: Int, snapshots: Int, by replica: Int, at now: Instant) -> Violation? {
        complaint(
            "replies of one session", held: repliesOfOneSession, bound: 4 * settings.pipelineMax, by: replica, at: now)
            ?? complaint("snapshots", held: snapshots, bound: snapshotsMax, by: replica, at: now)
    }

    /// What waits for the disk of a durable group: a vote for each record, a leader's proposals, which wait for its epoch, and little
    /// else; and execution, with what is ordered around it.
    package func check(sendsHeld: Int, ordersHeld: Int, by replica: Int, at now: Instant) -> Violation? {
        let sends = unwrittenMax + settings.window + unwrittenSlack
        return complaint("messages that wait for the disk", held: sendsHeld, bound: sends, by: replica, at: now)
            ?? complaint("orders that wait for the disk", held: ordersHeld, bound: 2 * sends, by: replica, at: now)
    }

    private func complaint(_ what: String, held: Int, bound: Int, by replica: Int, at now: Instant) -> Violation? {
        guard held > bound else { return nil }
        return Violation(.memory, at: now, "replica \(replica) keeps \(held) \(what), more than \(bound)")
    }

    // MARK: - What the settings imply

    private var operationsMax: Int { n * limits.operationsPerMemberMax * (settings.window + 1) }

    package func bound(of what: CoreHolding, views: Int = 1) -> Int {
        switch what {
        case .pendingRequests: clients * limits.pendingPerClientMax + operationsMax
        case .pendingBytes:
            clients
                * min(
                    limits.pendingPerClientMax * settings.requestBytesMax,
                    8 * max(settings.batchBytesMax, settings.requestBytesMax))
                + operationsMax * LatencyReport.payloadBytesMax
        case .pendingOfOneClient: limits.pendingPerClientMax
        case .rumours: n * limits.rumoursPerMemberMax
        case .rumourBytes: n * limits.rumourBytesPerMemberMax
        case .instances: instancesMax
        // An epoch has one proposal for each.
        case .wantedRequests: instancesMax * (settings.batchRequestsMax + n)
        case .batchesOfOneInstance: batchesMax
        case .batchEntries: instancesMax * batchesMax * (settings.batchRequestsMax + n)
        case .batchBytes: instancesMax * batchesMax * max(settings.batchBytesMax, settings.requestBytesMax)
        // ACCEPTs twice: counted, and with their signatures.
        case .votesOfOneInstance: n * (3 * limits.regenciesMax + 1)
        case .writeSetOfOneInstance: limits.writeSetMax
        // Each member's for this epoch and for one to come, and the replica's own.
        case .stopData: 2 * n + 1
        case .claimsOfOneStopData: instancesMax
        case .checkpointVotes: n * limits.checkpointVotesPerMemberMax
        case .installs: n
        // A proposal and two votes for each instance that may run; W may grow from one view to the next.
        case .earlyMessagesOfOneMember: 3 * settings.window
        case .earlyEntriesOfOneMember: settings.window * (settings.batchRequestsMax + n)
        case .fetchedBytes: 2 * limits.stateBytesMax
        case .chunksAskedOfOneMember: FetchChunks.positionsMax
        case .chunksAwaitedByOneMember: CheckpointServing.waitingMax
        case .archivedBytes: limits.archiveBytesMax
        // Whoever comes late writes down the proofs of all views before it begins.
        case .unwrittenRecords: unwrittenMax + rewrittenMax + (settings.isDurable ? views - 1 : 0)
        case .sessions: min(settings.sessionsMax, clients * settings.sessionsPerClientMax)
        case .clients: clients
        case .challengesOfOneMember: limits.challengesPerMemberMax
        }
    }

    /// A window of them runs, and others may be a window ahead.
    private var runningMax: Int { 2 * settings.window }

    /// No correct member votes further beyond a stable checkpoint (protocol §6).
    private var voteLimit: Int { 2 * settings.checkpointPeriod + settings.window }

    /// From the newest stable checkpoint on.
    private var instancesMax: Int { voteLimit + runningMax + unkeptMax }
    /// One of a durable group begins again with the newest snapshot that it could keep, which may be some periods older than the
    /// newest stable checkpoint.
    private var unkeptMax: Int { settings.isDurable ? 4 * settings.checkpointPeriod : 0 }

    /// Four for each of K + W instances, and what one event may add to that: a vote's batch and what it decides, and the end of a view
    /// and the first epoch of the next.
    private var unwrittenMax: Int {
        settings.isDurable ? 4 * (settings.checkpointPeriod + settings.window) + unwrittenSlack : 0
    }

    private var unwrittenSlack: Int { 16 }

    /// What a damaged log held of a window of instances: batches, a vote for each, a lock and a decision; and the stable checkpoint.
    private var rewrittenMax: Int { limits.isLogRewritten ? 1 + settings.window * (2 * batchesMax + 2) : 0 }

    /// What any member may have locked, a few proposals, and what this replica itself wrote, locked and decided.
    private var batchesMax: Int { n + 6 }

    /// The stable one and those that may become so, one that was fetched, and those that others fetch.
    private var snapshotsMax: Int { instancesMax / settings.checkpointPeriod + 2 + leasesMax }
}
