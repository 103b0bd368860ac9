// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Synchronization
import Testing

@testable import MartletKV

/// A group of one machine in memory.
private final class LocalSubmitter: RequestSubmitter {
    private let machine = Mutex((machine: KVStateMachine(), instance: UInt64(0), reads: 0))
    private let answer: Bytes?

    init(alwaysAnswering answer: Bytes? = nil) { self.answer = answer }

    var calls: (submits: UInt64, reads: Int) { machine.withLock { ($0.instance, $0.reads) } }

    func submit(_ operation: Bytes) async throws -> Bytes {
        machine.withLock { state in
            state.instance += 1
            return answer ?? state.machine.execute(operation, in: context(state.instance))
        }
    }

    func read(_ query: Bytes) async throws -> Bytes {
        machine.withLock { state in
            state.reads += 1
            return answer ?? state.machine.read(query, lastExecuted: Instance(state.instance)).result
        }
    }
}

@Suite struct KVClientTests {
    private let key = "key".bytes

    @Test func everyCallGivesItsTypedResult() async throws {
        let client = KVClient(LocalSubmitter())
        #expect(try await client.get(key) == nil)
        try await client.put(key, "5".bytes)
        #expect(try await client.get(key) == "5".bytes)
        #expect(try await client.increment(key, by: -7) == -2)
        #expect(try await client.compareAndSwap(key, expected: nil, replacement: []) == .mismatch(current: "-2".bytes))
        #expect(try await client.compareAndSwap(key, expected: "-2".bytes, replacement: [1]) == .swapped)
        #expect(try await client.scan().items == [.init(key: key, value: [1])])
        #expect(
            try await client.batch([.get(key: key), .delete(key: key)])
                == .applied([.value([1]), .deleted(existed: true)]))
        #expect(
            try await client.batch([.compareAndSwap(key: key, expected: [], replacement: nil)])
                == .refused(place: 0, reason: .mismatch(current: nil)))
        #expect(try await client.delete(key) == false)
    }

    @Test func onlyGetAndScanAreReads() async throws {
        let submitter = LocalSubmitter()
        let client = KVClient(submitter)
        _ = try await client.get(key)
        _ = try await client.scan(limit: 3)
        try await client.put(key, [])
        _ = try await client.batch([.get(key: key)])
        #expect(submitter.calls.reads == 2 && submitter.calls.submits == 2)
    }

    @Test func whatIsOverALimitIsNotSent() async throws {
        let submitter = LocalSubmitter()
        let client = KVClient(submitter)
        await #expect(throws: KVError.refused(.keyLength)) { try await client.get([]) }
        await #expect(throws: KVError.refused(.scanLimit)) { try await client.scan(limit: -1) }
        await #expect(throws: KVError.refused(.nestedBatch)) { try await client.batch([.batch([])]) }
        await #expect(throws: KVError.refused(.valueLength)) {
            try await client.put(key, Bytes(repeating: 0, count: KVLimits.valueBytesMax + 1))
        }
        #expect(submitter.calls.reads == 0 && submitter.calls.submits == 0)
    }

    @Test func aRefusalIsThrown() async throws {
        let client = KVClient(LocalSubmitter())
        try await client.put(key, "no number".bytes)
        await #expect(throws: KVError.refused(.notAnInteger)) { try await client.increment(key) }
    }

    @Test(arguments: [[], [1, 2, 3, 4, 5], KVResult.swapped.payload, KVResult.batch([.done]).payload])
    func anAnswerOfAnotherServiceIsAnError(answer: Bytes) async throws {
        let client = KVClient(LocalSubmitter(alwaysAnswering: answer))
        await #expect(throws: KVError.unexpectedResult) { try await client.get(key) }
        await #expect(throws: KVError.unexpectedResult) { try await client.put(key, []) }
        await #expect(throws: KVError.unexpectedResult) { try await client.delete(key) }
        await #expect(throws: KVError.unexpectedResult) { try await client.increment(key) }
        await #expect(throws: KVError.unexpectedResult) { try await client.scan() }
        await #expect(throws: KVError.unexpectedResult) { try await client.batch([]) }
    }
}
