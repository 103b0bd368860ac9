// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes
import Testing

/// What fuzzing the core has found, each named after what it was.
@Suite struct FuzzFindingsTests {
    /// A group of one whose replica came back as a learner ended regency after regency, each with its own word for a
    /// quorum, and never came to rest.
    @Test func learnerAloneInItsGroupDoesNotAbdicateForEver() throws {
        let group = try Group(n: 1, f: 0)
        group.restart(0, mode: .learner)
        group.settle()
        #expect(group.status(0).epoch.regency == .first)
        group.pass(milliseconds: 5_000)
        #expect(group.status(0).epoch.regency == .first)
    }

    /// Where nothing is measured, operations of members have no place in the session table; a lying leader that listed one
    /// made every replica trap when it executed the batch.
    @Test func operationListedWhereNothingIsMeasuredHasNoEffect() throws {
        var settings = GroupSettings()
        settings.measuringPermille = 0
        let group = Group(view: try Samples.view(settings: settings))
        let session = group.openSession(Samples.client(1))
        let request = Request(
            id: RequestID(client: ClientID(Samples.key(3)), session: .ofReplicas, sequence: SequenceNumber(1)),
            kind: .measure, repliesKeptFrom: SequenceNumber(0), payload: [])
        for place in 0...3 { group.inject(.operation(ReplicaOperation(request: request)), from: 3, to: place) }
        let batch = Batch(
            instance: group.status(1).decided.next, born: group.status(1).epoch, time: group.now.wall,
            entries: [BatchEntry(id: request.id, digest: Samples.digest(of: request))])
        for place in 0...3 { group.inject(.propose(Propose(epoch: batch.born, batch: batch)), from: 0, to: place) }
        group.settle()
        for place in 0...3 { #expect(group.status(place).decided == batch.instance) }
        group.passes = { $0.from != 0 }
        group.submit(Samples.operation(Samples.client(1), session, 1, [7]))
        group.pass(milliseconds: 3_000)
        for place in 1...3 { #expect(group.executed(place) == [[7]]) }
    }
}
