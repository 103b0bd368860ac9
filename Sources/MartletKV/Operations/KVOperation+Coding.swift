// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

public import MartletTypes
package import MartletWire

extension KVOperation {
    /// The first byte of every operation, result and snapshot.
    static var formatVersion: UInt8 { 1 }

    private enum Tag: UInt8 {
        case get = 1
        case put = 2
        case delete = 3
        case compareAndSwap = 4
        case increment = 5
        case scan = 6
        case batch = 7
    }

    /// The operation as a request's payload. For one that has a `violation` it is of no use.
    public var payload: Bytes {
        var writer = Writer(capacity: 1 + encodedSizeHint)
        writer.write(Self.formatVersion)
        encode(into: &writer)
        return writer.finish()
    }

    /// Reads a payload; whether it keeps the limits is left to `violation`.
    public init(payload: Bytes) throws(KVRefusal) {
        do {
            self = try unsafe Reader.read(payload.span.bytes) { (reader: inout Reader) throws(WireError) in
                guard try reader.uint8() == Self.formatVersion else { throw .notCanonical("format version") }
                return try KVOperation(from: &reader)
            }
        } catch .invalid {
            throw .nestedBatch
        } catch .limitExceeded(KVWireLimits.batchOperations.name.description, _, _) {
            throw .batchLength
        } catch {
            throw .malformed
        }
    }
}

extension KVOperation: WireCodable {
    package var encodedSizeHint: Int {
        switch self {
        case .put(let key, let value): 1 + 4 + key.count + 4 + value.count
        case .compareAndSwap(let key, let expected, let replacement):
            1 + 4 + key.count + 5 + (expected?.count ?? 0) + 5 + (replacement?.count ?? 0)
        case .batch(let operations): operations.reduce(5) { $0 + $1.encodedSizeHint }
        case .get(let key), .delete(let key), .increment(let key, _): 1 + 4 + key.count + 8
        case .scan(let scan): 1 + 4 + scan.from.count + 5 + (scan.to?.count ?? 0) + 4
        }
    }

    package func encode(into writer: inout Writer) {
        writer.write(tag.rawValue)
        switch self {
        case .get(let key), .delete(let key): writer.writeBytes(key)
        case .put(let key, let value):
            writer.writeBytes(key)
            writer.writeBytes(value)
        case .compareAndSwap(let key, let expected, let replacement):
            writer.writeBytes(key)
            writer.writeOptionalBytes(expected)
            writer.writeOptionalBytes(replacement)
        case .increment(let key, let delta):
            writer.writeBytes(key)
            writer.write(UInt64(bitPattern: delta))
        case .scan(let scan): scan.encode(into: &writer)
        case .batch(let operations): writer.writeList(operations)
        }
    }

    package init(from reader: inout Reader) throws(WireError) {
        let tag = try reader.enumeration(Tag.self, "operation")
        guard tag == .batch else {
            self = try Self.single(tag, from: &reader)
            return
        }
        let count = try reader.count(KVWireLimits.batchOperations, elementBytesMin: 5)
        var operations: [KVOperation] = []
        for _ in 0..<count {
            operations.append(try Self.single(try reader.enumeration(Tag.self, "operation"), from: &reader))
        }
        self = .batch(operations)
    }

    /// Never calls itself: the depth of hostile input is not the depth of our stack.
    private static func single(_ tag: Tag, from reader: inout Reader) throws(WireError) -> KVOperation {
        switch tag {
        case .get: .get(key: try reader.field())
        case .put: .put(key: try reader.field(), value: try reader.field())
        case .delete: .delete(key: try reader.field())
        case .compareAndSwap:
            .compareAndSwap(
                key: try reader.field(), expected: try reader.optionalField(), replacement: try reader.optionalField())
        case .increment: .increment(key: try reader.field(), delta: Int64(bitPattern: try reader.uint64()))
        case .scan: .scan(try KVScan(from: &reader))
        case .batch: throw .invalid("a batch holds a batch")
        }
    }

    private var tag: Tag {
        switch self {
        case .get: .get
        case .put: .put
        case .delete: .delete
        case .compareAndSwap: .compareAndSwap
        case .increment: .increment
        case .scan: .scan
        case .batch: .batch
        }
    }
}

extension KVScan: WireCodable {
    package func encode(into writer: inout Writer) {
        writer.writeBytes(from)
        writer.writeOptionalBytes(to)
        writer.write(UInt32(clamping: limit))
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(from: try reader.field(), to: try reader.optionalField(), limit: Int(try reader.uint32()))
    }
}
