// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Synchronization

enum PlantedFault: Sendable {
    /// A result depends on something besides state and operation.
    case clock
    /// Chunks are in the order of arrival, which restoring loses.
    case order
    /// The version of a read is not in the snapshot.
    case forgotten
    /// Where chunks are cut depends on how the state came about.
    case history
    /// Something changed is called unchanged.
    case stale
    /// A snapshot shares memory that is written later.
    case shared
    /// A read names an instance that is to come.
    case future
    /// Begun anew, it still names an instance of before.
    case former
    /// Restoring takes what it does not know.
    case lenient
    /// Restoring refuses what was written.
    case unreadable
    /// A read changes the state.
    case readCounts
    /// Going back does nothing.
    case rollBack
}

/// Sets one of 256 numbers to another and tells what it was; a chunk for every number that is not 0.
struct PlantedService: StreamingStateMachine {
    struct Damaged: Error {}

    final class Memory: Sendable {
        let numbers = Mutex([UInt8](repeating: 0, count: 256))
        let arrival = Mutex([UInt8]())
        let reads = Mutex(UInt8(0))
    }

    struct Snapshot: Sendable {
        let numbers: [UInt8]
        let order: [UInt8]
        let writes: Int
        let fault: PlantedFault?
        let memory: Memory
    }

    private static let calls = Mutex(UInt8(0))

    private let fault: PlantedFault?
    private var memory = Memory()
    private var lastChange = Instance.zero
    private var writes = 0

    init(_ fault: PlantedFault? = nil) { self.fault = fault }

    mutating func execute(_ operation: Bytes, in context: ExecutionContext) -> Bytes {
        guard operation.count == 2 else { return [] }
        let (place, value) = (operation[0], operation[1])
        let former = memory.numbers.withLock { numbers in
            defer { numbers[Int(place)] = value }
            return numbers[Int(place)]
        }
        memory.arrival.withLock { arrival in if !arrival.contains(place) { arrival.append(place) } }
        writes += 1
        lastChange = context.instance
        guard fault == .clock else { return [former] }
        return [
            Self.calls.withLock { calls in
                calls &+= 1
                return calls
            }
        ]
    }

    func read(_ query: Bytes, lastExecuted: Instance) -> ReadAnswer {
        if fault == .readCounts { memory.reads.withLock { $0 &+= 1 } }
        let result = query.first.map { place in memory.numbers.withLock { [$0[Int(place)]] } } ?? []
        let version: Instance =
            switch fault {
            case .forgotten: lastChange
            case .future: lastExecuted.next
            case .former: lastExecuted == .zero ? Instance(9) : lastExecuted
            default: lastExecuted
            }
        return ReadAnswer(result: result, version: version)
    }

    func snapshot() -> Snapshot {
        var numbers = memory.numbers.withLock { $0 }
        if fault == .readCounts { numbers[255] = memory.reads.withLock { $0 } }
        return Snapshot(
            numbers: numbers, order: memory.arrival.withLock { $0 }, writes: writes, fault: fault, memory: memory)
    }

    static func write(_ snapshot: Snapshot, into writer: inout SnapshotWriter<Snapshot>) {
        let fault = snapshot.fault
        let numbers = fault == .shared ? snapshot.memory.numbers.withLock { $0 } : snapshot.numbers
        if fault == .stale, let previous = writer.previous, previous.chunks.count > 100 {
            return writer.appendUnchanged(0..<previous.chunks.count)
        }
        if fault == .history, snapshot.writes > 0 { writer.append([255, UInt8(snapshot.writes % 2), 1]) }
        let places = fault == .order ? snapshot.order.map(Int.init) : Array(0..<256)
        for place in places where numbers[place] != 0 { writer.append([UInt8(place), numbers[place]]) }
    }

    mutating func restore(from reader: inout SnapshotReader) throws {
        var (numbers, places) = ([UInt8](repeating: 0, count: 256), [UInt8]())
        while let chunk = try reader.next() {
            if fault == .history, chunk.count == 3 { continue }
            guard chunk.count == 2, fault != .unreadable else {
                if fault == .lenient { continue }
                throw Damaged()
            }
            let isNext = fault == .order || places.last.map { $0 < chunk[0] } ?? true
            guard isNext && chunk[1] != 0 || fault == .lenient else { throw Damaged() }
            numbers[Int(chunk[0])] = chunk[1]
            places.append(chunk[0])
        }
        memory = Memory()
        memory.numbers.withLock { $0 = numbers }
        memory.arrival.withLock { $0 = places.sorted() }
        writes = 0
    }

    mutating func rollBack(to snapshot: Snapshot) {
        guard fault != .rollBack else { return }
        memory = Memory()
        memory.numbers.withLock { $0 = snapshot.numbers }
        memory.arrival.withLock { $0 = snapshot.order }
        writes = snapshot.writes
    }
}
