// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import MartletWire
import NIOCore

/// The first frame of a connection: a hello, and before it, where no security layer proves one, the key that the dialer
/// claims.
struct Greeting {
    static let keyBytes = 32
    /// The longest handshake frame, either way.
    static let frameBytesMax = Limits.handshakeBytes.max + keyBytes

    let hello: Hello
    /// Only without a security layer.
    let claimedKey: PublicKey?

    init(hello: Hello, claimedKey: PublicKey?) {
        self.hello = hello
        self.claimedKey = claimedKey
    }

    /// Reads the one frame of a handshake's batch.
    init(_ batch: FrameBatch, claimsKey: Bool) throws(WireError) {
        self = try batch.withFirst { (span: RawSpan) throws(WireError) -> Greeting in
            guard claimsKey else { return Greeting(hello: try Hello(decoding: span), claimedKey: nil) }
            guard span.byteCount > Self.keyBytes else { throw .truncated }
            let words = try Reader.read(span.extracting(first: Self.keyBytes)) {
                (reader: inout Reader) throws(WireError) in try reader.words32()
            }
            let hello = try Hello(decoding: span.extracting(droppingFirst: Self.keyBytes))
            return Greeting(hello: hello, claimedKey: PublicKey(words: words))
        }
    }

    var frame: Bytes { (claimedKey?.words.bytes ?? []) + hello.encoded() }
}

extension Hello {
    var isFromReplica: Bool { if case .replica = role { true } else { false } }
}

extension HelloAnswer {
    /// Reads the one frame of a handshake's batch.
    init(_ batch: FrameBatch) throws(WireError) {
        self = try batch.withFirst { (span: RawSpan) throws(WireError) in try HelloAnswer(decoding: span) }
    }
}
