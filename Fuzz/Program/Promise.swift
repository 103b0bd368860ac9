// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// Traps when a promise is broken, saying which, in an optimised build too.
func hold(_ isKept: @autoclosure () -> Bool, _ promise: @autoclosure () -> String = "a promise") {
    guard isKept() else { fatalError("broken: \(promise())") }
}
