// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletSimulation
import MartletTypes

extension ScenarioFile {
    /// The file for this scenario; reading it gives the same run again. What has its default is left out.
    static func text(of scenario: Scenario) -> String {
        let defaults = Scenario(seed: scenario.seed &+ 1)
        var lines = ["# One run of the simulator: martlet simulate --scenario FILE", "format: \(format)"]
        lines += ScenarioTables.scenario.entries(of: scenario, unlike: defaults)
        lines += ["faultModel: \(scenario.faultModel)"]
        for (name, replicas) in [("leaders", scenario.leaders), ("heavy", scenario.heavy)] where !replicas.isEmpty {
            lines.append("\(name): " + list(replicas.map(String.init)))
        }
        lines += block("settings", settings(of: scenario.settings))
        lines += block("timeouts", ScenarioTables.timeouts.entries(of: scenario.timeouts, unlike: defaults.timeouts))
        lines += block("links", ScenarioTables.links.entries(of: scenario.links, unlike: defaults.links))
        if let matrix = scenario.matrix {
            lines += MatrixPart.lines(matrix)
            if !scenario.placement.isEmpty {
                lines.append("placement: " + list(scenario.placement.map { matrix.regions[$0] }))
            }
        }
        lines += faults(of: scenario)
        lines += block(
            "clientTiming",
            ScenarioTables.clientTiming.entries(of: scenario.clientTiming, unlike: defaults.clientTiming))
        lines += items(
            "clients", scenario.clients.map { ScenarioTables.client.entries(of: $0, unlike: ClientPlan()) })
        if let listed = scenario.listedClients { lines.append("listedClients: " + list(listed.map(String.init))) }
        lines += items("expect", scenario.expectations.map(entries))
        return lines.joined(separator: "\n") + "\n"
    }

    private static func settings(of settings: GroupSettings) -> [String] {
        let plain = { (line: String) in String(line.prefix { $0 != "#" }.reversed().drop { $0 == " " }.reversed()) }
        let defaults = Set(GroupSettingsTable.lines(for: Scenario(seed: 0).settings).map(plain))
        return GroupSettingsTable.lines(for: settings).map(plain).filter { !defaults.contains($0) }
    }

    // MARK: - Faults

    private static func faults(of scenario: Scenario) -> [String] {
        items("linkFaults", scenario.linkFaults.map { entries($0, of: scenario) })
            + items("clientLinkFaults", scenario.clientLinkFaults.map(entries))
            + items("clockFaults", scenario.clockFaults.map(entries))
            + items("reconfigurations", scenario.reconfigurations.map(entries))
            + items("newcomers", scenario.newcomers.map { ["startsAt: \(TimeText.text($0.startsAt))"] })
            + items("changes", scenario.changes.map(entries))
            + items(
                "oldPrograms",
                scenario.oldPrograms.map { ["replica: \($0.replica)", "until: \(TimeText.text($0.until))"] })
            + items("replicaFaults", scenario.replicaFaults.map(entries))
            + items("liars", scenario.liars.map(entries)) + items("thieves", scenario.thieves.map(entries))
    }

    private static func entries(_ liar: LiarPlan) -> [String] {
        ["replica: \(liar.replica)", "kinds: " + list(liar.kinds.map(\.rawValue))]
            + (liar.switchesEvery.map { ["switchesEvery: " + TimeText.text($0)] } ?? [])
    }

    private static func entries(_ plan: ChangePlan) -> [String] {
        let change =
            switch plan.change {
            case .add(let slot): ["add: \(slot)"]
            case .replace(let old, let slot): ["replace: \(old)", "by: \(slot)"]
            case .replaceLeader(let slot): ["replace: leader", "by: \(slot)"]
            case .remove(let slot): ["remove: \(slot)"]
            case .tolerate(let f): ["tolerate: \(f)"]
            case .rotateKey(let slot): ["rotateKey: \(slot)"]
            case .administer(let needed): ["administer: \(needed)"]
            case .upgrade: ["upgrade: true"]
            case .admit(let client): ["admit: \(client)"]
            case .expel(let client): ["expel: \(client)"]
            case .serve(let anyone): ["serve: \(anyone ? "anyone" : "listed")"]
            }
        return ["at: \(TimeText.text(plan.at))"] + change
            + (plan.administrator > 0 ? ["administrator: \(plan.administrator)"] : [])
            + (plan.waits ? [] : ["waits: false"])
    }

