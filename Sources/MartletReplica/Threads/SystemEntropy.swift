// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// Random numbers that nobody outside of this process can know: the system's own generator.
enum SystemEntropy {
    static func numbers(_ count: Int) -> [UInt64] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in generator.next() }
    }

    /// One that is not 0.
    static var positive: UInt64 { .random(in: 1 ... .max) }
}
