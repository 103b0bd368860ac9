// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Keeps what happened in order, and lets a test wait until enough has.
final class Recorder<Value: Sendable>: Sendable {
    private struct Waiter {
        let isEnough: @Sendable ([Value]) -> Bool
        let continuation: CheckedContinuation<[Value], Never>
    }

    private struct State {
        var values: [Value] = []
        var waiters: [Waiter] = []
    }

    private let state = Mutex(State())

    func record(_ value: Value) { record(contentsOf: [value]) }

    func record(contentsOf values: [Value]) {
        let (all, ready) = state.withLock { state -> ([Value], [Waiter]) in
            state.values += values
            let all = state.values
            let ready = state.waiters.filter { $0.isEnough(all) }
            state.waiters.removeAll { $0.isEnough(all) }
            return (all, ready)
        }
        for waiter in ready { waiter.continuation.resume(returning: all) }
    }

    var values: [Value] { state.withLock { $0.values } }

    /// A test that waits in vain is ended by its time limit.
    @discardableResult
    func wait(until isEnough: @escaping @Sendable ([Value]) -> Bool) async -> [Value] {
        await withCheckedContinuation { continuation in
            let all = state.withLock { state -> [Value]? in
                if isEnough(state.values) { return state.values }
                state.waiters.append(Waiter(isEnough: isEnough, continuation: continuation))
                return nil
            }
            if let all { continuation.resume(returning: all) }
        }
    }

    @discardableResult
    func wait(forCount count: Int) async -> [Value] { await wait { $0.count >= count } }
}

extension Recorder where Value: Equatable {
    func wait(for value: Value) async { await wait { $0.contains(value) } }
}
