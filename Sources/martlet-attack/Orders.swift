// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// What the command that started this program wants, line by line on standard input, and what it is told.
final class Orders: Sendable {
    private struct State {
        var isActive = false
        var acts = 0
        var isEnded = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    /// Whether to be hostile now.
    var isActive: Bool { state.withLock { $0.isActive } }
    var isEnded: Bool { state.withLock { $0.isEnded } }

    /// Something was done that a correct peer does not do.
    func acted(_ count: Int) { state.withLock { $0.acts += count } }

    func listen() {
        Thread { self.readLines() }.start()
    }

    /// Returns when the input has ended.
    func waitForEnd() async {
        await withCheckedContinuation { continuation in
            let isEnded = state.withLock { state in
                if !state.isEnded { state.waiting.append(continuation) }
                return state.isEnded
            }
            if isEnded { continuation.resume() }
        }
    }

    private func readLines() {
        while let line = readLine() {
            switch line {
            case "begin": state.withLock { $0.isActive = true }
            case "end":
                let acts = state.withLock { state in
                    state.isActive = false
                    return state.acts
                }
                FileHandle.standardOutput.write(Data("acts \(acts)\n".utf8))
            default: break
            }
        }
        let waiting = state.withLock { state in
            state.isActive = false
            state.isEnded = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}
