// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletKV
import MartletTestKit
import MartletTypes
import Testing

@Suite struct ServiceCheckTests {
    private let operations = (0..<600).map { number -> Bytes in [UInt8(number * 37 % 251), UInt8(number % 7)] }

    @Test func aSoundServicePasses() {
        let check = ServiceCheck { PlantedService() }
        #expect(check.finding(operations: operations, queries: [[1], [2], []]) == nil)
    }

    @Test(arguments: [
        (PlantedFault.clock, ServiceFinding.Kind.resultsDiffer), (.order, .chunksDiffer), (.forgotten, .answersDiffer),
        (.history, .chunksDiffer), (.stale, .chunksDiffer), (.shared, .snapshotChanges), (.future, .versionIsLater),
        (.lenient, .damageIsAccepted), (.unreadable, .restoringFailed), (.readCounts, .chunksDiffer),
        (.rollBack, .resultsDiffer), (.former, .formerInstancesStay),
    ])
    func aPlantedFaultIsFound(fault: PlantedFault, kind: ServiceFinding.Kind) {
        let check = ServiceCheck { PlantedService(fault) }
        let finding = check.finding(operations: operations, queries: [[1], [2], []])
        #expect(finding?.kind == kind, "\(String(describing: finding))")
    }

    @Test(arguments: 1...3)
    func theKeyValueServiceMayBeReplicated(seed: UInt64) {
        let chunking = seed == 1 ? .standard : KVChunking(bytesMin: 64, bytesMax: 2_000, boundaryBits: 2)
        var check = ServiceCheck { KVStateMachine(chunking: chunking) }
        check.seed = seed
        let operations = (0..<2_000).map { number -> Bytes in
            let key = Bytes("\(number * 7_919 % 700)".utf8)
            return switch number % 9 {
            case 0: KVOperation.delete(key: key).payload
            case 1: KVOperation.increment(key: key, delta: 3).payload
            case 2: KVOperation.compareAndSwap(key: key, expected: nil, replacement: [1]).payload
            default: KVOperation.put(key: key, value: Bytes(repeating: 7, count: number % 400)).payload
            }
        }
        let queries = [KVOperation.get(key: Bytes("7".utf8)), .scan(KVScan(limit: 5))].map(\.payload)
        #expect(check.finding(operations: operations, queries: queries) == nil)
    }
}
