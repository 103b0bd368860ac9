// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import NIOCore
import Synchronization

/// The mailbox between the threads that send and the event loop that writes. Frames are copied into one buffer as they
/// are handed over, so that the loop writes, and TLS seals, one piece however many frames there are; and the loop is
/// woken only when it does not know of waiting frames yet.
final class Outbox: Sendable {
    /// What became of frames that were handed over. Those that were not taken are counted already.
    enum Verdict {
        /// They wait; the loop knows.
        case queued
        /// They wait; the loop must be told (`take`).
        case queuedFirst
        /// The queue is full, and they were not taken.
        case full
        /// Nothing is sent any more.
        case closed
    }

    private struct State {
        var waiting = ByteBuffer()
        var waitingCount = 0
        /// Bytes handed to the connection that have not reached the operating system.
        var writingBytes = 0
        var isLoopTold = false
        var isClosed = false
        /// While there is no connection older frames give way to newer ones.
        var isUnreachable: Bool

        /// Returns how many frames were forgotten.
        mutating func forgetWaiting() -> Int {
            defer {
                waiting = ByteBuffer()
                waitingCount = 0
            }
            return waitingCount
        }
    }

    private let queueBytesMax: Int
    private let unreachableQueueBytesMax: Int
    private let counters: LinkCounters
    private let state: Mutex<State>

    init(queueBytesMax: Int, unreachableQueueBytesMax: Int, isUnreachable: Bool, counters: LinkCounters) {
        self.queueBytesMax = queueBytesMax
        self.unreachableQueueBytesMax = unreachableQueueBytesMax
        self.counters = counters
        state = Mutex(State(isUnreachable: isUnreachable))
    }

    // MARK: From any thread

    /// Takes all frames or none.
    func append(_ frames: some Collection<Bytes>) -> Verdict {
        append(count: frames.count, byteCount: frames.reduce(0) { $0 + FrameParser.headerBytes + $1.count }) { buffer in
            for frame in frames {
                buffer.writeInteger(UInt32(frame.count))
                buffer.writeBytes(frame)
            }
        }
    }

    func append(_ batch: FrameBatch) -> Verdict {
        append(count: batch.count, byteCount: batch.byteCount) { $0.writeImmutableBuffer(batch.buffer) }
    }

    private func append(count: Int, byteCount: Int, write: (inout ByteBuffer) -> Void) -> Verdict {
        let (verdict, dropped) = state.withLock { state -> (Verdict, Int) in
            guard !state.isClosed else { return (.closed, count) }
            var dropped = 0
            if state.isUnreachable, state.waiting.readableBytes + byteCount > unreachableQueueBytesMax {
                dropped = state.forgetWaiting()
            }
            // A frame that is longer than the whole bound still travels when nothing else waits.
            let queuedBytes = state.waiting.readableBytes + state.writingBytes
            guard queuedBytes == 0 || queuedBytes + byteCount <= queueBytesMax else { return (.full, count) }
            state.waiting.reserveCapacity(minimumWritableBytes: byteCount)
            write(&state.waiting)
            state.waitingCount += count
            defer { state.isLoopTold = true }
            return (state.isLoopTold ? .queued : .queuedFirst, dropped)
        }
        if dropped > 0 { counters.dropped(frames: dropped) }
        return verdict
    }

    // MARK: From the event loop

    /// All that waits, or nil. Afterwards the next frames tell the loop again.
    func take() -> ByteBuffer? {
        let (taken, count) = state.withLock { state -> (ByteBuffer, Int) in
            state.isLoopTold = false
            defer {
                state.waiting = ByteBuffer()
                state.waitingCount = 0
            }
            state.writingBytes += state.waiting.readableBytes
            return (state.waiting, state.waitingCount)
        }
        guard count > 0 else { return nil }
        counters.sent(frames: count, bytes: taken.readableBytes)
        return taken
    }

    /// So many bytes that were taken have reached the operating system, or were lost with their connection.
    func written(bytes: Int) {
        state.withLock { $0.writingBytes -= bytes }
    }

    func connectionChanged(isUnreachable: Bool) {
        state.withLock { $0.isUnreachable = isUnreachable }
    }

    /// Takes no more frames, and forgets those that wait when `isForgetful`.
    func close(isForgetful: Bool) {
        let dropped = state.withLock { state in
            state.isClosed = true
            return isForgetful ? state.forgetWaiting() : 0
        }
        if dropped > 0 { counters.dropped(frames: dropped) }
    }

    var isEmpty: Bool { state.withLock { $0.waitingCount == 0 && $0.writingBytes == 0 } }

    /// Bytes waiting and being written.
    var queuedBytes: Int { state.withLock { $0.waiting.readableBytes + $0.writingBytes } }
}
