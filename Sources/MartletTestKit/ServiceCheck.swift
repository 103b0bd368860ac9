// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

public import MartletTypes

/// Checks that a service may be replicated: that whatever way replicas have come to a state, they answer alike and write the
/// same snapshots of it. For tests of a service:
///
/// ```swift
/// @Test func theCounterMayBeReplicated() {
///     let check = ServiceCheck { Counter() }
///     #expect(check.finding(operations: operations, queries: queries) == nil)
/// }
/// ```
///
/// Five machines execute the same operations, and damaged forms of them, as clients may send: one that writes each snapshot in
/// full, one that writes it after the one before, one that is restored at every checkpoint, one that is restored only now and then, and one that
/// goes back and forth as in a group that executes tentatively. In the end two begin anew from the same state. The first difference is the finding. A service that traps ends the test's process: it would end all
/// replicas just so.
///
/// What depends on the process, like the order of a `Set`, may come out alike for machines that live in one process; give many
/// operations, and run the tests more than once.
public struct ServiceCheck<Machine: StreamingStateMachine> {
    /// Everything that is drawn follows from it.
    public var seed: UInt64 = 1
    public var operationsPerInstance = 4
    /// In instances, as in `GroupSettings`.
    public var checkpointPeriod = 16
    /// Whether damaged operations and random bytes are mixed in.
    public var mixesInHostileBytes = true
    /// How many damaged snapshots are given to the service in the end.
    public var damagedSnapshots = 200

    private let makeMachine: () -> Machine

    /// `makeMachine` makes what every replica begins with.
    public init(makeMachine: @escaping () -> Machine) { self.makeMachine = makeMachine }

    /// The first thing that is wrong with the service, or nil. It is asked each query after every instance.
    public func finding(operations: [Bytes], queries: [Bytes] = []) -> ServiceFinding? {
        do {
            var run = ServiceRun(self, makeMachine: makeMachine)
            try run.run(operations, queries: queries)
            return nil
        } catch let finding as ServiceFinding {
            return finding
        } catch {
            return ServiceFinding(.restoringFailed, "the service threw \(error)")
        }
    }
}
