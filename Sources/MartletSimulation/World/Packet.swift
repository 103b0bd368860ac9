// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import MartletWire

/// A message on a link: as a value, or in worlds that use the wire format as bytes.
enum Packet<Message: WireCodable & Sendable>: Sendable {
    case value(Message)
    case bytes(Bytes)

    init(_ message: Message, usesWire: Bool) {
        self = usesWire ? .bytes(message.encoded()) : .value(message)
    }

    /// How many bytes it has on the wire; 0 where it is not written.
    var count: Int { if case .bytes(let bytes) = self { bytes.count } else { 0 } }

    /// Throws where bytes are no message, which in a simulated world is a fault of the wire format.
    func message() throws(WireError) -> Message {
        switch self {
        case .value(let message): message
        case .bytes(let bytes): try Message(decoding: bytes)
        }
    }
}
