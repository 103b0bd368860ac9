// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletKV

@Suite struct KVScanTests {
    private func machine(_ keys: [String], value: Bytes = []) throws -> KVStateMachine {
        var machine = KVStateMachine()
        for key in keys { _ = try machine.execute(.put(key: key.bytes, value: value), at: 1) }
        return machine
    }

    private func page(_ machine: KVStateMachine, _ scan: KVScan) throws -> (keys: [String], next: String?) {
        guard case .page(let page) = try machine.read(.scan(scan)).result else { throw KVError.unexpectedResult }
        return (
            page.items.map { String(decoding: $0.key, as: UTF8.self) },
            page.next.map { String(decoding: $0, as: UTF8.self) }
        )
    }

    @Test func theFirstBoundIsIncludedAndTheSecondIsNot() throws {
        let machine = try machine(["a", "b", "c", "d"])
        #expect(try page(machine, KVScan(from: "b".bytes, to: "d".bytes, limit: 9)) == (["b", "c"], nil))
        #expect(try page(machine, KVScan(from: "a\0".bytes, to: "c\0".bytes, limit: 9)) == (["b", "c"], nil))
        #expect(try page(machine, KVScan(limit: 9)) == (["a", "b", "c", "d"], nil))
        #expect(try page(machine, KVScan(from: "e".bytes, limit: 9)) == ([], nil))
        #expect(try page(machine, KVScan(from: "c".bytes, to: "b".bytes, limit: 9)) == ([], nil))
        #expect(try page(machine, KVScan(to: [], limit: 9)) == ([], nil))
    }

    @Test func thePageTellsWhereToGoOn() throws {
        let machine = try machine(["a", "b", "c", "d"])
        #expect(try page(machine, KVScan(limit: 3)) == (["a", "b", "c"], "d"))
        #expect(try page(machine, KVScan(limit: 4)) == (["a", "b", "c", "d"], nil))
        #expect(try page(machine, KVScan(to: "d".bytes, limit: 3)) == (["a", "b", "c"], nil))
    }

    @Test func aPageIsBoundedInBytesAndTheLargestItemStillFits() throws {
        let long = String(repeating: "k", count: KVLimits.keyBytesMax - 1)
        let keys = ["1", "2", "3"].map { long + $0 }
        let machine = try machine(keys, value: Bytes(repeating: 0, count: KVLimits.valueBytesMax))
        var from: Bytes = []
        for (place, key) in keys.enumerated() {
            let payload = machine.read(KVOperation.scan(KVScan(from: from, limit: 9)).payload, lastExecuted: .zero)
                .result
            #expect(payload.count <= KVLimits.resultBytesMax)
            guard case .page(let page) = try KVResult(payload: payload) else { throw KVError.unexpectedResult }
            #expect(page.items.map(\.key) == [key.bytes])
            #expect(page.next == (place < 2 ? keys[place + 1].bytes : nil))
            from = page.next ?? []
        }
    }

    @Test func aPageOfManySmallItemsStopsAtTheLimit() throws {
        let machine = try machine((0..<1500).map { "\(10_000 + $0)" })
        let first = try page(machine, KVScan(limit: 1000))
        #expect(first.keys.count == 1000 && first.next == "11000")
        #expect(try page(machine, KVScan(from: "11000".bytes, limit: 1000)).keys.count == 500)
    }
}
