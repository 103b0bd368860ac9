// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletRelay
import MartletSimulation
import MartletTypes

/// A scenario's links as a relay makes them. Nodes are replicas by number, then clients.
struct WideAreaLinks {
    let scenario: Scenario

    /// What of a scenario only a simulated world can do; nil when processes can do it all.
    var complaint: String? {
        let links = scenario.links
        let impossible: [(Bool, String)] = [
            (!scenario.liars.isEmpty, "liars"), (!scenario.clockFaults.isEmpty, "clockFaults"),
            (!scenario.reconfigurations.isEmpty, "reconfigurations"),
            (!scenario.clientLinkFaults.isEmpty, "clientLinkFaults"),
            (scenario.clients.contains { $0.malice != nil }, "clients with malice"),
            (links.lossPermille > 0 || links.duplicatePermille > 0, "links that lose or repeat"),
            (links.slowPermille > 0, "links.slowPermille"), (links.bytesPerSecond > 0, "links.bytesPerSecond"),
            (scenario.replicaFaults.contains { $0.kind == .rot }, "memory that rots"),
            (
                scenario.replicaFaults.contains(where: Self.isOfDisk),
                "disks that lose power, are full, slow or stand still"
            ),
            (scenario.linkFaults.contains { $0.messages != nil }, "link faults of some messages only"),
            (scenario.linkFaults.contains(where: Self.isLossy), "links that lose"),
        ]
        if let (_, what) = impossible.first(where: { $0.0 }) {
            return "'martlet wan' cannot do everything that the simulator can: this scenario has \(what)"
        }
        return scenario.clients.isEmpty ? "the scenario has no clients" : nil
    }

    private static func isOfDisk(_ fault: ReplicaFault) -> Bool {
        switch fault.kind {
        case .powerLoss, .diskFull, .diskStall, .diskSlow, .diskDamage, .diskLoss: true
        case .crash, .pause, .rot: false
        }
    }

    private static func isLossy(_ fault: LinkFault) -> Bool {
        if case .lossy = fault.kind { true } else { false }
    }

    var nodes: Int { scenario.n + scenario.clients.count }

    /// Between a node and a replica that it dials, which listens on the port.
    func route(from node: Int, to replica: Int, port: Int) -> RelayRoute {
        RelayRoute(port: port, there: delay(from: node, to: replica), back: delay(from: replica, to: node))
    }

    /// A cut does not lose what is sent on a stream: it arrives late.
    func delay(from sender: Int, to receiver: Int) -> RelayDelay {
        let model = scenario.links
        let base = matrixDelay(from: sender, to: receiver)
        let troubles = scenario.linkFaults.compactMap { fault -> RelayDelay.Trouble? in
            guard fault.from.contains(sender), fault.to.contains(receiver) else { return nil }
            let end = min(fault.end, scenario.healsAt)
            guard end > fault.begin else { return nil }
            let kind: RelayDelay.Trouble.Kind
            switch fault.kind {
            case .slow(let by, let spread): kind = .slow(by: by, spread: spread)
            case .cut, .clog, .lossy: kind = .held
            }
            return RelayDelay.Trouble(begin: fault.begin.since(.zero), end: end.since(.zero), kind: kind)
        }
        return RelayDelay(
            base: model.delayMin + base,
            jitter: model.delaySpread + base * UInt64(model.jitterPermille) / 1_000, troubles: troubles)
    }

    private func matrixDelay(from sender: Int, to receiver: Int) -> Interval {
        guard let matrix = scenario.matrix else { return .zero }
        let region = { (node: Int) in
            let placement = scenario.placement
            return placement.isEmpty ? node % matrix.regions.count : placement[node % placement.count]
        }
        return matrix.delay(from: region(sender), to: region(receiver))
    }
}
