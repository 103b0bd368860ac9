// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Why an address cannot be listened at, in words that say what to do.
package struct ListenError: Error, Hashable, CustomStringConvertible {
    package let description: String

    init(_ error: any Error) {
        guard let error = error as? IOError else {
            description = "\(error)"
            return
        }
        switch error.errnoCode {
        case EADDRINUSE: description = "another process listens there: stop it, or choose another port"
        case EADDRNOTAVAIL: description = "this machine has no such address: choose one of its own, or 0.0.0.0 for all"
        case EACCES: description = "that needs more rights: choose a port above 1023"
        default: description = error.description
        }
    }
}
