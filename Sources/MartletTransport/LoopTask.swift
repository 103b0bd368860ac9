// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes
package import NIOCore

/// Work on an event loop that is asked for from anywhere, does then all there is to do, and may come back at a time of
/// its own choosing. Beside connections of the same loop it costs no change of threads.
package final class LoopTask: Sendable {
    /// Does all there is to do; says when to be called again even if nobody asks.
    package typealias Body = () -> Instant?

    private struct State {
        var body: Body?
        var timer: (due: Instant, task: Scheduled<Void>)?
    }

    private let eventLoop: any EventLoop
    private let state: NIOLoopBoundBox<State>

    package init(eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        state = NIOLoopBoundBox.makeBoxSendingValue(State(), eventLoop: eventLoop)
    }

    /// `makeBody` is called on the loop, so that what the body holds never leaves it. Then the body runs a first time.
    package func start(_ makeBody: @escaping @Sendable () -> Body) {
        eventLoop.execute { [self] in
            state.value.body = makeBody()
            run()
        }
    }

    /// Runs the body soon. Nothing happens before `start` and after `stop`.
    package func request() {
        eventLoop.execute { [self] in run() }
    }

    /// Runs the body a last time and returns when it is gone.
    package func stop() async {
        await withCheckedContinuation { continuation in
            eventLoop.execute { [self] in
                run()
                state.value.timer?.task.cancel()
                state.value.timer = nil
                state.value.body = nil
                continuation.resume()
            }
        }
    }

    private func run() {
        guard let body = state.value.body, let due = body() else { return }
        // A timer that is early only costs one needless run, which is cheaper than to set another one each time.
        if let timer = state.value.timer, timer.due <= due { return }
        state.value.timer?.task.cancel()
        let deadline = NIODeadline.uptimeNanoseconds(min(due.rawValue, UInt64(Int64.max)))
        let task = eventLoop.scheduleTask(deadline: deadline) { [self] in
            state.value.timer = nil
            run()
        }
        state.value.timer = (due, task)
    }
}
