// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

public import MartletTypes
package import MartletWire

extension KVResult {
    private enum Tag: UInt8 {
        case value = 1
        case done = 2
        case deleted = 3
        case swapped = 4
        case mismatch = 5
        case integer = 6
        case page = 7
        case batch = 8
        case batchRefused = 9
        case refused = 10
    }

    /// The result as it travels in a reply.
    public var payload: Bytes {
        var writer = Writer(capacity: 1 + encodedSizeHint)
        writer.write(KVOperation.formatVersion)
        encode(into: &writer)
        return writer.finish()
    }

    /// Reads what `payload` wrote; throws `KVError.unexpectedResult` for anything else.
    public init(payload: Bytes) throws(KVError) {
        do {
            self = try unsafe Reader.read(payload.span.bytes) { (reader: inout Reader) throws(WireError) in
                guard try reader.uint8() == KVOperation.formatVersion else { throw .notCanonical("format version") }
                return try KVResult(from: &reader)
            }
        } catch {
            throw .unexpectedResult
        }
    }
}

extension KVResult: WireCodable {
    /// Exactly how many bytes the result takes without its format version.
    package var encodedSizeHint: Int {
        switch self {
        case .value(let value), .mismatch(let value): Self.encodedBytes(optional: value)
        case .batchRefused(_, .mismatch(let value)): 1 + 4 + Self.encodedBytes(optional: value)
        case .done, .swapped: 1
        case .deleted, .refused: 2
        case .batchRefused: 1 + 4 + 2
        case .integer: 1 + 8
        case .page(let page): 1 + page.encodedSizeHint
        case .batch(let results): results.reduce(1 + 4) { $0 + $1.encodedSizeHint }
        }
    }

    package func encode(into writer: inout Writer) {
        writer.write(tag.rawValue)
        switch self {
        case .done, .swapped: break
        case .value(let value), .mismatch(let value): writer.writeOptionalBytes(value)
        case .deleted(let existed): writer.write(existed)
        case .integer(let value): writer.write(UInt64(bitPattern: value))
        case .page(let page): page.encode(into: &writer)
        case .batch(let results): writer.writeList(results)
        case .batchRefused(let place, let reason):
            writer.writeCount(place)
            switch reason {
            case .mismatch(let current): KVResult.mismatch(current: current).encode(into: &writer)
            case .refused(let refusal): KVResult.refused(refusal).encode(into: &writer)
            }
        case .refused(let refusal): writer.write(refusal.rawValue)
        }
    }

    package init(from reader: inout Reader) throws(WireError) {
        switch try reader.enumeration(Tag.self, "result") {
        case .batch:
            let count = try reader.count(KVWireLimits.batchResults, elementBytesMin: 1)
            var results: [KVResult] = []
            for _ in 0..<count { results.append(try Self.single(from: &reader)) }
            self = .batch(results)
        case .batchRefused:
            let place = Int(try reader.uint32())
            guard place < KVLimits.batchOperationsMax else {
                throw .valueOutOfRange(field: "place", value: UInt64(place))
            }
            guard let reason = try Self.single(from: &reader).failure else { throw .invalid("no failure") }
            self = .batchRefused(place: place, reason: reason)
        case let tag: self = try Self.single(tag, from: &reader)
        }
    }

    private static func single(from reader: inout Reader) throws(WireError) -> KVResult {
        try single(try reader.enumeration(Tag.self, "result"), from: &reader)
    }

    /// Never calls itself, however deep the input pretends to be.
    private static func single(_ tag: Tag, from reader: inout Reader) throws(WireError) -> KVResult {
        switch tag {
        case .value: .value(try reader.optionalField())
        case .done: .done
        case .deleted: .deleted(existed: try reader.bool())
        case .swapped: .swapped
        case .mismatch: .mismatch(current: try reader.optionalField())
        case .integer: .integer(Int64(bitPattern: try reader.uint64()))
        case .page: .page(try KVPage(from: &reader))
        case .refused: .refused(try reader.enumeration(KVRefusal.self, "reason of a refusal"))
        case .batch, .batchRefused: throw .invalid("a batch holds a batch")
        }
    }

    private static func encodedBytes(optional value: Bytes?) -> Int { 2 + (value.map { 4 + $0.count } ?? 0) }

    private var tag: Tag {
        switch self {
        case .value: .value
        case .done: .done
        case .deleted: .deleted
        case .swapped: .swapped
        case .mismatch: .mismatch
        case .integer: .integer
        case .page: .page
        case .batch: .batch
        case .batchRefused: .batchRefused
        case .refused: .refused
        }
    }
}

extension KVPage: WireCodable {
    package static var encodedBytesMin: Int { 4 + 1 }
    package var encodedSizeHint: Int {
        items.reduce(4 + 1 + (next.map { 4 + $0.count } ?? 0)) { $0 + $1.encodedSizeHint }
    }

    package func encode(into writer: inout Writer) {
        writer.writeList(items)
        writer.writeOptionalBytes(next)
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(items: try reader.list(of: Item.self, KVWireLimits.scanItems), next: try reader.optionalField())
    }
}

extension KVPage.Item: WireCodable {
    package static var encodedBytesMin: Int { 4 + 4 }
    package var encodedSizeHint: Int { 4 + key.count + 4 + value.count }

    package func encode(into writer: inout Writer) {
        writer.writeBytes(key)
        writer.writeBytes(value)
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(key: try reader.field(), value: try reader.field())
    }
}
