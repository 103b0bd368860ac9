// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes

/// A durable group whose replicas lose power at moments that a test chooses.
extension Group {
    static func durable(
        n: Int? = nil, model: FaultModel = .byzantine, _ change: (inout GroupSettings) -> Void = { _ in }
    ) throws -> Group {
        var settings = GroupSettings()
        settings.isDurable = true
        settings.window = 4
        settings.checkpointPeriod = 16
        change(&settings)
        let n = n ?? (model == .crash ? 3 : 4)
        return Group(view: try Samples.view(n: n, f: n == 1 ? 0 : 1, model: model, settings: settings))
    }

    /// All at once, with everything that is on its way.
    func loseAndRestorePowerOfAll() {
        queue.removeAll()
        for place in nodes.indices { loseAndRestorePower(place) }
    }

    /// Everybody asks everybody else for that regency.
    func begin(regency: UInt64) {
        for place in nodes.indices {
            for from in nodes.indices where from != place {
                inject(
                    .stop(Stop(view: .genesis, regency: Regency(regency), reason: .requestTimeout)), from: from,
                    to: place)
            }
        }
    }

    /// What leaves each replica from now on, arrived or not.
    func recordAll() -> Outgoing {
        let outgoing = Outgoing(count: nodes.count)
        let before = onSend
        onSend = { place, message in
            outgoing.messages[place].append(message)
            before(place, message)
        }
        return outgoing
    }

    final class Outgoing {
        var messages: [[PeerMessage]]

        init(count: Int) { messages = Array(repeating: [], count: count) }

        func proposals(of place: Int) -> [Propose] {
            messages[place].compactMap { if case .propose(let it) = $0 { it } else { nil } }
        }

        func syncs(of place: Int) -> [Sync] {
            messages[place].compactMap { if case .sync(let it) = $0 { it } else { nil } }
        }

        func writes(of place: Int) -> [WriteVote] {
            messages[place].compactMap { if case .write(let it) = $0 { it } else { nil } }
        }

        func accepts(of place: Int) -> [AcceptVote] {
            messages[place].compactMap { if case .accept(let it) = $0 { it } else { nil } }
        }

        func stopData(of place: Int) -> [StopData] {
            messages[place].compactMap { if case .stopData(let it) = $0 { it } else { nil } }
        }

        func installs(of place: Int) -> [Install] {
            messages[place].compactMap { if case .install(let it) = $0 { it } else { nil } }
        }

        func stops(of place: Int) -> [Stop] {
            messages[place].compactMap { if case .stop(let it) = $0 { it } else { nil } }
        }

        func forget() { for place in messages.indices { messages[place] = [] } }
    }
}
