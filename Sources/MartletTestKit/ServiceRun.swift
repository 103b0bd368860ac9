// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// One check under way.
struct ServiceRun<Machine: StreamingStateMachine> {
    typealias Written = WrittenSnapshot<Machine.Snapshot>

    let check: ServiceCheck<Machine>
    let makeMachine: () -> Machine
    var random: CheckRandom
    var instance = Instance.zero

    /// Writes each snapshot in full, and answers the queries; the others are compared with it.
    var straight: Machine
    /// Writes each snapshot after the one before, and is never asked a query.
    var incremental: Machine
    /// Is another one after every checkpoint.
    var restored: Machine
    /// Is another one after some checkpoints, and writes after what it was restored from.
    var rejoining: Machine
    /// Executes something else first and goes back.
    var tentative: Machine

    var beforeIncremental: Written?
    var beforeRejoining: Written?
    var kept: [(instance: Instance, snapshot: Machine.Snapshot, chunks: [Bytes])] = []
    static var keptMax: Int { 8 }
    static var resultBytesMax: Int { 8 << 20 }

    init(_ check: ServiceCheck<Machine>, makeMachine: @escaping () -> Machine) {
        self.check = check
        self.makeMachine = makeMachine
        random = CheckRandom(seed: check.seed)
        (straight, incremental, restored) = (makeMachine(), makeMachine(), makeMachine())
        (rejoining, tentative) = (makeMachine(), makeMachine())
    }

    mutating func run(_ operations: [Bytes], queries: [Bytes]) throws {
        try compareSnapshots()
        var rest = operations[...]
        while !rest.isEmpty {
            instance = instance.next
            let own = rest.prefix(max(1, check.operationsPerInstance))
            rest = rest.dropFirst(own.count)
            let batch = own.flatMap { operation in
                guard check.mixesInHostileBytes, random.chance(1, in: 4) else { return [operation] }
                return [Damage.damaged(operation, &random), operation]
            }
            goThereAndBack(batch)
            try execute(batch)
            try ask(queries)
            if rest.isEmpty || instance.rawValue % UInt64(max(1, check.checkpointPeriod)) == 0 {
                try compareSnapshots()
                try restore()
                try ask(queries)
            }
        }
        try compareKept()
        try beginAnew(asking: queries)
        try restoreDamaged()
    }

    // MARK: - Executing

    private mutating func goThereAndBack(_ batch: [Bytes]) {
        guard random.chance(1, in: 3) else { return }
        let before = tentative.snapshot()
        for (place, operation) in batch.shuffled(using: &random).enumerated() {
            _ = tentative.execute(operation, in: context(place + 1000))
        }
        tentative.rollBack(to: before)
    }

    private mutating func execute(_ batch: [Bytes]) throws {
        for (place, operation) in batch.enumerated() {
            let context = context(place)
            let result = straight.execute(operation, in: context)
            guard result.count <= Self.resultBytesMax else {
                throw ServiceFinding(
                    .resultIsTooLong, "the result of \(told(operation, place)) has \(result.count) bytes")
            }
            let others = [
                ("has written snapshots after others", incremental.execute(operation, in: context)),
                ("was restored", restored.execute(operation, in: context)),
                ("was restored some time ago", rejoining.execute(operation, in: context)),
                ("has gone back", tentative.execute(operation, in: context)),
            ]
            for (name, other) in others where other != result {
                throw ServiceFinding(
                    .resultsDiffer,
                    "\(told(operation, place)) gives \(told(result)), but \(told(other)) where the service \(name)")
            }
        }
    }

    private func context(_ place: Int) -> ExecutionContext {
        ExecutionContext(
            client: ClientID(PublicKey(words: Words32(UInt64(place % 3), 0, 0, 1))), instance: instance,
            time: Timestamp(1_700_000_000_000_000 + instance.rawValue * 1_000),
            seed: instance.rawValue << 16 | UInt64(place))
    }

    private mutating func ask(_ queries: [Bytes]) throws {
        var queries = queries
        if check.mixesInHostileBytes, let query = queries.randomElement(using: &random) {
            queries.append(Damage.damaged(query, &random))
        }
        for query in queries {
            let answer = straight.read(query, lastExecuted: instance)
            guard answer.result.count <= Self.resultBytesMax else {
                throw ServiceFinding(.resultIsTooLong, "the answer to \(told(query)) has \(answer.result.count) bytes")
            }
            guard answer.version <= instance else {
                throw ServiceFinding(
                    .versionIsLater, "the answer to \(told(query)) is of instance \(answer.version) after \(instance)")
            }
            let others = [
                ("was restored", restored.read(query, lastExecuted: instance)),
                ("was restored some time ago", rejoining.read(query, lastExecuted: instance)),
                ("has gone back", tentative.read(query, lastExecuted: instance)),
            ]
            for (name, other) in others where other != answer {
                throw ServiceFinding(
                    .answersDiffer,
                    "after instance \(instance), \(told(query)) is answered with \(told(answer.result)) of instance \(answer.version), but \(told(other.result)) of \(other.version) where the service \(name)"
                )
            }
        }
    }
}