    private static func entries(_ fault: LinkFault, of scenario: Scenario) -> [String] {
        let nodes = { (set: NodeSet) in
            let known = set.nodes.filter { scenario.hasNode($0) }
            return list(known.map { scenario.nodeName($0) })
        }
        var entries = ["from: \(nodes(fault.from))", "to: \(nodes(fault.to))"]
        if fault.begin > .zero { entries.append("begin: \(TimeText.text(fault.begin))") }
        if fault.end < .distantFuture { entries.append("end: \(TimeText.text(fault.end))") }
        switch fault.kind {
        case .cut: break
        case .clog: entries.append("kind: clog")
        case .lossy(let permille): entries += ["kind: lossy", "lossPermille: \(permille)"]
        case .slow(let by, let spread):
            entries += ["kind: slow", "by: \(TimeText.text(by))"]
            if spread > .zero { entries.append("spread: \(TimeText.text(spread))") }
        }
        if let messages = fault.messages { entries.append("messages: " + list(messages.map(\.rawValue))) }
        return entries
    }

    private static func entries(_ fault: ClientLinkFault) -> [String] {
        [
            "client: \(fault.client)", "replicas: " + list(fault.replicas.nodes.map(String.init)),
            "begin: \(TimeText.text(fault.begin))", "end: \(TimeText.text(fault.end))",
        ]
    }

    private static func entries(_ fault: ClockFault) -> [String] {
        let what =
            switch fault.kind {
            case .drift(let permille): "driftPermille: \(permille)"
            case .jump(let milliseconds): "jumpMilliseconds: \(milliseconds)"
            case .stand(let until): "standUntil: \(TimeText.text(until))"
            }
        return ["replica: \(fault.replica)", "at: \(TimeText.text(fault.at))", what]
    }

    private static func entries(_ plan: ReconfigurationPlan) -> [String] {
        ["at: \(TimeText.text(plan.at))", "firstHeavy: \(plan.firstHeavy)", "firstLeader: \(plan.firstLeader)"]
            + (plan.window.map { ["window: \($0)"] } ?? [])
    }

    private static func entries(_ fault: ReplicaFault) -> [String] {
        plainEntries(fault) + (fault.after > 0 ? ["after: \(fault.after)"] : [])
    }

    private static func plainEntries(_ fault: ReplicaFault) -> [String] {
        let (at, replica) = (TimeText.text(fault.at), "replica: \(fault.replica)")
        switch fault.kind {
        case .crash(let restart):
            return [replica, "crashAt: \(at)"] + (restart.map { ["restartAt: \(TimeText.text($0))"] } ?? [])
        case .rot: return [replica, "rotsAt: \(at)"]
        case .powerLoss(let operations, let restart):
            return [
                replica, "losesPowerAt: \(at)", "diskOperations: \(operations)", "restartAt: \(TimeText.text(restart))",
            ]
        case .diskFull(let until): return [replica, "diskFullAt: \(at)", "diskFreeAt: \(TimeText.text(until))"]
        case .diskStall(let until): return [replica, "diskStallsAt: \(at)", "until: \(TimeText.text(until))"]
        case .diskSlow(let by, let until):
            return [replica, "diskSlowAt: \(at)", "by: \(TimeText.text(by))", "until: \(TimeText.text(until))"]
        case .diskDamage(let delay):
            let seen = delay.map { ["damageSeenAfter: \(TimeText.text(Instant.zero + $0))"] } ?? []
            return [replica, "diskDamagedAt: \(at)"] + seen
        case .diskLoss: return [replica, "diskLostAt: \(at)"]
        case .pause(let until): return [replica, "pauseAt: \(at)", "resumeAt: \(TimeText.text(until))"]
        }
    }

    private static func entries(_ expectation: Expectation) -> [String] {
        ["what: \(JSONValue.text(expectation.what))"] + (expectation.min > 0 ? ["min: \(expectation.min)"] : [])
            + (expectation.max.map { ["max: \($0)"] } ?? [])
    }

    // MARK: - Lines

    private static func list(_ words: [String]) -> String { "[" + words.joined(separator: ", ") + "]" }

    private static func block(_ name: String, _ entries: [String]) -> [String] {
        entries.isEmpty ? [] : ["\(name):"] + entries.map { "  \($0)" }
    }

    /// One item a line.
    private static func items(_ name: String, _ items: [[String]]) -> [String] {
        items.isEmpty ? [] : ["\(name):"] + items.map { "  - {" + $0.joined(separator: ", ") + "}" }
    }
}

extension Scenario {
    fileprivate func hasNode(_ node: Int) -> Bool {
        node < n + clientNodes || node > NodeSet.nodesMax - 1 - newcomers.count
    }

    /// As a file names it: a replica by its number, whenever it comes, a client as in c0.
    fileprivate func nodeName(_ node: Int) -> String {
        if node < n { return "\(node)" }
        return node < n + clientNodes ? "c\(node - n)" : "\(n + NodeSet.nodesMax - 1 - node)"
    }
}
