// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Logging
import MartletCore
import MartletTypes

/// Turns the core's notices into lines that a person can follow. Belongs to the ordering thread.
struct NoticeLog {
    private let logger: Logger
    private let replica: ReplicaID
    private var leader: ReplicaID
    private var limiter = LineLimiter()

    init(logger: Logger, view: View, replica: ReplicaID) {
        self.logger = logger
        self.replica = replica
        self.leader = view[view.leader(of: .first)].id
    }

    /// What a person who reads from the first line on wants to know before anything changes.
    func logBeginning() {
        logger.info("\(leader == replica ? "this replica" : "replica \(leader)") leads (regency 1)")
    }

    mutating func log(_ notices: [Notice], at now: Instant) {
        for notice in notices { log(notice, at: now) }
    }

    private mutating func log(_ notice: Notice, at now: Instant) {
        switch notice {
        case .regencyInstalled(let epoch, let next, let reasons):
            logLeader(epoch, next, reasons)
        case .synced(let epoch, let settled, let first):
            logger.info(
                "regency \(epoch.regency) is at work: \(settled) instances settled, new ones from \(first) on")
        case .stopSent(let regency, let reason):
            logger.notice("asking for regency \(regency), since \(reason.words)")
        case .proposalRefused(let instance, let leader, let complaint):
            pass("refused \(complaint.rawValue)", at: now, .warning) {
                "not voting for instance \(instance) of leader \(leader): \(complaint.words)"
            }
        case .requestsMissing(let instance, let count):
            pass("missing", at: now, .info) {
                let lacking =
                    count == 1
                    ? "a request that has not come from its client"
                    : "\(count) requests that have not come from their clients"
                return "instance \(instance) waits for \(lacking); asking the others"
            }
        case .strictModeBegun:
            logger.notice("only signed requests are proposed, for some time")
        case .strictModeEnded:
            logger.notice("unsigned requests are proposed as usual again")
        case .leaderTooSlow(let leader, let took, let allowed):
            logger.warning(
                "leader \(leader) takes \(took) to order what may take \(allowed) on these links"
            )
        case .checkpointStable(let instance):
            logger.debug("checkpoint \(instance) is stable")
        case .behind(let instance, let known):
            pass("behind", at: now, .notice) { "behind: at instance \(instance), others at \(known); catching up" }
        case .caughtUp(let instance):
            logger.notice("caught up: executed everything to instance \(instance)")
        case .fetchingState(let progress):
            logger.notice("\(progress.words)")
        case .logBroken:
            logger.error("the log cannot be written: not voting until it can")
        case .logMended:
            logger.notice("the log can be written again: voting as before")
        case .diskBehind(let instance, let unwritten):
            pass("disk behind", at: now, .warning) {
                "the disk is behind: waiting for it at instance \(instance), with \(unwritten) records that are not durable"
            }
        case .diskKeptUp:
            pass("disk kept up", at: now, .info) { "the disk has caught up" }
        case .rolledBack(let last, let from):
            logger.info(
                "went back from instance \(from) to \(last): what was executed tentatively beyond it was replaced")
        case .viewEnded(let view, let last):
            logger.info("view \(view) ends with instance \(last)")
        case .viewBegun(let view, let next):
            logger.notice("view \(view) has begun; \(next == replica ? "this replica" : "replica \(next)") leads")
            leader = next
        case .followingAsLearner:
            logger.notice("following the group without a vote")
        case .askedToRejoin(let view):
            pass("rejoin", at: now, .notice) { "asking to vote again, after view \(view)" }
        case .admittedAgain(let view):
            logger.notice("admitted: this replica votes again, from view \(view) on")
        case .votesForgotten(let word):
            logger.error(
                "\(word.words): an older copy of this replica's directory was put back, or all of it is gone; it follows without a vote until the others admit it again"
            )
        case .replacedByAnother(let view):
            logger.error(
                "view \(view) admits another incarnation of this replica: its key or directory is in use twice, its marker was removed, or an older copy of its directory was put back; following without a vote"
            )
        case .misbehaviour(let member, let what):
            pass("misbehaviour \(member) \(what.rawValue)", at: now, .error) {
                "replica \(member) is faulty: \(what.words)"
            }
        case .leftGroup(let view):
            logger.notice(
                "view \(view) does not list this replica any more: it serves those that are behind for a while, and then stops"
            )
        case .stillNeeded(let view, let members):
            pass("still needed", at: now, .notice) {
                "replicas \(members.map(\.description).joined(separator: ", ")) have not been seen in view \(view) yet, and may need what this one has: it stays"
            }
        case .keyReplaced(let view):
            logger.error(
                "view \(view) lists this replica with another key than the one that it was started with: it does not vote; start it again with the new key"
            )
        case .versionUnspoken(let view, let version):
            logger.error(
                "view \(view) speaks version \(version) of the protocol, and this program does not: it goes no further")
        case .versionsTold(let versions):
            logger.info("telling the group that this program speaks version \(versions) of the protocol")
        }
    }

    private mutating func logLeader(_ epoch: Epoch, _ next: ReplicaID, _ reasons: [StopReason]) {
        var seen: [StopReason] = []
        for reason in reasons where !seen.contains(reason) { seen.append(reason) }
        let why = seen.isEmpty ? "" : " because \(seen.map(\.words).joined(separator: ", and "))"
        let name = next == replica ? "this replica" : "replica \(next)"
        logger.notice("\(name) leads from now on (regency \(epoch.regency)); replica \(leader) was replaced\(why)")
        leader = next
    }

    private mutating func pass(_ kind: String, at now: Instant, _ level: Logger.Level, _ line: () -> String) {
        guard let heldBack = limiter.pass(kind, at: now) else { return }
        let note = heldBack > 0 ? " (and \(heldBack) times before)" : ""
        logger.log(level: level, "\(line())\(note)")
    }
}

extension ForgottenWord {
    fileprivate var words: String {
        switch self {
        case .instance(let said, let known):
            "this replica has signed something about instance \(said), and remembers nothing after \(known)"
        case .regency(let said, let known):
            "this replica has signed something in view \(said.view), regency \(said.regency), and remembers only view \(known.view), regency \(known.regency)"
        }
    }
}
