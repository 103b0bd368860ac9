// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// What one run came to.
public struct SimulationReport: Sendable {
    public let seed: UInt64
    /// The scenario's name; empty for one that was drawn from its seed.
    public let scenario: String
    public let decidedInstances: Int
    public let leaderChanges: Int
    public let completedCalls: Int
    public let messages: Int
    public let virtualMicroseconds: UInt64
    /// How often each liar did something that a correct replica does not do, by its name; in the order of `LiarKind`.
    public let liarActs: [(name: String, count: Int)]
    /// What exactly they did, where a liar does many things: its name and the deed's; by name.
    public let liarDeeds: [(name: String, count: Int)]
    /// How often each fault and step of the protocol occurred.
    public let occurrences: [(name: String, count: Int)]
    public let violations: [String]
    /// Equal for two runs that went the same way.
    public let fingerprint: UInt64
    /// What clients called and were told.
    package let history: ClientHistory
    package let consensusTimes: ConsensusTimes
    /// When each view but the first was proved to somebody.
    package let views: [(view: View, at: Instant)]

    init(_ world: World) {
        seed = world.scenario.seed
        scenario = world.scenario.name
        decidedInstances = Int(clamping: world.counts.highestExecuted.rawValue)
        leaderChanges = Int(clamping: world.counts.highestRegency.rawValue - 1)
        completedCalls = world.checkers.results.completedCount
        messages = world.counts.messages
        virtualMicroseconds = world.now.rawValue / 1_000
        liarActs = LiarKind.allCases.map { kind in
            (kind.rawValue, world.liars.reduce(0) { $0 + ($1?.acts[kind] ?? 0) })
        }
        liarDeeds = Self.deeds(of: world.liars.compactMap { $0 })
        occurrences = Self.occurrences(in: world)
        let counts =
            occurrences + liarActs + [
                (name: "leader changes", count: leaderChanges), (name: "instances", count: decidedInstances),
                (name: "calls", count: completedCalls),
            ]
        violations =
            world.checkers.violations.map(\.description)
            + world.scenario.expectations.compactMap { $0.complaint(about: counts) }
        fingerprint = world.fingerprint.value
        history = world.checkers.history
        consensusTimes = world.consensusTimes
        views = world.viewTimes
    }

    /// The command that repeats this run.
    public var repeatCommand: String { "martlet simulate --seeds \(seed)..\(seed) --trace" }

    private static func deeds(of liars: [LiarState]) -> [(name: String, count: Int)] {
        var sums: [String: Int] = [:]
        for liar in liars {
            // any order: sums, and sorted below
            for (detail, count) in liar.context.details { sums[detail.name, default: 0] += count }
        }
        return sums.sorted { $0.key < $1.key }.map { (name: $0.key, count: $0.value) }
    }

