// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletCore

@Suite("Clients that are admitted and expelled (protocol §4, §8)")
struct AccessTests {
    private let group: Group
    private let client = Samples.client(1)
    private let other = Samples.client(3)
    /// An administrator's own key, which the group serves whatever its table says.
    private let administrator = ClientID(Samples.administrator.administrator)
    private let change: Change
    private let session: SessionID

    init() throws {
        group = try Group()
        session = group.openSession(client)
        change = Change(group, by: administrator)
        group.order(client, session, 1...3)
    }

    private func order(_ access: AccessChange) {
        group.submit(change.request(.access(access)))
        group.pass(milliseconds: 50)
    }

    private func table(_ place: Int) -> AccessTable? { group.nodes[place].served?.table }

    private func verdicts(_ id: RequestID, _ place: Int) -> [ExecutionVerdict] {
        group.nodes[place].executions.flatMap(\.steps).filter { $0.request.id == id }.map(\.verdict)
    }

    private func reasons(_ place: Int) -> [RefusalReason] { group.nodes[place].refusals.map(\.refusal.reason) }

    private func expectOneState(sourceLocation: SourceLocation = #_sourceLocation) {
        for place in group.nodes.indices {
            #expect(table(place) == table(0), sourceLocation: sourceLocation)
            #expect(group.status(place).decided == group.status(0).decided, sourceLocation: sourceLocation)
            #expect(group.status(place).view == group.status(0).view, sourceLocation: sourceLocation)
            #expect(group.nodes[place].executions == group.nodes[0].executions, sourceLocation: sourceLocation)
        }
    }

    // MARK: Expelled

    @Test("An expelled client's sessions end everywhere in the same instance, and it is refused; others notice nothing")
    func expelled() {
        let third = group.openSession(other)
        order(.expel([client]))
        for place in group.nodes.indices {
            #expect(group.nodes[place].endedSessions == [session])
            #expect(group.status(place).view.number == ViewNumber(2))
            #expect(group.status(place).view.lastOperation == OperationNumber(1))
        }
        group.submit(Samples.operation(client, session, 4))
        group.submit(Samples.open(client, number: 2))
        group.order(other, third, 1...5)
        for place in group.nodes.indices {
            #expect(reasons(place).filter { $0 == .accessDenied }.count >= 2)
            #expect(group.executed(place).count == 8)
            #expect(group.status(place).pendingRequests == 0)
        }
        expectOneState()
    }

