// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// Where a replica listens: `HOST:PORT`, a name or an IPv4 address, or `[IPv6]:PORT`.
struct Address: Hashable, CustomStringConvertible {
    let host: String
    let port: Int

    init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    init(_ text: String) throws(CommandFailure) {
        guard let colon = text.lastIndex(of: ":") else {
            throw CommandFailure("'\(text)' is not an address: expected HOST:PORT")
        }
        var host = text[..<colon]
        let digits = text[text.index(after: colon)...]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            throw CommandFailure("'\(text)' is not an address: write an IPv6 address as [ADDRESS]:PORT")
        }
        guard !host.isEmpty, host.utf8.allSatisfy(Self.isHostByte) else {
            throw CommandFailure("'\(text)' is not an address: '\(host)' is not the name of a host")
        }
        guard let port = Int(digits), (1...65_535).contains(port) else {
            throw CommandFailure("'\(text)' is not an address: the port must be from 1 to 65535, not '\(digits)'")
        }
        self.init(host: String(host), port: port)
    }

    var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: ":"): true
        case UInt8(ascii: "_"), UInt8(ascii: "%"): true
        default: false
        }
    }
}