    private static func occurrences(in world: World) -> [(name: String, count: Int)] {
        let counts = world.counts
        let links = world.network.counts
        let suspected = world.checkers.calculations.suspected.map { Int($0.rawValue) }
        let faults: [(String, Int)] = [
            ("messages lost", links.lost), ("messages cut off", links.cut), ("messages clogged", links.clogged),
            ("messages slowed", links.slowed), ("messages duplicated", links.duplicated),
            ("messages reordered", counts.reordered),
            ("messages queued for a link", links.queued), ("messages a full link dropped", links.overflowed),
            ("link fault one way", world.scenario.linkFaults.count { world.scenario.isOneWay($0) }),
            ("link fault that spares somebody", world.scenario.linkFaults.count { world.scenario.sparesSomebody($0) }),
            ("client link down", counts.clientLinksDown), ("messages lost on broken links", counts.lostOnClientLinks),
            ("clock drifted", counts.drifts), ("wall clock jumped", counts.jumps),
            ("clock stood still", counts.standstills), ("replica crashed", counts.crashes),
            ("replica restarted", counts.restarts), ("replica paused", counts.pauses),
            ("replica's memory rots", counts.rots),
            ("replica lost power in a write", counts.crashesInWrites), ("disk full", counts.fullDisks),
            ("disk stood still", counts.stalledDisks), ("disk slow", counts.slowDisks),
            ("disk damaged", counts.diskDamages), ("disk lost", counts.diskLosses), ("damage mended", counts.repairs),
            ("damaged log written again", counts.logReplacements),
            ("log could not be written", counts.logFailures), ("snapshot not kept", counts.snapshotFailures),
            ("durable group", world.scenario.settings.isDurable ? 1 : 0),
            ("messages refused", counts.refusedMessages), ("requests refused", counts.refusedRequests),
            ("checkpoint taken", world.checkers.checkpointsTaken), ("manifest or chunk served", counts.served),
            ("chunk found at home", counts.foundAtHome),
            ("checkpoint installed", counts.installs), ("wire format used", world.scenario.usesWire ? 1 : 0),
            ("Ed25519 used", world.scenario.usesRealSignatures ? 1 : 0),
            ("history too hard to judge", world.checkers.tooHard == nil ? 0 : 1),
            ("latency measured", world.checkers.measuring.looks),
            ("member found missing", world.checkers.measuring.missing),
            ("calculations", world.checkers.calculations.count),
            ("reports calculated with", world.checkers.calculations.reports),
            ("other leader or weights calculated", world.checkers.calculations.changes),
            ("view calculated", world.checkers.calculations.installed),
            ("liar suspected", suspected.count { !world.scenario.isCorrectThroughout($0) }),
            ("correct member suspected", suspected.count { world.scenario.isCorrectThroughout($0) }),
            ("view admits a member again", world.checkers.rejoining.admitted),
            ("change taken back", world.checkers.calculations.takenBack),
            ("replica left", counts.departures), ("replica restarted with another key", counts.rotations),
            ("link refused", counts.linksRefused), ("chain told to who connects", counts.chainsTold),
            ("replica slept through members' changes", counts.sleepers),
            (
                "client slept through members' changes",
                world.clients.reduce(0) { $0 + (($1 as? LibraryClient)?.leaps ?? 0) }
            ),
            ("learner crashed", counts.crashesOfLearners), ("member being replaced crashed", counts.crashesOfReplaced),
            ("leader crashed while somebody came", counts.crashesOfLeaders),
            ("newcomer lied", counts.newcomersLies), ("removed one lied", counts.formersLies),
            ("old key spoke", counts.thievesLies),
            ("calls that outlast both timeout stages", counts.patientCalls),
            ("latency matrix used", world.scenario.matrix == nil ? 0 : 1),
            ("more than a group must survive", world.scenario.isBeyond ? 1 : 0),
        ]
        let membership =
            MembershipEvent.allCases.map { ($0.rawValue, world.checkers.membership.counts[$0] ?? 0) }
            + OperationDeed.allCases.map { ($0.rawValue, counts.operations[$0] ?? 0) }
        let steps = ProtocolStep.allCases.map { ($0.rawValue, counts.steps[$0] ?? 0) }
        let crashPoints = CrashPoint.allCases.map { ("crash: \($0.rawValue)", counts.crashPoints[$0] ?? 0) }
        let malice = ClientMalice.Act.allCases.map { act in
            let count = world.clients.reduce(0) { sum, client in
                sum + ((client as? MaliciousClient)?.acts[act] ?? 0)
            }
            return ("client: \(act)", count)
        }
        return (faults + membership + crashPoints + steps + malice).map { (name: $0.0, count: $0.1) }
            + counts.branches.occurrences
            + LiarDeeds.occurrences(of: world.liars.compactMap { $0 })
    }
}

extension Scenario {
    /// Nothing befalls what goes the other way while it lasts.
    fileprivate func isOneWay(_ fault: LinkFault) -> Bool {
        fault.from != fault.to
            && !linkFaults.contains {
                $0.from == fault.to && $0.to == fault.from && $0.begin < fault.end && fault.begin < $0.end
            }
    }

    /// Some replica is on neither side of it.
    fileprivate func sparesSomebody(_ fault: LinkFault) -> Bool {
        (0..<n).contains { !fault.from.contains($0) && !fault.to.contains($0) }
    }
}
