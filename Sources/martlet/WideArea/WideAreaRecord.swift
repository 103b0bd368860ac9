// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Synchronization

/// What the processes of a wide-area run have said so far.
final class WideAreaRecord: Sendable {
    private struct State {
        var result: TrialResult
        var begin: ContinuousClock.Instant?
        var readyClients = 0
        var isRelayReady = false
        /// By node and replica: the port at which the one dials the other.
        var ports: [[Int]: Int] = [:]
        var relayCounts: [Int]?
        /// When the first replica said that it is in that view.
        var views: [ViewNumber: Double] = [:]
        /// What else processes said: warnings, or why they ended.
        var remarks: [String] = []
    }

    private static let remarksMax = 20

    private let state: Mutex<State>

    init(clients: Int) {
        var result = TrialResult()
        result.calls = Array(repeating: [], count: clients)
        state = Mutex(State(result: result))
    }

    var result: TrialResult { state.withLock { $0.result } }
    var readyClients: Int { state.withLock { $0.readyClients } }
    var isRelayReady: Bool { state.withLock { $0.isRelayReady } }
    /// Connections, bytes, and by how many nanoseconds pieces were late: on average and at most.
    var relayCounts: [Int]? { state.withLock { $0.relayCounts } }

    var remarks: [String] { state.withLock { $0.remarks } }

    func port(from node: Int, to replica: Int) -> Int? { state.withLock { $0.ports[[node, replica]] } }

    func begin() { state.withLock { $0.begin = .now } }

    func note(violation: String) { state.withLock { $0.result.violations.append(violation) } }

    /// Of those in the chain.
    func note(views: [View]) {
        state.withLock { state in
            state.result.changes = views.compactMap { view in
                state.views[view.number].map { TrialResult.Change(at: $0, view: view) }
            }
        }
    }

    func noteLeaderChanges(_ count: Int) { state.withLock { $0.result.leaderChanges = count } }

    // MARK: - Lines

    func relaySaid(_ line: String) {
        let words = line.split(separator: " ")
        let numbers = words.dropFirst().compactMap { Int($0) }
        state.withLock { state in
            switch words.first {
            case "route" where numbers.count == 3: state.ports[[numbers[0], numbers[1]]] = numbers[2]
            case "counts" where numbers.count == 4: state.relayCounts = numbers
            case "ready": state.isRelayReady = true
            default: state.result.violations.append("the relay: \(line)")
            }
        }
    }

    func client(_ client: Int, said line: String) {
        let words = line.split(separator: " ")
        state.withLock { state in
            switch words.first {
            case "ready": state.readyClients += 1
            case "done": break
            case "call" where words.count == 3:
                guard let began = Double(words[1]), let took = Double(words[2]) else { return }
                state.result.calls[client].append(TrialResult.Entry(began: began, took: took))
            case "failed": state.result.violations.append("client \(client): \(line)")
            default:
                if state.remarks.count < Self.remarksMax { state.remarks.append("client \(client): \(line)") }
            }
        }
    }

    /// Looks for what a replica's log says of an instance that it led: `instance 7 decided 143520 µs after its proposal`.
    func replicaSaid(_ line: String) {
        let words = line.split(separator: " ")
        if let place = words.firstIndex(of: "has"), place > 1, words[place...].prefix(2) == ["has", "begun;"],
            words[place - 2] == "view", let number = UInt64(words[place - 1])
        {
            return noteView(ViewNumber(number))
        }
        guard let place = words.firstIndex(of: "decided"), words.suffix(3) == ["after", "its", "proposal"],
            words.indices.contains(place + 1), let took = Double(words[place + 1])
        else { return }
        state.withLock { state in
            guard let begin = state.begin else { return }
            let now = (ContinuousClock.now - begin) / .microseconds(1)
            state.result.consensus.append(TrialResult.Entry(began: now - took, took: took))
        }
    }

    private func noteView(_ number: ViewNumber) {
        state.withLock { state in
            guard let begin = state.begin, state.views[number] == nil else { return }
            state.views[number] = (ContinuousClock.now - begin) / .microseconds(1)
        }
    }
}
