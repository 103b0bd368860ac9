// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// Looks for an order of the calls on some keys that every caller's outcome fits (Wing & Gong, JPDC'93, in the form of
/// Lowe, *Testing for linearizability*, 2017: calls are put in order just in time, before the first return that needs it).
/// It goes through the history once and keeps every configuration that is still possible.
struct LinearizationSearch {
    private struct Configuration: Hashable {
        var state: KeyValues
        /// The running calls that have taken effect, by slot.
        var effective: UInt64 = 0
    }

    private struct Running {
        let call: CallRecord
        let keys: [Int]
    }

    /// So many calls may run at the same time; one without an end runs for ever.
    private static let slotsMax = 64

    private let places: [Int: Int]
    private let stepsMax: Int
    private var running: [Running?] = []
    /// All different.
    private var configurations: [Configuration]
    private var steps = 0

    init(keys: [Int], stepsMax: Int) {
        places = Dictionary(uniqueKeysWithValues: keys.enumerated().map { ($1, $0) })
        configurations = [Configuration(state: KeyValues(count: keys.count))]
        self.stepsMax = stepsMax
    }

    /// `calls`: none that is idle.
    mutating func judge(_ calls: [CallRecord]) -> Linearizability.Verdict {
        var events: [(position: Int, call: CallRecord, isEnd: Bool)] = []
        for call in calls {
            events.append((call.begin, call, false))
            if let end = call.end { events.append((end, call, true)) }
        }
        // At one position a call begins before another ends: then they ran at the same time, which allows more.
        events.sort { $0.position != $1.position ? $0.position < $1.position : !$0.isEnd && $1.isEnd }
        for event in events {
            if !event.isEnd {
                guard begin(event.call) else { return .tooHard(event.call.id, "\(Self.slotsMax) calls at a time") }
                continue
            }
            let before = configurations
            end(event.call)
            if steps > stepsMax { return .tooHard(event.call.id, "\(stepsMax) steps were not enough") }
            if configurations.isEmpty { return .violated(event.call, states: states(in: before)) }
        }
        return .linearizable
    }

    // MARK: - Calls

    private mutating func begin(_ call: CallRecord) -> Bool {
        let entry = Running(call: call, keys: call.operation.keys)
        if let free = running.firstIndex(where: { $0 == nil }) {
            running[free] = entry
        } else {
            guard running.count < Self.slotsMax else { return false }
            running.append(entry)
        }
        if call.isLook { configurations = configurations.map(looked) }
        return true
    }

    /// Keeps what is possible with this call in effect by now.
    private mutating func end(_ call: CallRecord) {
        guard let slot = running.firstIndex(where: { $0?.call.id == call.id }) else {
            preconditionFailure("a call ends that did not begin")
        }
        let concerned = slotsConcerned(by: slot)
        var result: [Configuration] = []
        var seen = Set(configurations)
        var open = configurations
        while let configuration = open.popLast(), steps <= stepsMax {
            if configuration.effective & (1 << UInt64(slot)) != 0 {
                var ended = configuration
                ended.effective &= ~(1 << UInt64(slot))
                result.append(ended)
                continue
            }
            for other in concerned where configuration.effective & (1 << UInt64(other)) == 0 {
                steps += 1
                if let next = after(other, configuration), seen.insert(next).inserted { open.append(next) }
            }
        }
        running[slot] = nil
        configurations = result
    }

    private func after(_ slot: Int, _ configuration: Configuration) -> Configuration? {
        guard let call = running[slot]?.call,
            let state = configuration.state.after(call.operation, call.outcome, places: places)
        else { return nil }
        return looked(Configuration(state: state, effective: configuration.effective | 1 << UInt64(slot)))
    }

    /// What only looks, and sees what it must see, may as well look now: nothing else is affected.
    private func looked(_ configuration: Configuration) -> Configuration {
        var result = configuration
        for slot in running.indices where configuration.effective & (1 << UInt64(slot)) == 0 {
            guard let call = running[slot]?.call, call.isLook,
                configuration.state.after(call.operation, call.outcome, places: places) != nil
            else { continue }
            result.effective |= 1 << UInt64(slot)
        }
        return result
    }

    /// The running calls that share keys with this one, directly or by way of others: any other may take effect later
    /// just as well.
    private func slotsConcerned(by slot: Int) -> [Int] {
        var keys = Set(running[slot]?.keys ?? [])
        var found = [slot]
        var rest = running.indices.filter { $0 != slot && running[$0] != nil }
        while let place = rest.firstIndex(where: { running[$0]?.keys.contains(where: keys.contains) == true }) {
            let next = rest.remove(at: place)
            keys.formUnion(running[next]?.keys ?? [])
            found.append(next)
        }
        return found
    }

    /// For people: the states that were possible, a few of them.
    private func states(in configurations: [Configuration]) -> String {
        let texts = Set(
            configurations.map { configuration in
                places.sorted { $0.key < $1.key }.map { key, place in
                    "k\(key) \(configuration.state.values[place].map { String($0) } ?? "nothing")"
                }.joined(separator: ", ")
            })
        return texts.sorted().prefix(4).joined(separator: " or ")
            + (texts.count > 4 ? " or \(texts.count - 4) others" : "")
    }
}
