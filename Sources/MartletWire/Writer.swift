// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// An append-only buffer of big-endian integers and bytes. Cannot fail; whoever fills it keeps to `Limits`, or the
/// reader refuses the result.
package struct Writer: ~Copyable {
    /// What was written so far. Whoever keeps a copy of it makes the next write copy the buffer.
    package private(set) var bytes: Bytes = []

    package init(capacity: Int = 0) { bytes.reserveCapacity(capacity) }

    package var count: Int { bytes.count }

    /// Empties it for another message without giving up its memory.
    package mutating func removeAll(keepingCapacity: Bool = true) {
        bytes.removeAll(keepingCapacity: keepingCapacity)
    }

    /// Makes room for so many more bytes, at least doubling, so that many small reservations stay linear.
    package mutating func reserve(_ more: Int) {
        guard bytes.count + more > bytes.capacity else { return }
        bytes.reserveCapacity(max(bytes.count + more, 2 * bytes.capacity))
    }

    package consuming func finish() -> Bytes { bytes }

    // MARK: - Integers

    package mutating func write(_ value: UInt8) { bytes.append(value) }
    package mutating func write(_ value: UInt16) { appendInteger(value) }
    package mutating func write(_ value: UInt32) { appendInteger(value) }
    package mutating func write(_ value: UInt64) { appendInteger(value) }
    package mutating func write(_ value: Bool) { bytes.append(value ? 1 : 0) }

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
    package mutating func writeRaw(_ value: Bytes) { bytes.append(contentsOf: value) }

    package mutating func writeBytes(_ value: Bytes) {
        writeCount(value.count)
        bytes.append(contentsOf: value)
    }

    package mutating func writeString(_ value: String) {
        writeCount(value.utf8.count)
        bytes.append(contentsOf: value.utf8)
    }

    // MARK: - Lists and optionals

    /// Traps above 2³²−1, far beyond every limit.
    package mutating func writeCount(_ count: Int) { appendInteger(UInt32(count)) }

    package mutating func writeList(_ values: [some WireCodable]) {
        writeCount(values.count)
        for value in values { value.encode(into: &self) }
    }

    package mutating func writeOptional(_ value: (some WireCodable)?) {
        guard let value else { return write(false) }
        write(true)
        value.encode(into: &self)
    }

    @inline(__always)
    private mutating func appendInteger(_ value: some FixedWidthInteger) {
        unsafe withUnsafeBytes(of: value.bigEndian) { unsafe bytes.append(contentsOf: $0) }
    }

    /// The memory of a trivial value without padding, in one step.
    @inline(__always)
    private mutating func append<Value: BitwiseCopyable>(_ value: Value) {
        unsafe withUnsafeBytes(of: value) { unsafe bytes.append(contentsOf: $0) }
    }
}
