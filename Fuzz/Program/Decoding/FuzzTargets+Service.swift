// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletKV
import MartletTypes
import MartletWire

/// The key-value service: what clients and other replicas' checkpoints bring.
extension FuzzTargets {
    static let service = [serviceDecoders, serviceExecution]

    private static let serviceModules = ["MartletKV/Operations", "MartletKV/OrderedMap", "MartletKV/State"]

    private static let serviceDecoders = FuzzTarget(
        name: "kv-decoders", about: "the decoders of the service's operations, results and snapshots", bytesMax: 4096,
        modules: serviceModules,
        seeds: .made(
            sampleOperations.map { [0] + $0.payload } + sampleResults.map { [1] + $0.payload }
                + [[2] + sampleState().chunks.flatMap(lengthed)])
    ) { bytes in
        unsafe Decoding.choose(
            bytes,
            [
                { unsafe checkOperation(Bytes($0)) }, { unsafe checkResult(Bytes($0)) },
                { unsafe checkSnapshot(Bytes($0)) },
            ])
    }

    /// Operations one after the other, each after its length of two bytes. What two replicas make of them, one of which
    /// was restored from a snapshot on the way while the other wrote its snapshots one after the other, is the same.
    private static let serviceExecution = FuzzTarget(
        name: "kv-execution", about: "the service itself, with operations one after the other", bytesMax: 4096,
        modules: serviceModules,
        seeds: .made([sampleOperations.flatMap { lengthed($0.payload) }])
    ) { bytes in
        var rest = unsafe Bytes(bytes)[...]
        var (machine, twin) = (smallMachine(), smallMachine())
        var written: WrittenSnapshot<KVSnapshot>?
        var instance = Instance.zero
        while let operation = takeLengthed(&rest) {
            instance = instance.next
            let context = ExecutionContext(
                client: ClientID(PublicKey(words: .zero)), instance: instance, time: .zero, seed: 0)
            hold(
                machine.read(operation, lastExecuted: instance) == twin.read(operation, lastExecuted: instance))
            let result = machine.execute(operation, in: context)
            hold(result == twin.execute(operation, in: context), "two results of one operation")
            hold(result.count <= KVLimits.resultBytesMax, "a result above its bound")
            checkResult(result)
            let snapshot = KVStateMachine.written(machine.snapshot(), after: written)
            hold(snapshot.chunks.reduce(0) { $0 + $1.count } <= 600, "a state above its bound")
            hold(KVStateMachine.written(twin.snapshot()).chunks == snapshot.chunks, "two snapshots of one state")
            do {
                try twin.restore(chunks: snapshot.chunks)
            } catch {
                fatalError("a snapshot cannot be restored: \(error)")
            }
            written = snapshot
        }
    }

    private static func smallMachine() -> KVStateMachine {
        KVStateMachine(stateBytesMax: 600, chunking: KVChunking(bytesMin: 30, bytesMax: 100, boundaryBits: 1))
    }

    /// Nil when there is no length any more; the last one may have less than its length says.
    private static func takeLengthed(_ rest: inout Bytes.SubSequence) -> Bytes? {
        guard rest.count >= 2 else { return nil }
        let length = Int(rest[rest.startIndex]) << 8 | Int(rest[rest.startIndex + 1])
        defer { rest = rest.dropFirst(2 + length) }
        return Bytes(rest.dropFirst(2).prefix(length))
    }

    /// Chunks, each after its length of two bytes.
    private static func checkSnapshot(_ bytes: Bytes) {
        var (rest, chunks) = (bytes[...], [Bytes]())
        while let chunk = takeLengthed(&rest) { chunks.append(chunk) }
        var machine = smallMachine()
        do {
            try machine.restore(chunks: chunks)
        } catch { return }
        hold(KVStateMachine.written(machine.snapshot()).chunks == chunks, "two snapshots of one state")
    }

    private static func checkOperation(_ bytes: Bytes) {
        do throws(KVRefusal) {
            let operation = try KVOperation(payload: bytes)
            hold(operation.payload == bytes, "two payloads of one operation")
            _ = (operation.violation, operation.isRead)
        } catch {}
    }

    private static func checkResult(_ bytes: Bytes) {
        do throws(KVError) {
            let result = try KVResult(payload: bytes)
            hold(result.payload == bytes, "two payloads of one result")
        } catch {}
    }

    // MARK: Samples

    private static let sampleOperations: [KVOperation] = [
        .put(key: [1], value: [2, 3]), .get(key: [1]), .compareAndSwap(key: [1], expected: [2, 3], replacement: nil),
        .compareAndSwap(key: [2], expected: nil, replacement: [9]), .increment(key: [3], delta: -5),
        .scan(KVScan(from: [1], to: [9], limit: 10)), .scan(KVScan(limit: 1)),
        .batch([.put(key: [7], value: []), .increment(key: [3], delta: 7), .delete(key: [1])]), .delete(key: [2]),
    ]

    private static func sampleState() -> (results: [Bytes], chunks: [Bytes]) {
        var machine = smallMachine()
        let context = ExecutionContext(
            client: ClientID(PublicKey(words: .zero)), instance: Instance(1), time: .zero, seed: 0)
        let results = sampleOperations.map { machine.execute($0.payload, in: context) }
        return (results, KVStateMachine.written(machine.snapshot()).chunks)
    }

    private static var sampleResults: [KVResult] {
        sampleState().results.compactMap { bytes in
            do throws(KVError) { return try KVResult(payload: bytes) } catch { return nil }
        }
    }

    private static func lengthed(_ bytes: Bytes) -> Bytes {
        [UInt8(bytes.count >> 8), UInt8(bytes.count & 255)] + bytes
    }
}
