// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Dispatch
import MartletTransport
import MartletTypes
import Synchronization

/// Whose bytes wait in a mailbox.
enum Lane {
    case clients
    case replicas
}

/// Where stages meet: anyone posts, one taker takes all that waits at once, and is woken once per batch.
///
/// Who reads from a connection says how many bytes it posts, and is held back above a mark. Clients have a mark of
/// their own, so that they cannot crowd out the replicas.
final class Mailbox<Element: Sendable>: Sendable {
    /// Who takes.
    enum Taker {
        /// A thread of its own, which sleeps in `wait(into:)`.
        case thread
        /// A task on an event loop, which calls `take(into:)`.
        case task(LoopTask)
    }

    private struct State {
        var queue: [Element] = []
        var clientBytes = 0
        var replicaBytes = 0
        var held: [@Sendable () -> Void] = []
        /// It does not know yet of anything that is posted next.
        var isTakerAsleep = true
        var isClosed = false

        /// Whether the taker has to be woken; the caller does it after the lock is released.
        mutating func wakeTaker() -> Bool {
            defer { isTakerAsleep = false }
            return isTakerAsleep
        }

        /// Returns who was held back.
        mutating func empty(into batch: inout [Element]) -> [@Sendable () -> Void] {
            swap(&queue, &batch)
            clientBytes = 0
            replicaBytes = 0
            defer { held.removeAll() }
            return held
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
    private let taker: Taker
    private let awakening = DispatchSemaphore(value: 0)

    /// Each lane is held back while more than so many of its bytes wait.
    init(bytesMax: Int, taker: Taker) {
        self.bytesMax = bytesMax
        self.taker = taker
    }

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
        if mustWake { wake() }
    }

    /// Posts what was read from a connection. False when its lane is over the mark: the caller stops reading from that
    /// connection and calls `hold`.
    func post(_ elements: [Element], bytes: Int, lane: Lane) -> Bool {
        let (mustWake, isBelowMark) = state.withLock { state in
            state.queue.append(contentsOf: elements)
            let waiting = state.add(bytes, lane)
            return (state.wakeTaker(), waiting <= bytesMax)
        }
        if mustWake { wake() }
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
        if mustWake { wake() }
    }

    private func wake() {
        switch taker {
        case .thread: awakening.signal()
        case .task(let task): task.request()
        }
    }

    // MARK: - From the taker

    var isClosed: Bool { state.withLock { $0.isClosed } }

    /// Replaces `batch` by everything that waits, which may be nothing. Whatever is posted later wakes the task again.
    func take(into batch: inout [Element]) {
        batch.removeAll(keepingCapacity: true)
        let held = state.withLock { state in
            state.isTakerAsleep = true
            return state.empty(into: &batch)
        }
        for resume in held { resume() }
    }

    /// Replaces `batch` by everything that waits; sleeps while there is nothing, or until that time. False when the mailbox is
    /// closed and empty.
    func wait(into batch: inout [Element], until end: Instant? = nil) -> Bool {
        batch.removeAll(keepingCapacity: true)
        while true {
            let (held, isClosed) = state.withLock { state in
                state.isTakerAsleep = state.queue.isEmpty && !state.isClosed
                return (state.empty(into: &batch), state.isClosed)
            }
            for resume in held { resume() }
            if !batch.isEmpty { return true }
            if isClosed { return false }
            guard let end else {
                awakening.wait()
                continue
            }
            if awakening.wait(timeout: DispatchTime(uptimeNanoseconds: end.rawValue)) == .timedOut { return true }
        }
    }
}
