// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletSimulation
import MartletTypes

/// The settings of a scenario file by their names.
enum ScenarioTables {
    static var scenario: ScenarioFields<Scenario> {
        ScenarioFields([
            .words("name", \.name), .words("about", \.about),
            seed,
            .number("n", \.n, in: 1...64), .number("f", \.f, in: 0...21),
            .flag("usesWire", \.usesWire), .flag("usesRealSignatures", \.usesRealSignatures),
            .number("diskSyncErrorPermille", \.diskSyncErrorPermille, in: 0...1_000),
            .time("healsAt", \.healsAt), .time("clientsUntil", \.clientsUntil),
            .number("livenessTimeoutsMax", \.livenessTimeoutsMax, in: 1...10_000), .flag("beyond", \.isBeyond),
            .number("pendingPerClientMax", \.memory.pendingPerClientMax, in: 1...1_000_000),
        ])
    }

    private static var seed: ScenarioField<Scenario> {
        ScenarioField(
            name: "seed",
            read: { (value, scenario) throws(ConfigurationError) in
                let text = try value.text()
                guard let seed = UInt64(text) else { throw value.error("'seed' must be a number, not '\(text)'") }
                scenario.seed = seed
            },
            text: { "\($0.seed)" })
    }

    static var timeouts: ScenarioFields<Timeouts> {
        ScenarioFields([
            .time("requestMin", \.requestMin), .time("requestMax", \.requestMax), .time("resend", \.resend),
            .time("missingRequest", \.missingRequest), .time("progress", \.progress), .time("fetch", \.fetch),
            .time("probe", \.probe), .time("measure", \.measure), .time("challenge", \.challenge),
            .time("report", \.report), .time("rejoin", \.rejoin), .time("farewell", \.farewell),
            .time("slowLeaders", \.slowLeaders), .time("strict", \.strict),
            .time("strictMax", \.strictMax),
        ])
    }

    /// Whoever repeats without waiting does nothing else any more.
    private static let shortestWait = Interval.milliseconds(1)

    static var clientTiming: ScenarioFields<ClientTiming> {
        ScenarioFields([
            .time("retryMin", \.retryMin, atLeast: shortestWait),
            .time("retryMax", \.retryMax, atLeast: shortestWait),
            .time("readFallbackMin", \.readFallbackMin, atLeast: shortestWait),
            .time("signingLasts", \.signingLasts),
        ])
    }

    static var links: ScenarioFields<LinkModel> {
        ScenarioFields([
            .time("delayMin", \.delayMin), .time("delaySpread", \.delaySpread),
            .number("jitterPermille", \.jitterPermille),
            .permille("slowPermille", \.slowPermille), .time("slowExtra", \.slowExtra),
            .permille("lossPermille", \.lossPermille), .permille("duplicatePermille", \.duplicatePermille),
            .number("bytesPerSecond", \.bytesPerSecond),
        ])
    }

    static var client: ScenarioFields<ClientPlan> {
        ScenarioFields([
            .number("pipeline", \.pipeline, in: 1...4096), .number("sessions", \.sessions, in: 1...1_000),
            .number("operationsMin", \.operationsMin), .number("operationsMax", \.operationsMax),
            .permille("readPermille", \.readPermille),
            .permille("severalPermille", \.severalPermille), .time("thinkMax", \.thinkMax),
            .time("pauseMax", \.pauseMax), .time("patience", \.patience), .flag("signs", \.signs),
            .flag("wantsReceipts", \.wantsReceipts),
            .flag("flips", \.flips),
            .flag("putsOnly", \.putsOnly), .number("valueBytes", \.valueBytes, in: 0...1 << 16), malice,
        ])
    }

    private static var malice: ScenarioField<ClientPlan> {
        ScenarioField(
            name: "malice",
            read: { (value, plan) throws(ConfigurationError) in
                plan.malice = ClientMalice(acts: try value.choices(of: ClientMalice.Act.allCases) { "\($0)" })
            },
            text: { plan in "[" + (plan.malice?.acts ?? []).map { "\($0)" }.joined(separator: ", ") + "]" })
    }
}