    @Test("What of it waits goes and is refused, and no regency ends for it")
    func waiting() {
        // The leader has it not, and the others wait for it, signed.
        let request = Samples.operation(client, session, 4).request
        let digest = Samples.digest(of: request)
        let signed = Samples.admitted(request, proof: RequestProof(digests: [digest], signature: .absent))
        group.passes = { parcel in
            if case .forwarded = parcel.message { false } else { true }
        }
        group.submit(signed, to: [1, 2, 3])
        order(.expel([client]))
        group.passes = { _ in true }
        for place in 1...3 {
            #expect(reasons(place) == [.accessDenied])
            #expect(group.status(place).pendingRequests == 0)
        }
        group.pass(milliseconds: 3_000)
        for place in group.nodes.indices { #expect(group.status(place).epoch.regency == .first) }
    }

    @Test("A leader that orders its requests, in a session of old or a new one, has them executed as void by all alike")
    func orderedByALiar() {
        let third = group.openSession(other)
        order(.expel([client]))
        let old = RequestID(client: client, session: session, sequence: SequenceNumber(4))
        let opening = RequestID(client: client, session: .none, sequence: SequenceNumber(9))
        group.rewrite = { parcel in
            guard parcel.from == 0, case .propose(let propose) = parcel.message else { return parcel.message }
            let more = [old, opening].map { BatchEntry(id: $0, digest: Digest(words: Words32(9, 9, 9, 9))) }
            let batch = propose.batch
            return .propose(
                Propose(
                    epoch: propose.epoch,
                    batch: Batch(
                        instance: batch.instance, born: batch.born, time: batch.time, entries: batch.entries + more)))
        }
        group.order(other, third, 1...1)
        group.rewrite = { $0.message }
        group.pass(milliseconds: 1_000)
        for place in 1...3 {
            #expect(verdicts(old, place) == [.refuse(.accessDenied)], "replica \(place)")
            #expect(verdicts(opening, place) == [.refuse(.accessDenied)], "replica \(place)")
            #expect(group.executed(place).count == 4)
            #expect(group.status(place).epoch.regency == .first, "it withholds no vote")
        }
    }

    @Test("Served again it opens another session; what was said in the old one stays void")
    func servedAgain() {
        order(.expel([client]))
        order(.admit([AccessChange.Grant(client)]))
        #expect(group.status(0).view.number == ViewNumber(3))
        group.submit(Samples.operation(client, session, 4))
        group.pass(milliseconds: 300)
        for place in group.nodes.indices {
            #expect(reasons(place).last == .sessionUnknown)
            #expect(group.executed(place).count == 3)
        }
        group.submit(Samples.open(client, number: 2))
        group.pass(milliseconds: 50)
        let next = SessionID(instance: group.status(0).decided, place: 0)
        group.order(client, next, 1...2)
        for place in group.nodes.indices { #expect(group.executed(place).count == 5) }
        expectOneState()
    }

    @Test("An opening of long ago opens nothing when its client is served again")
    func oldOpening() {
        order(.expel([client]))
        order(.admit([AccessChange.Grant(client)]))
        group.submit(Samples.open(client))
        group.pass(milliseconds: 300)
        for place in group.nodes.indices {
            let opened = group.nodes[place].executions.flatMap(\.steps).filter {
                if case .open = $0.verdict { $0.request.id.client == client } else { false }
            }
            #expect(opened.count == 1)
        }
    }

    // MARK: Listed

    @Test("When the group serves a list only, all others' sessions end, but not those of administrators")
    func listed() {
        _ = group.openSession(other)
        order(.admit([AccessChange.Grant(other)]))
        order(.policy(.listed))
        for place in group.nodes.indices {
            #expect(group.nodes[place].endedSessions == [session])
            #expect(group.nodes[place].served?.contains(administrator) == true)
            #expect(group.nodes[place].served?.contains(other) == true)
            #expect(group.nodes[place].served?.contains(client) == false)
        }
        // It still can be changed.
        order(.policy(.open))
        #expect(group.status(0).view.number == ViewNumber(4))
        expectOneState()
    }

    @Test("Who is an administrator no longer, and on no list, is served no longer")
    func formerAdministrator() {
        order(.policy(.listed))
        let next = Samples.key(901)
        group.submit(change.request(.administer(Administration(keys: [next], needed: 1))))
        group.pass(milliseconds: 50)
        for place in group.nodes.indices {
            #expect(group.nodes[place].served?.contains(administrator) == false)
            #expect(group.nodes[place].served?.contains(ClientID(next)) == true)
            #expect(group.nodes[place].endedSessions.count == 2)
        }
    }

    @Test("Who takes over a state at a view's end serves the next one's administrators, proved or not")
    func administratorsOfTheNextView() throws {
        let group = try Group(checkpointPeriod: 8)
        let session = group.openSession(client)
        let change = Change(group, by: administrator)
        group.passes = { $0.to != 3 && $0.from != 3 }
        var sequence: UInt64 = 0
        while group.status(0).decided.rawValue < 31 {
            sequence += 1
            group.order(client, session, sequence...sequence)
            group.settle()
        }
        let next = Samples.key(901)
        group.submit(change.request(.administer(Administration(keys: [next], needed: 1))), to: [0, 1, 2])
        group.pass(milliseconds: 200)
        #expect(group.status(0).decided == Instance(32) && group.status(0).stableCheckpoint == Instance(32))
        group.passes = { parcel in
            switch parcel.message {
            case .install, .views: parcel.to != 3
            default: true
            }
        }
        group.pass(milliseconds: 4_000)
        #expect(!group.nodes[3].installed.isEmpty && group.status(3).view.number == .genesis)
        #expect(group.nodes[3].served?.administrators == [next])
        group.passes = { _ in true }
        group.pass(milliseconds: 4_000)
        #expect(group.status(3).view.number == ViewNumber(2) && group.nodes[3].served?.administrators == [next])
    }

    @Test("A group that nobody is listed in serves its administrators, who admit others")
    func nobody() throws {
        let closed = Group(view: try Samples.view(), access: AccessTable(.allowList([])))
        closed.submit(Samples.open(client))
        closed.pass(milliseconds: 50)
        #expect(closed.nodes[0].refusals.map(\.refusal.reason) == [.accessDenied])
        let change = Change(closed, by: administrator)
        closed.submit(change.request(.access(.admit([AccessChange.Grant(client)]))))
        closed.pass(milliseconds: 50)
        closed.submit(Samples.open(client, number: 2))
        closed.pass(milliseconds: 50)
        for node in closed.nodes {
            #expect(
                node.executions.flatMap(\.steps).contains { step in
                    if case .open = step.verdict { step.request.id.client == client } else { false }
                })
        }
    }

    // MARK: What cannot be

    @Test("What the table cannot be changed to is refused by all alike, with the reason, and ends no view")
    func impossible() {
        let cases: [(AccessChange, String)] = [
            (.policy(.open), "open already"), (.forget([client]), "neither admitted nor expelled"),
            (.expel([administrator]), "is an administrator's"),
            (.replace(administrator, by: client), "is an administrator's"),
        ]
        for (access, text) in cases {
            let request = change.request(.access(access))
            group.submit(request)
            group.pass(milliseconds: 50)
            for place in group.nodes.indices {
                guard case .reconfigure(.refused(let reason)) = verdicts(request.id, place).first else {
                    Issue.record("\(access): \(verdicts(request.id, place))")
                    continue
                }
                #expect(reason.contains(text), "\(reason)")
                #expect(group.status(place).view.number == .genesis)
            }
        }
        group.order(client, session, 4...5)
        expectOneState()
    }

    @Test("Of two with the same number the first is done and the second void")
    func raced() {
        let first = change.request(.access(.expel([client])))
        let second = change.request(.access(.expel([other])))
        group.submit(first)
        group.pass(milliseconds: 50)
        group.submit(second)
        group.pass(milliseconds: 200)
        for place in group.nodes.indices {
            #expect(table(place)?.admits(client) == false && table(place)?.admits(other) == true)
        }
    }

    // MARK: Limits

    @Test("A client has as many sessions as its own limit allows, however many others may have")
    func sessions() {
        order(.admit([AccessChange.Grant(client, ClientLimits(sessionsMax: 2))]))
        for number in 2...4 as ClosedRange<UInt64> {
            group.submit(Samples.open(client, number: number))
            group.pass(milliseconds: 20)
        }
        for place in group.nodes.indices {
            let evicted = group.nodes[place].executions.flatMap(\.steps).flatMap { step -> [SessionID] in
                if case .open(_, let evicted) = step.verdict { evicted } else { [] }
            }
            #expect(evicted.first == session && evicted.count == 2)
        }
        expectOneState()
    }

    @Test("A leader takes no more of a client for a batch than its limit says")
    func share() throws {
        var settings = GroupSettings()
        settings.batchRequestsMax = 40
        for (limit, expected) in [(0, 10), (3, 3), (25, 25), (100, 40)] as [(UInt32, Int)] {
            let view = try Samples.view(settings: settings)
            var pool = RequestPool(configuration: CoreConfiguration(view: view, replica: ReplicaID(0)))
            let table = AccessTable(
                policy: .open, entries: [.admitted(client, ClientLimits(batchRequestsMax: limit))])
            for sequence in 1...50 as ClosedRange<UInt64> {
                _ = pool.add(Samples.operation(client, session, sequence), at: Instant(1))
                // Also for what waits already.
                if sequence == 5 { #expect(pool.serve(ServedClients(table, administrators: [])).isEmpty) }
            }
            #expect(pool.takeBatch(for: Instance(1), isStrict: false).count == expected)
        }
    }

    // MARK: State

    @Test("The table goes with the state: to a newcomer, and to whoever has been away")
    func transferred() {
        order(.expel([client]))
        order(.admit([AccessChange.Grant(other, ClientLimits(sessionsMax: 7))]))
        let third = group.openSession(other)
        group.nodes[3].isUp = false
        group.order(other, third, 1...60)
        group.submit(change.request(.add(Learner(Group.newcomer(4)))))
        group.pass(milliseconds: 50)
        group.nodes[3].isUp = true
        let place = group.join(4, toldBy: 1)
        group.pass(milliseconds: 3_000)
        #expect(!group.nodes[place].installed.isEmpty && !group.nodes[3].installed.isEmpty)
        for place in group.nodes.indices {
            #expect(table(place) == table(0) && table(place)?.limits(of: other).sessionsMax == 7)
        }
        group.submit(Samples.open(client, number: 3), to: [place])
        #expect(reasons(place).last == .accessDenied)
    }

    @Test("A group that loses power altogether still knows whom it serves, and tells nobody before it does")
    func restarted() throws {
        let durable = try Group.durable()
        let session = durable.openSession(client)
        let change = Change(durable, by: administrator)
        durable.order(client, session, 1...20)
        durable.submit(change.request(.access(.policy(.listed))))
        durable.pass(milliseconds: 50)
        durable.submit(change.request(.access(.admit([AccessChange.Grant(other)]))))
        durable.pass(milliseconds: 50)
        for place in durable.nodes.indices { #expect(durable.nodes[place].served?.table.admits(other) == true) }
        durable.loseAndRestorePowerOfAll()
        durable.pass(milliseconds: 3_000)
        for place in durable.nodes.indices {
            #expect(durable.nodes[place].served?.table.policy == .listed)
            #expect(durable.nodes[place].served?.table.admits(other) == true)
            #expect(durable.nodes[place].served?.table.admits(client) == false)
        }
    }
}
