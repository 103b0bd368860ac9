// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// A value with one encoding: what decodes encodes to the same bytes again. Integers are big-endian, lengths and counts
/// take four bytes, an optional is a byte 0 or 1 before its value, an enum a byte that names its case.
package protocol WireCodable {
    /// The fewest bytes that any value takes; holds a list's count to the bytes that are there.
    static var encodedBytesMin: Int { get }
    /// About how many bytes this value takes; only to reserve memory once.
    var encodedSizeHint: Int { get }

    func encode(into writer: inout Writer)
    init(from reader: inout Reader) throws(WireError)
}

extension WireCodable {
    package static var encodedBytesMin: Int { 1 }
    package var encodedSizeHint: Int { 128 }

    package func encoded() -> Bytes {
        var writer = Writer(capacity: encodedSizeHint)
        encode(into: &writer)
        return writer.finish()
    }

    /// Reads a value that takes up the whole input.
    package init(decoding bytes: Bytes) throws(WireError) {
        self = try unsafe Reader.read(bytes.span.bytes) { (reader: inout Reader) throws(WireError) in
            try Self(from: &reader)
        }
    }

    /// Reads a value that takes up the whole span, which is not copied.
    package init(decoding span: RawSpan) throws(WireError) {
        self = try Reader.read(span) { (reader: inout Reader) throws(WireError) in try Self(from: &reader) }
    }

    /// Reads a value that takes up the whole buffer, which is not copied and must stay valid until this returns.
    @unsafe
    package init(decoding buffer: UnsafeRawBufferPointer) throws(WireError) {
        self = try unsafe Reader.read(buffer) { (reader: inout Reader) throws(WireError) in try Self(from: &reader) }
    }
}

/// The version of the format that this program writes and reads: the first byte of every top-level message.
package enum WireFormat {
    package static let version: UInt8 = 1
}
