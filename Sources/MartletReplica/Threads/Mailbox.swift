// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Dispatch
import MartletTypes
import Synchronization

/// Whose bytes wait in a mailbox.
enum Lane {
    case clients
    case replicas
}

/// Where stages meet: any thread posts, one thread takes all that waits at once. The taker is woken once per batch, and
/// only when it sleeps.
///
/// Who reads from a connection says how many bytes it posts, and is held back above a mark. Clients have a mark of
/// their own, so that they cannot crowd out the replicas.
final class Mailbox<Element: Sendable>: Sendable {
    private struct State {
        var queue: [Element] = []
        var clientBytes = 0
        var replicaBytes = 0
        var held: [@Sendable () -> Void] = []
        var isTakerAsleep = false
        var isClosed = false

        /// Whether the taker has to be woken; the caller does it after the lock is released.
        mutating func wakeTaker() -> Bool {
            defer { isTakerAsleep = false }
            return isTakerAsleep
        }

        mutating func add(_ bytes: Int, _ lane: Lane) -> Int {
            switch lane {
            case .clients:
                clientBytes += bytes
                return clientBytes
            case .replicas:
                replicaBytes += bytes
                return replicaBytes
            }
        }
    }

    private let bytesMax: Int
    private let state = Mutex(State())
    private let wake = DispatchSemaphore(value: 0)

    /// Each lane is held back while more than so many of its bytes wait.
    init(bytesMax: Int) { self.bytesMax = bytesMax }

    // MARK: - From any thread

    func post(_ element: Element) { post { $0.append(element) } }

    func post(_ elements: [Element]) {
        guard !elements.isEmpty else { return }
        post { $0.append(contentsOf: elements) }
    }

    private func post(_ append: (inout [Element]) -> Void) {
        let mustWake = state.withLock { state in
            append(&state.queue)
            return state.wakeTaker()
        }
        if mustWake { wake.signal() }
    }

    /// Posts what was read from a connection. False when its lane is over the mark: the caller stops reading from that
    /// connection and calls `hold`.
    func post(_ elements: [Element], bytes: Int, lane: Lane) -> Bool {
        let (mustWake, isBelowMark) = state.withLock { state in
            state.queue.append(contentsOf: elements)
            let waiting = state.add(bytes, lane)
            return (state.wakeTaker(), waiting <= bytesMax)
        }
        if mustWake { wake.signal() }
        return isBelowMark
    }

    /// Calls `resume` once what waits has been taken. Called after the caller has stopped reading, so that the two
    /// never take effect in the wrong order.
    func hold(_ resume: @escaping @Sendable () -> Void) {
        let isTakenAlready = state.withLock { state in
            guard !state.queue.isEmpty else { return true }
            state.held.append(resume)
            return false
        }
        if isTakenAlready { resume() }
    }

    /// What waits can still be taken; afterwards `take` returns false.
    func close() {
        let mustWake = state.withLock { state in
            state.isClosed = true
            return state.wakeTaker()
        }
        if mustWake { wake.signal() }
    }

    // MARK: - From the one taking thread

    /// Replaces `batch` by everything that waits; sleeps while there is nothing, at most until `deadline`. An empty batch
    /// means that the deadline has come. False when the mailbox is closed and empty.
    func take(into batch: inout [Element], until deadline: Instant?) -> Bool {
        batch.removeAll(keepingCapacity: true)
        while true {
            var held: [@Sendable () -> Void] = []
            let isDone: Bool? = state.withLock { state in
                if !state.queue.isEmpty {
                    swap(&state.queue, &batch)
                    state.clientBytes = 0
                    state.replicaBytes = 0
                    swap(&state.held, &held)
                    return false
                }
                if state.isClosed { return true }
                state.isTakerAsleep = true
                return nil
            }
            for resume in held { resume() }
            if let isDone { return !isDone }
            if !sleep(until: deadline) { return true }
        }
    }

    /// False when the deadline has come and nobody has posted.
    private func sleep(until deadline: Instant?) -> Bool {
        guard let deadline else {
            wake.wait()
            return true
        }
        let time = DispatchTime(uptimeNanoseconds: min(deadline.rawValue, UInt64(Int64.max)))
        if wake.wait(timeout: time) == .success { return true }
        let wasAsleep = state.withLock { state in
            defer { state.isTakerAsleep = false }
            return state.isTakerAsleep
        }
        // Somebody has posted in this moment: their signal must be taken too, or the next sleep would end at once.
        if !wasAsleep { wake.wait() }
        return !wasAsleep
    }
}
