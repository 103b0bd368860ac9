// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletSimulation
import MartletTypes

/// A scenario as a YAML file: everything that one run of the simulator depends on, and nothing else.
enum ScenarioFile {
    static let format = "martlet-scenario 1"
    static let parts = [
        "format", "faultModel", "leaders", "heavy", "settings", "timeouts", "links", "matrix", "placement",
        "linkFaults",
        "clientLinkFaults", "clockFaults", "replicaFaults", "reconfigurations", "newcomers", "changes", "oldPrograms",
        "liars", "thieves", "clients", "listedClients", "clientTiming",
        "expect",
    ]

    static func read(file: String) throws(ConfigurationError) -> Scenario { try read(YAMLDocument(file: file)) }

    static func read(text: String, file: String) throws(ConfigurationError) -> Scenario {
        try read(YAMLDocument(text, file: file))
    }

    private static func read(_ document: YAMLDocument) throws(ConfigurationError) -> Scenario {
        let map = try document.root.map(of: parts + ScenarioTables.scenario.names)
        try GenesisFile.checkFormat(map, format)
        var scenario = Scenario(seed: 1)
        try ScenarioTables.scenario.take(map, into: &scenario)
        if let value = map["faultModel"] {
            scenario.faultModel = try value.choice(of: [.byzantine, .crash]) { "\($0)" }
        }
        if let value = map["leaders"] { scenario.leaders = try value.integers(in: 0...scenario.n - 1) }
        if let value = map["heavy"] { scenario.heavy = try value.integers(in: 0...scenario.n - 1) }
        try readSettings(map, into: &scenario)
        if let value = map["clients"] {
            for item in try value.list() {
                var plan = ClientPlan()
                try ScenarioTables.client.read(item, into: &plan)
                scenario.clients.append(plan)
            }
        }
        if let value = map["listedClients"] {
            scenario.listedClients = try value.integers(in: 0...max(0, scenario.clients.count - 1))
        }
        try readPlaces(map, into: &scenario)
        try ScenarioChanges(n: scenario.n).read(map, into: &scenario)
        try ScenarioFaults(group: scenario).read(map, into: &scenario)
        if let complaint = scenario.complaint { throw map.error(complaint) }
        return scenario
    }

    private static func readSettings(_ map: YAMLMap, into scenario: inout Scenario) throws(ConfigurationError) {
        if let value = map["settings"] {
            let settings = try value.map(of: GroupSettingsTable.names)
            for name in GroupSettingsTable.names {
                if let value = settings[name] { try GroupSettingsTable.set(value, in: &scenario.settings) }
            }
            if let complaint = scenario.settings.complaint { throw value.error(complaint) }
        }
        if let value = map["timeouts"] { try ScenarioTables.timeouts.read(value, into: &scenario.timeouts) }
        if let value = map["links"] { try ScenarioTables.links.read(value, into: &scenario.links) }
        if let value = map["clientTiming"] { try ScenarioTables.clientTiming.read(value, into: &scenario.clientTiming) }
    }

    // MARK: - Where nodes are

    private static func readPlaces(_ map: YAMLMap, into scenario: inout Scenario) throws(ConfigurationError) {
        guard let value = map["matrix"] else {
            if let placement = map["placement"] { throw placement.error("'placement' needs a 'matrix'") }
            return
        }
        let matrix = try MatrixPart.read(value)
        scenario.matrix = matrix
        guard let placement = map["placement"] else { return }
        for item in try placement.list() {
            let name = try item.text()
            guard let region = matrix.region(named: name) else {
                let hint = Spelling.nearest(to: name, among: matrix.regions).map { "; did you mean '\($0)'?" }
                throw item.error("the matrix has no region '\(name)'\(hint ?? "")")
            }
            scenario.placement.append(region)
        }
    }
}
