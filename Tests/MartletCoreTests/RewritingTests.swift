// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes
import Testing

/// What the core writes down again when its log is damaged is all that a restart needs (protocol §7).
@Suite struct RewritingTests {
    private let client = Samples.client(1)

    /// Its log is what a segment's head restates, and what the core then writes again.
    private func replaceLog(of place: Int, in group: Group) throws {
        group.sync(place)
        let before = group.nodes[place].log
        group.step(place, .logDamaged(segment: 5))
        group.sync(place)
        let rewritten = group.nodes[place].log[before.count...]
        let head = before.filter { record in
            switch record {
            case .incarnation, .view, .entered, .synced: true
            case .batch, .wrote, .accepted, .decided, .stable: false
            }
        }
        group.nodes[place].log = head + rewritten
    }

    private func locked(_ model: FaultModel) throws -> (Group, Instance, Digest) {
        let group = try Group.durable(model: model) { $0.checkpointPeriod = 8 }
        let session = group.openSession(client)
        for number in 1...10 as ClosedRange<UInt64> {
            group.order(client, session, number...number)
            group.settle()
        }
        group.neverSigning = [client]
        let sent = group.recordAll()
        group.passes = { if case .accept = $0.message { false } else { true } }
        group.submit(Samples.operation(client, session, 11, [11]))
        group.settle()
        let vote = try #require(sent.accepts(of: 2).last)
        group.passes = { _ in true }
        return (group, vote.instance, vote.digest)
    }

    private func digest(of instance: Instance, at place: Int, in group: Group) -> Digest? {
        group.nodes[place].executions.last { $0.instance == instance }?.digest
    }

    @Test(arguments: FaultModel.allCases) func locksAndBatchesOutliveTheDamage(_ model: FaultModel) throws {
        let (group, instance, digest) = try locked(model)
        #expect(group.status(1).stableCheckpoint > .zero)
        for place in group.nodes.indices { try replaceLog(of: place, in: group) }
        group.loseAndRestorePowerOfAll()
        group.settle()
        for place in group.nodes.indices {
            #expect(self.digest(of: instance, at: place, in: group) == digest, "at \(place)")
            #expect(group.status(place).decided >= instance)
        }
    }

    @Test(arguments: FaultModel.allCases) func promisesOfALaterRegencyOutliveTheDamage(_ model: FaultModel) throws {
        let (group, instance, digest) = try locked(model)
        group.queue.removeAll()
        group.begin(regency: 2)
        group.settle()
        for place in group.nodes.indices { try replaceLog(of: place, in: group) }
        group.loseAndRestorePowerOfAll()
        group.pass(milliseconds: 4_000)
        for place in group.nodes.indices {
            #expect(group.status(place).epoch.regency >= Regency(2))
            #expect(self.digest(of: instance, at: place, in: group) == digest, "at \(place)")
        }
    }

    /// Once more is the same: nothing is said differently by what is told twice.
    @Test func whatIsWrittenTwiceIsToldOnce() throws {
        let (group, instance, digest) = try locked(.byzantine)
        for place in group.nodes.indices {
            group.sync(place)
            group.step(place, .logDamaged(segment: 5))
            group.step(place, .logDamaged(segment: 6))
            group.sync(place)
        }
        group.loseAndRestorePowerOfAll()
        group.settle()
        for place in group.nodes.indices { #expect(self.digest(of: instance, at: place, in: group) == digest) }
    }

    @Test func nothingIsWrittenAgainWhereNothingIsWrittenDown() throws {
        let group = try Group()
        group.step(1, .logDamaged(segment: 5))
        #expect(group.nodes[1].log.isEmpty && group.nodes[1].unsynced.isEmpty)
    }
}
