// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Logging
import MartletClientCore
import MartletTransport
import MartletTypes

/// What a client tells a person: nothing while all goes well; what is being waited for, and why, when it does not.
struct ClientLog {
    private let logger: Logger
    private var isWaiting = false
    private var dropsLogged = 0
    private var members: [ReplicaID]
    /// Those of whose link the latest word was that it stands; former members too.
    private var connected: Set<ReplicaID> = []

    init(members: [Member], logger: Logger) {
        self.members = members.map(\.id)
        self.logger = logger
    }

    // MARK: Links

    /// Who are members now, and to whom there are links.
    mutating func begin(_ members: [Member], linkedTo audience: [Member]) {
        let now = members.map(\.id)
        for member in members where !self.members.contains(member.id) {
            logger.info("replica \(member.id) at \(member.host):\(member.port) has become a member")
        }
        for id in self.members where !now.contains(id) { logger.info("replica \(id) has left the group") }
        self.members = now
        connected.formIntersection(audience.map(\.id))
    }

    private var count: Int { members.count { connected.contains($0) } }

    mutating func linkChanged(_ target: PeerLinkTarget, of replica: ReplicaID, to state: PeerLinkState) {
        switch state {
        case .connected:
            connected.insert(replica)
            logger.debug("connected to \(target.name): \(count) of \(members.count) replicas")
        case .refused(_, _, let attempts):
            // It answers, so waiting alone will hardly help.
            if attempts == 1 { logger.warning("\(target.sentence(state))") }
            connected.remove(replica)
        case .failed:
            if connected.remove(replica) != nil {
                logger.notice("\(target.sentence(state)); connected to \(count) of \(members.count) replicas")
            }
        case .connecting, .closed:
            connected.remove(replica)
        }
    }

    // MARK: Calls

    mutating func completed(_ outcome: Outcome) {
        guard isWaiting, case .result = outcome else { return }
        isWaiting = false
        logger.notice("the group answers again")
    }

    mutating func notice(_ notice: ClientNotice, _ links: ClientLinks) {
        switch notice {
        case .waiting(let wait):
            isWaiting = true
            logger.warning("\(sentence(wait, links))")
        case .viewBegun(let number):
            logger.info("the group has moved on to view \(number)")
        case .signingBegun:
            logger.notice("the group wants this client's requests signed for a while")
        }
    }

    private func sentence(_ wait: ClientWait, _ links: ClientLinks) -> String {
        var parts: [String] = []
        for (replica, _) in wait.unreachable {
            if let link = links.link(to: replica) {
                parts.append(link.target.sentence(link.state))
            } else {
                parts.append("replica \(replica): not connected, since the client was not started")
            }
        }
        for replica in wait.silent { parts.append("replica \(replica) is connected but does not answer") }
        for (replica, reason) in wait.refusing { parts.append("replica \(replica) refuses: \(reason.words)") }
        if parts.isEmpty { parts.append("the replicas' answers do not agree yet") }
        if wait.unreachable.count == members.count { parts.append(Self.advice) }
        let calls = wait.calls == 1 ? "1 call waits" : "\(wait.calls) calls wait"
        return "\(calls), the oldest for \(seconds(wait.longest)): \(parts.joined(separator: "; "))"
    }

    /// Where nobody that is known can be reached. What a person can do about it stands in the manual under "Changing a group".
    private static let advice =
        "if all that this client knows of have been replaced, name a replica that is there now: --via HOST:PORT, or ClientConfiguration.via"

    private func seconds(_ interval: Interval) -> String {
        let tenths = interval.nanoseconds / 100_000_000
        return "\(tenths / 10).\(tenths % 10) s"
    }

    // MARK: What no replica should send

    private static let dropsLoggedMax = 10

    /// The first few in words: whoever sends more is known by then.
    mutating func dropped(from replica: ReplicaID, _ error: any Error) {
        dropsLogged += 1
        if dropsLogged <= Self.dropsLoggedMax {
            logger.warning("replica \(replica) sent what is no reply: \(error)")
        }
    }

    mutating func dropped(from guide: PeerLinkTarget, _ error: any Error) {
        dropsLogged += 1
        if dropsLogged <= Self.dropsLoggedMax {
            logger.warning("\(guide.name) at \(guide.host):\(guide.port) sent what proves no view: \(error)")
        }
    }
}

extension RefusalReason {
    /// For a person to read.
    fileprivate var words: String {
        switch self {
        case .sessionUnknown: "it does not know the session (any more, or not yet)"
        case .sequenceTooOld: "the request is too old"
        case .overloaded: "it has too much to do"
        case .payloadTooLarge: "the request is too large"
        case .conflicting: "it has another request under the same name"
        case .accessDenied: "the group does not serve this client"
        case .notAuthorised: "administrators must sign it, and too few have"
        case .notServing: "it is catching up, or has no vote"
        case .signatureRequired: "it wants the request signed"
        case .readsAreOrdered: "the group has no unordered reads"
        case .viewEnded: "the view that it is for has ended"
        }
    }
}
