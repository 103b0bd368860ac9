// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Foundation
import Synchronization

/// No fault: threads and tasks hand over what they may, in all the ways that ThreadSanitizer does not know by itself. If it
/// reports any, `runtime.c` does not tell it enough of this Swift.
@main
struct NoFault {
    final class Box: @unchecked Sendable {
        var number: Int

        init(_ number: Int) { self.number = number }
    }

    static let queue = DispatchQueue(label: "resuming")

    /// Resumed at about the time that it is awaited.
    static func checked(_ number: Int) async -> Box {
        await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: Box(number)) }
        }
    }

    /// Resumed for certain before it is awaited.
    static func early(_ number: Int) async throws -> Box {
        try await withUnsafeThrowingContinuation { continuation in
            queue.async { continuation.resume(returning: Box(number)) }
            usleep(10_000)
        }
    }

    /// By more threads than there are processors.
    static func contended() -> Int {
        let mutex = Mutex(Box(0))
        let group = DispatchGroup()
        for _ in 0..<4 {
            DispatchQueue.global().async(group: group) {
                for _ in 0..<20_000 { mutex.withLock { $0.number += 1 } }
            }
        }
        group.wait()
        return mutex.withLock { $0.number }
    }

    static func main() async throws {
        var sum = contended()
        for number in 0..<20_000 {
            let box = await checked(number)
            box.number += 1
            sum += box.number
        }
        for number in 0..<100 {
            let box = try await early(number)
            box.number += 1
            sum += box.number
        }
        print(sum)
    }
}
