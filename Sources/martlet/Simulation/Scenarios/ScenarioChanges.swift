// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletSimulation
import MartletTypes

/// What a scenario file says of administrators: who comes and goes, and who is heavy and leads.
struct ScenarioChanges {
    /// How many found the group.
    let n: Int

    func read(_ map: YAMLMap, into scenario: inout Scenario) throws(ConfigurationError) {
        for item in try map["newcomers"]?.list() ?? [] {
            let plan = try item.map(of: ["startsAt"])
            scenario.newcomers.append(NewcomerPlan(startsAt: try plan["startsAt"]?.instant() ?? .zero))
        }
        for item in try map["changes"]?.list() ?? [] {
            scenario.changes.append(try change(item, slots: scenario.slots))
        }
        for item in try map["oldPrograms"]?.list() ?? [] {
            let plan = try item.map(of: ["replica", "until"])
            scenario.oldPrograms.append(
                OldProgram(
                    replica: try plan.required("replica").integer(in: 0...scenario.slots - 1),
                    until: try plan.required("until").instant()))
        }
        for item in try map["reconfigurations"]?.list() ?? [] {
            scenario.reconfigurations.append(try reconfiguration(item))
        }
    }

    private func change(_ item: YAMLValue, slots: Int) throws(ConfigurationError) -> ChangePlan {
        let map = try item.map(of: [
            "at", "add", "replace", "by", "remove", "tolerate", "rotateKey", "administer", "upgrade", "admit", "expel",
            "serve",
            "administrator", "waits",
        ])
        return ChangePlan(
            at: try map.required("at").instant(), try what(item, map, slots: slots),
            administrator: try map["administrator"]?.integer(in: 0...1) ?? 0,
            waits: try map["waits"]?.boolean() ?? true)
    }

    private func what(_ item: YAMLValue, _ map: YAMLMap, slots: Int) throws(ConfigurationError) -> ChangePlan.Change {
        let replicas = 0...slots - 1
        let clients = 0...NodeSet.nodesMax
        if let value = map["add"] { return .add(try value.integer(in: replicas)) }
        if let value = map["replace"] {
            let other = try map.required("by").integer(in: replicas)
            return try value.text() == "leader"
                ? .replaceLeader(by: other) : .replace(try value.integer(in: replicas), by: other)
        }
        if let value = map["remove"] { return .remove(try value.integer(in: replicas)) }
        if let value = map["tolerate"] { return .tolerate(try value.integer(in: 1...21)) }
        if let value = map["rotateKey"] { return .rotateKey(try value.integer(in: replicas)) }
        if let value = map["administer"] { return .administer(needed: try value.integer(in: 1...2)) }
        if let value = map["upgrade"], try value.boolean() { return .upgrade }
        if let value = map["admit"] { return .admit(try value.integer(in: clients)) }
        if let value = map["expel"] { return .expel(try value.integer(in: clients)) }
        if let value = map["serve"] {
            return .serve(anyone: try value.choice(of: [true, false]) { $0 ? "anyone" : "listed" })
        }
        throw item.error(
            "a change says one of add, replace (with by), remove, tolerate, rotateKey, administer, upgrade, admit, expel, "
                + "serve")
    }

    private func reconfiguration(_ item: YAMLValue) throws(ConfigurationError) -> ReconfigurationPlan {
        let map = try item.map(of: ["at", "firstHeavy", "firstLeader", "window"])
        return ReconfigurationPlan(
            at: try map.required("at").instant(), firstHeavy: try map.required("firstHeavy").integer(in: 0...n - 1),
            firstLeader: try map.required("firstLeader").integer(in: 0...n - 1),
            window: try map["window"]?.integer(in: 1...1_024))
    }
}
