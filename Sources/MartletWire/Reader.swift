// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// A position in bytes that someone else holds. Lives inside `Reader.read` only: it can be neither made nor kept
/// elsewhere, which is why it may hold a plain pointer. Total: every call gives a value or an error.
@safe
package struct Reader: ~Copyable {
    private let buffer: UnsafeRawBufferPointer
    private var position = 0

    private init(_ buffer: UnsafeRawBufferPointer) { unsafe self.buffer = unsafe buffer }

    /// Runs `body` over the span and insists that it reads all of it.
    package static func read<Value>(
        _ span: RawSpan, _ body: (inout Reader) throws(WireError) -> Value
    ) throws(WireError) -> Value {
        try unsafe span.withUnsafeBytes { (buffer: UnsafeRawBufferPointer) throws(WireError) -> Value in
            try unsafe read(buffer, body)
        }
    }

    @unsafe
    package static func read<Value>(
        _ buffer: UnsafeRawBufferPointer, _ body: (inout Reader) throws(WireError) -> Value
    ) throws(WireError) -> Value {
        var reader = unsafe Reader(buffer)
        let value = try body(&reader)
        guard reader.remaining == 0 else { throw .trailingBytes(reader.remaining) }
        return value
    }

    /// How many bytes are left.
    package var remaining: Int { unsafe buffer.count - position }

    // MARK: - Integers

    @inline(__always)
    package mutating func uint8() throws(WireError) -> UInt8 { try integer() }
    package mutating func uint16() throws(WireError) -> UInt16 { try integer() }
    package mutating func uint32() throws(WireError) -> UInt32 { try integer() }
    package mutating func uint64() throws(WireError) -> UInt64 { try integer() }

    package mutating func bool() throws(WireError) -> Bool {
        let byte = try uint8()
        guard byte <= 1 else { throw .notCanonical("a Boolean is \(byte)") }
        return byte == 1
    }

    @inline(__always)
    package mutating func words32() throws(WireError) -> Words32 {
        let start = try advance(by: 32)
        return Words32(word(at: start), word(at: start + 8), word(at: start + 16), word(at: start + 24))
    }

    /// A number of a type of its own.
    @inline(__always)
    package mutating func number<Number: DistinctNumber>(_ type: Number.Type) throws(WireError) -> Number {
        Number(rawValue: try integer())
    }

    /// A number that starts at 1.
    @inline(__always)
    package mutating func positive<Number: DistinctNumber>(_ type: Number.Type) throws(WireError) -> Number {
        let value: Number.RawValue = try integer()
        guard value > 0 else { throw .valueOutOfRange(field: "\(type)", value: 0) }
        return Number(rawValue: value)
    }

    // MARK: - Bytes

    package mutating func bytes(_ limit: Limit) throws(WireError) -> Bytes {
        let count = try count(limit, elementBytesMin: 1)
        let start = try advance(by: count)
        return unsafe Bytes(UnsafeRawBufferPointer(rebasing: buffer[start..<start + count]))
    }

    /// UTF-8, nothing repaired.
    package mutating func string(_ limit: Limit) throws(WireError) -> String {
        guard let text = String(validating: try bytes(limit), as: UTF8.self) else { throw .notText }
        return text
    }

    // MARK: - Lists and optionals

    /// A count that is within its limit and that the rest of the input can hold.
    package mutating func count(_ limit: Limit, elementBytesMin: Int) throws(WireError) -> Int {
        let count = Int(try uint32())
        try limit.check(count)
        // Cannot overflow: both factors are below 2^32.
        guard count * elementBytesMin <= remaining else { throw .overlong(count: count, bytesRemaining: remaining) }
        return count
    }

    package mutating func list<Element: WireCodable>(
        of type: Element.Type, _ limit: Limit
    ) throws(WireError) -> [Element] {
        let count = try count(limit, elementBytesMin: Element.encodedBytesMin)
        var elements: [Element] = []
        elements.reserveCapacity(count)
        for _ in 0..<count { elements.append(try Element(from: &self)) }
        return elements
    }

    /// A list whose keys strictly ascend, so that it can be written in one way only.
    package mutating func list<Element: WireCodable, Key: Comparable>(
        of type: Element.Type, _ limit: Limit, ascendingBy key: (Element) -> Key
    ) throws(WireError) -> [Element] {
        let count = try count(limit, elementBytesMin: Element.encodedBytesMin)
        var elements: [Element] = []
        elements.reserveCapacity(count)
        for _ in 0..<count {
            let element = try Element(from: &self)
            if let last = elements.last, key(last) >= key(element) {
                throw .notCanonical("\(limit.name) must strictly ascend")
            }
            elements.append(element)
        }
        return elements
    }

    /// A list in which elements may be absent.
    package mutating func optionals<Element: WireCodable>(
        of type: Element.Type, _ limit: Limit
    ) throws(WireError) -> [Element?] {
        let count = try count(limit, elementBytesMin: 1)
        var elements: [Element?] = []
        elements.reserveCapacity(count)
        for _ in 0..<count { elements.append(try optional(Element.self)) }
        return elements
    }

    package mutating func optional<Value: WireCodable>(_ type: Value.Type) throws(WireError) -> Value? {
        try bool() ? try Value(from: &self) : nil
    }

    // MARK: - Format

    /// The first byte of every top-level message.
    package mutating func expectVersion() throws(WireError) {
        let version = try uint8()
        guard version == WireFormat.version else { throw .unknownVersion(version) }
    }

    /// A case of an enum that is a byte. `name`: what people call it; a private type's own differs with how it is compiled.
    package mutating func enumeration<Value: RawRepresentable<UInt8>>(
        _ type: Value.Type, _ name: StaticString
    ) throws(WireError) -> Value {
        let tag = try uint8()
        guard let value = Value(rawValue: tag) else { throw .unknownTag(type: "\(name)", tag: tag) }
        return value
    }

    // MARK: - Memory

    /// Moves on and says where the bytes begin; all other access goes through here first.
    @inline(__always)
    private mutating func advance(by count: Int) throws(WireError) -> Int {
        guard count <= remaining else { throw .truncated }
        defer { position += count }
        return position
    }

    @inline(__always)
    private func word(at offset: Int) -> UInt64 {
        unsafe UInt64(bigEndian: buffer.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    @inline(__always)
    private mutating func integer<Integer: FixedWidthInteger>() throws(WireError) -> Integer {
        let start = try advance(by: MemoryLayout<Integer>.size)
        return unsafe Integer(bigEndian: buffer.loadUnaligned(fromByteOffset: start, as: Integer.self))
    }
}
