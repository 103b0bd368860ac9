// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// An append-only buffer of big-endian integers and bytes. Cannot fail; whoever fills it keeps to `Limits`, or the
/// reader refuses the result.
package struct Writer: ~Copyable {
    /// The bytes written, and zeros behind them that are not written yet. (Storing into bytes that are there costs half
    /// of appending to an array.)
    private var storage: Bytes
    /// How many bytes were written.
    package private(set) var count = 0

    package init(capacity: Int = 0) { storage = Bytes(repeating: 0, count: capacity) }

    /// A copy of what was written so far.
    package var bytes: Bytes { Bytes(storage[..<count]) }

    /// Empties it for another message without giving up its memory.
    package mutating func removeAll() { count = 0 }

    /// Makes room for so many more bytes, at least doubling, so that many small reservations stay linear.
    package mutating func reserve(_ more: Int) {
        guard count + more > storage.count else { return }
        let grown = max(count + more, 2 * storage.count, 64)
        storage.append(contentsOf: repeatElement(0, count: grown - storage.count))
    }

    /// What was written, without a copy.
    package consuming func finish() -> Bytes {
        storage.removeLast(storage.count - count)
        return storage
    }

    // MARK: - Integers

    package mutating func write(_ value: UInt8) { appendInteger(value) }
    package mutating func write(_ value: UInt16) { appendInteger(value) }
    package mutating func write(_ value: UInt32) { appendInteger(value) }
    package mutating func write(_ value: UInt64) { appendInteger(value) }
    package mutating func write(_ value: Bool) { appendInteger(UInt8(value ? 1 : 0)) }

    /// Two bytes at once: a format version or flag and a tag.
    package mutating func write(_ first: UInt8, _ second: UInt8) {
        appendInteger(UInt16(first) << 8 | UInt16(second))
    }

    package mutating func write(_ first: UInt64, _ second: UInt64) {
        append((first.bigEndian, second.bigEndian))
    }

    package mutating func write(_ first: UInt64, _ second: UInt64, _ third: UInt64) {
        append((first.bigEndian, second.bigEndian, third.bigEndian))
    }

    package mutating func write(_ words: Words32) {
        append((words.word0.bigEndian, words.word1.bigEndian, words.word2.bigEndian, words.word3.bigEndian))
    }

    /// A number of a type of its own, as wide as its raw value.
    package mutating func write(_ number: some DistinctNumber) { appendInteger(number.rawValue) }

    // MARK: - Bytes

    /// The bytes alone, without their length.
    package mutating func writeRaw(_ value: Bytes) { unsafe value.withUnsafeBytes { unsafe append($0) } }

    package mutating func writeBytes(_ value: Bytes) {
        writeCount(value.count)
        writeRaw(value)
    }

    package mutating func writeString(_ value: String) {
        var value = value
        writeCount(value.utf8.count)
        value.withUTF8 { unsafe append(UnsafeRawBufferPointer($0)) }
    }

    /// A constant text of ASCII, as `writeString` writes it.
    package mutating func writeConstant(_ value: StaticString) {
        writeCount(value.utf8CodeUnitCount)
        value.withUTF8Buffer { unsafe append(UnsafeRawBufferPointer($0)) }
    }

    // MARK: - Lists and optionals

    /// Traps above 2³²−1, far beyond every limit.
    package mutating func writeCount(_ count: Int) { appendInteger(UInt32(count)) }

    package mutating func writeList(_ values: [some WireCodable]) {
        writeCount(values.count)
        for value in values { value.encode(into: &self) }
    }

    package mutating func writeOptionals(_ values: [(some WireCodable)?]) {
        writeCount(values.count)
        for value in values { writeOptional(value) }
    }

    package mutating func writeOptional(_ value: (some WireCodable)?) {
        guard let value else { return write(false) }
        write(true)
        value.encode(into: &self)
    }

    // MARK: - Memory

    @inline(__always)
    private mutating func appendInteger(_ value: some FixedWidthInteger) {
        append(value.bigEndian)
    }

    /// The memory of a trivial value without padding, in one step.
    @inline(__always)
    private mutating func append<Value>(_ value: Value) {
        let end = count + MemoryLayout<Value>.size
        if end > storage.count { reserve(MemoryLayout<Value>.size) }
        unsafe storage.withUnsafeMutableBytes {
            unsafe $0.storeBytes(of: value, toByteOffset: count, as: Value.self)
        }
        count = end
    }

    private mutating func append(_ source: UnsafeRawBufferPointer) {
        reserve(source.count)
        let target = count..<count + source.count
        unsafe storage.withUnsafeMutableBytes {
            unsafe UnsafeMutableRawBufferPointer(rebasing: $0[target]).copyMemory(from: source)
        }
        count = target.upperBound
    }
}
