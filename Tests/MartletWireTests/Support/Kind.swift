// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import MartletWire
import Testing

/// One kind of message, with its type put away so that a test can run over all kinds.
struct Kind: Sendable, CustomTestStringConvertible {
    let name: String
    let encodedBytesMin: Int
    /// The bytes of one in memory, without what it points to.
    let stride: Int
    /// The encoding of a random one.
    let sample: @Sendable (inout Generator) -> Bytes
    /// Decodes and encodes again.
    let recode: @Sendable (Bytes) throws(WireError) -> Bytes
    /// Whether a random one is the same after a round trip.
    let roundTrips: @Sendable (inout Generator) throws(WireError) -> Bool

    var testDescription: String { name }

    init<Message: WireCodable & Equatable & SendableMetatype>(
        _ name: String, _ type: Message.Type, _ make: @escaping @Sendable (inout Generator) -> Message
    ) {
        self.name = name
        encodedBytesMin = Message.encodedBytesMin
        stride = MemoryLayout<Message>.stride
        sample = { generator in make(&generator).encoded() }
        recode = { bytes throws(WireError) in try Message(decoding: bytes).encoded() }
        roundTrips = { generator throws(WireError) in
            let message = make(&generator)
            return try Message(decoding: message.encoded()) == message
        }
    }

    init<Message: WireCodable & Equatable & Sampled>(_ name: String, _ type: Message.Type) {
        self.init(name, type) { generator in Message.sample(&generator) }
    }
}
