// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes

/// Makes a failing scenario smaller as long as it still fails in the same way: fewer faults, clients, replicas and liars,
/// shorter, fewer features. Greedy, and the same on every machine.
package struct Shrinker {
    /// The runs that were needed.
    package private(set) var runs = 0
    private let runsMax: Int
    private static let seedsTried: UInt64 = 3
    private let fails: (Scenario) -> Bool

    /// `fails` says whether a scenario still fails in the way that matters.
    package init(runsMax: Int, fails: @escaping (Scenario) -> Bool) {
        self.runsMax = runsMax
        self.fails = fails
    }

    /// The smallest that was found; at most `runsMax` are tried.
    package mutating func shrink(_ scenario: Scenario) -> Scenario {
        var smallest = scenario
        var hasShrunk = true
        while hasShrunk {
            hasShrunk = false
            for change in Self.changes {
                var place = 0
                while runs < runsMax, let smaller = change(smallest, place) {
                    if let found = failing(smaller) {
                        smallest = found
                        hasShrunk = true
                    } else {
                        place += 1
                    }
                }
            }
        }
        return smallest
    }

    /// The scenario as it fails; with another seed if need be, since a smaller one draws everything else anew.
    private mutating func failing(_ scenario: Scenario) -> Scenario? {
        guard scenario.complaint == nil else { return nil }
        for attempt in 0..<Self.seedsTried where runs < runsMax {
            var tried = scenario
            tried.seed &+= attempt
            runs += 1
            if fails(tried) { return tried }
        }
        return nil
    }

    // MARK: - What can be left out

    /// Given a place, a smaller scenario; nil when there is nothing at or after it.
    private typealias Change = (Scenario, Int) -> Scenario?

    private static var changes: [Change] {
        [
            without(\.linkFaults), without(\.clientLinkFaults), without(\.clockFaults), without(\.replicaFaults),
            without(\.reconfigurations), without(\.changes), without(\.thieves), withoutLastNewcomer,
            without(\.liars), withoutClient, smallerGroup, withoutLiarKind, plainer, shorter,
        ]
    }

    private static func without<Element>(_ path: WritableKeyPath<Scenario, [Element]>) -> Change {
        { scenario, place in
            guard place < scenario[keyPath: path].count else { return nil }
            var smaller = scenario
            smaller[keyPath: path].remove(at: place)
            return smaller
        }
    }

    private static func withoutLastNewcomer(_ scenario: Scenario, _ place: Int) -> Scenario? {
        place == 0 ? scenario.withoutLastNewcomer() : nil
    }

    private static func withoutClient(_ scenario: Scenario, _ place: Int) -> Scenario? {
        guard scenario.clients.count > 1, place < scenario.clients.count else { return nil }
        return scenario.without(client: place)
    }

    /// Fewer replicas, then fewer faults that they must bear.
    private static func smallerGroup(_ scenario: Scenario, _ place: Int) -> Scenario? {
        let edits: [(Scenario) -> Scenario?] = [
            { $0.newcomers.isEmpty && $0.n > $0.faultModel.membersMin(f: $0.f) ? $0.withoutLastReplica() : nil },
            { $0.f > 1 ? edit($0) { $0.f -= 1 } : nil },
        ]
        let possible = edits.compactMap { $0(scenario) }
        return place < possible.count ? possible[place] : nil
    }

    private static func withoutLiarKind(_ scenario: Scenario, _ place: Int) -> Scenario? {
        var left = place
        for (liar, plan) in scenario.liars.enumerated() where plan.kinds.count > 1 {
            guard left >= plan.kinds.count else {
                var smaller = scenario
                smaller.liars[liar].kinds.remove(at: left)
                return smaller
            }
            left -= plan.kinds.count
        }
        return nil
    }

    /// One feature less; what is off already is passed over.
    private static func plainer(_ scenario: Scenario, _ place: Int) -> Scenario? {
        let edits: [(Scenario) -> Scenario?] = [
            off(\.links.lossPermille), off(\.links.duplicatePermille), off(\.links.slowPermille),
            off(\.links.jitterPermille), off(\.links.bytesPerSecond),
            { $0.matrix == nil ? nil : edit($0) { ($0.matrix, $0.placement) = (nil, []) } },
            { $0.usesRealSignatures ? edit($0) { $0.usesRealSignatures = false } : nil },
            { $0.usesWire && $0.links.bytesPerSecond == 0 ? edit($0) { $0.usesWire = false } : nil },
        ]
        let possible = edits.compactMap { $0(scenario) }
        return place < possible.count ? possible[place] : nil
    }

    private static func off(_ path: WritableKeyPath<Scenario, Int>) -> (Scenario) -> Scenario? {
        { scenario in scenario[keyPath: path] == 0 ? nil : edit(scenario) { $0[keyPath: path] = 0 } }
    }

    /// Fewer operations, one client after the other.
    private static func shorter(_ scenario: Scenario, _ place: Int) -> Scenario? {
        let long = scenario.clients.indices.filter {
            scenario.clients[$0].malice == nil && scenario.clients[$0].operationsMax > 1
        }
        guard place < long.count else { return nil }
        return edit(scenario) {
            $0.clients[long[place]].operationsMin /= 2
            $0.clients[long[place]].operationsMax /= 2
        }
    }

    private static func edit(_ scenario: Scenario, _ change: (inout Scenario) -> Void) -> Scenario {
        var edited = scenario
        change(&edited)
        return edited
    }
}
