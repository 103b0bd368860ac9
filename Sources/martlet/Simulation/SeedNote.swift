// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Remembers which seed a thread runs, so that a trap in the code that is simulated tells which seed it was. The note is the
/// thread's own name: the operating system keeps it, `top -H` and debuggers show it, and a signal handler may read it.
enum SeedNote {
    private static let mark = UInt8(ascii: "@")
    /// The calling thread's name, as a file.
    private static let place: StaticString = "/proc/thread-self/comm"

    /// This thread runs that seed from now on. Where the note cannot be made, a trap will not tell.
    static func begin(_ seed: UInt64) {
        let file = unsafe open(place.pointer, O_WRONLY)
        guard file >= 0 else { return }
        // A name has 15 bytes at most; any seed fits in 13 digits of base 36.
        let name = Array("@\(String(seed, radix: 36))".utf8)
        _ = unsafe write(file, name, name.count)
        close(file)
    }

    /// From now on a trap tells the seed of the thread it happens on, and then does what it would have done.
    static func install() {
        for signal in [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGABRT] {
            var action = sigaction()
            unsafe action.__sigaction_handler.sa_handler = { _ in SeedNote.tell() }
            // SA_RESETHAND: the trap comes again when the handler returns, and then ends the process.
            action.sa_flags = Int32(bitPattern: 0x8000_0000)
            _ = unsafe sigaction(signal, &action, nil)
        }
    }

    /// Inside of a signal handler: nothing here takes memory or locks.
    private static func tell() {
        let file = unsafe open(place.pointer, O_RDONLY)
        guard file >= 0 else { return }
        unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 32) { name in
            unsafe name.initialize(repeating: 0)
            guard unsafe read(file, name.baseAddress, name.count) > 0, unsafe name[0] == mark else { return }
            say("\nthe simulator trapped in seed ")
            say(unsafe seed(in: name))
            say("\n")
        }
        close(file)
    }

    private static func seed(in name: UnsafeMutableBufferPointer<UInt8>) -> UInt64 {
        var seed: UInt64 = 0
        for place in 1..<16 {
            switch unsafe name[place] {
            case let byte where (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte):
                seed = seed &* 36 &+ UInt64(byte - UInt8(ascii: "0"))
            case let byte where (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte):
                seed = seed &* 36 &+ UInt64(byte - UInt8(ascii: "a") + 10)
            default: return seed
            }
        }
        return seed
    }

    private static func say(_ text: StaticString) {
        _ = unsafe write(STDERR_FILENO, text.utf8Start, text.utf8CodeUnitCount)
    }

    private static func say(_ number: UInt64) {
        if number >= 10 { say(number / 10) }
        var digit = UInt8(ascii: "0") + UInt8(number % 10)
        _ = unsafe write(STDERR_FILENO, &digit, 1)
    }
}

extension StaticString {
    /// Ends with a zero byte, as literals do.
    fileprivate var pointer: UnsafePointer<CChar> {
        unsafe UnsafeRawPointer(utf8Start).assumingMemoryBound(to: CChar.self)
    }
}
