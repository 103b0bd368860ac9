// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// How a process ended.
enum ProcessEnding: Hashable, CustomStringConvertible {
    case exited(Int32)
    case signaled(Int32)
    /// It could not be started or watched.
    case failed(String)

    var description: String {
        switch self {
        case .exited(0): "stopped"
        case .exited(let code): "ended with exit status \(code)"
        case .signaled(9): "was killed (signal 9)"
        case .signaled(let signal): "was ended by signal \(signal)"
        case .failed(let reason): reason
        }
    }
}
