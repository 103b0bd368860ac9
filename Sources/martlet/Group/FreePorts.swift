// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Ports of this machine that nothing listens on.
enum FreePorts {
    /// Below the range from which systems take the ports of outgoing connections (from 32768 on Linux), so that a
    /// replica finds its port free also later.
    private static let range = 20_000..<32_000

    /// So many consecutive ports that are free now.
    static func consecutive(_ count: Int) throws(CommandFailure) -> Int {
        let last = range.upperBound - count
        for _ in 0..<100 where last > range.lowerBound {
            let base = Int.random(in: range.lowerBound..<last)
            if (base..<base + count).allSatisfy(isFree) { return base }
        }
        throw CommandFailure(
            "no \(count) consecutive ports are free from \(range.lowerBound) on: choose some with --base-port")
    }

    /// Whether this program may listen on the port of 127.0.0.1.
    static func isFree(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { _ = close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(INADDR_LOOPBACK).bigEndian
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe bind(descriptor, $0, size) == 0 }
        }
    }
}
