// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes

/// Replicas that restart, and those of a durable group that lose power, at moments that a test chooses.
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

    /// `chain`: the views that it learns of on its first connection.
    func restart(
        _ place: Int, mode: ReplicaMode, incarnation: UInt64 = 1, chain: [ViewCertificate]? = nil,
        key: PublicKey? = nil, versions: ProtocolVersions = .supported
    ) {
        var configuration = CoreConfiguration(view: view, replica: nodes[place].id)
        configuration.chain = chain ?? (view.index(of: nodes[place].id) == nil ? nodes[place].certificates : [])
        configuration.key = key
        configuration.versions = versions
        configuration.timeouts = timeouts
        configuration.access = access
        configuration.mode = mode
        configuration.incarnation = incarnation
        nodes[place] = Node(configuration, at: now)
        act(place)
    }

    /// It loses power: what was not synced is gone. What it had written down it goes on from.
    func loseAndRestorePower(_ place: Int) {
        let before = nodes[place]
        var restoration = Restoration()
        for record in before.log { restoration.add(record) }
        if let stable = restoration.newestStable({ before.sessions[$0.instance] != nil }) {
            restoration.begin(with: image(after: stable.instance), stable)
        }
        var configuration = CoreConfiguration(view: view, replica: before.id)
        configuration.chain = restoration.chain
        configuration.timeouts = timeouts
        configuration.access = access
        nodes[place] = Node(configuration, restoring: restoration.isEmpty ? nil : restoration, at: now)
        nodes[place].log = before.log
        nodes[place].syncedCount = before.log.count
        // Snapshots are durable before anybody is told.
        nodes[place].sessions = before.sessions
        nodes[place].views = before.views
        nodes[place].adaptations = before.adaptations
        act(place)
        step(place, .deadline)
    }

    /// The disk has done what it was asked for.
    func sync(_ place: Int) {
        let node = nodes[place]
        guard !node.unsynced.isEmpty else { return }
        node.log += node.unsynced
        node.unsynced = []
        let written = LogPosition(node.gate.durable.rawValue + UInt64(node.log.count - node.syncedCount))
        node.syncedCount = node.log.count
        node.gate.note(durable: written)
        step(place, .durable(written))
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
