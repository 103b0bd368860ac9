// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletClient
import MartletTypes

/// Follows a replica on its way from learner to member, and tells how far it is.
struct JoinWatch {
    enum End: Equatable {
        /// With the first view that was seen in which it is a member.
        case member(ViewNumber)
        /// It is listed no more, as a learner or otherwise.
        case gone(ViewNumber)
        /// With the last word on it.
        case late(String)
    }

    private static let pause = Duration.milliseconds(300)

    let replica: ReplicaID
    /// How the group is now.
    let look: () async throws -> GroupHealth
    let say: (String) -> Void

    /// Looks again and again for so long; says each thing that is new.
    func follow(for limit: Duration) async throws -> End {
        let end = ContinuousClock.now + limit
        var said = ""
        while true {
            let health = try await look()
            let view = health.view
            if view.index(of: replica) != nil { return .member(view.number) }
            // Nobody answering says nothing about it.
            if !health.answering.isEmpty, view.replica(replica) == nil, view.lastID >= replica {
                return .gone(view.number)
            }
            let sentence = Self.sentence(on: replica, health)
            if sentence != said {
                say(sentence)
                said = sentence
            }
            guard ContinuousClock.now + Self.pause < end else { return .late(sentence) }
            try await Task.sleep(for: Self.pause)
        }
    }

    static func sentence(on replica: ReplicaID, _ health: GroupHealth) -> String {
        guard let report = health.reports.first(where: { $0.member.id == replica }) else {
            return "replica \(replica) is not listed yet"
        }
        switch report.answer {
        case .unreachable(let reason):
            let place = ForeignText.shown("\(Address(host: report.member.host, port: report.member.port))")
            return "replica \(replica) is waited for at \(place): \(reason)"
        case .value(let status, _):
            if let fetching = status.fetching, fetching.bytesTotal > 0 {
                let percent = fetching.bytesHeld / max(1, fetching.bytesTotal / 100)
                return "replica \(replica) fetches the state: \(min(percent, 100)) % of \(fetching.bytesTotal) bytes"
            }
            let lag = health.lag(of: status)
            return "replica \(replica) follows, "
                + (lag == 0
                    ? "and is close enough to be admitted" : "\(lag) \(lag == 1 ? "instance" : "instances") behind")
        }
    }
}
