// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes
import Testing

/// How members agree on what they have measured, and what is calculated of it (adaptation §3 and §6).
@Suite("Reports and calculations")
struct ReportingTests {
    private let client = Samples.client(1)
    private let key = Samples.key(3)

    private func group(period: Int = 60, timeouts: Timeouts = Timeouts()) throws -> Group {
        var settings = GroupSettings()
        settings.window = 4
        settings.checkpointPeriod = 16
        settings.measuringPermille = 1_000
        settings.calculationPeriod = period
        let group = Group(view: try Samples.view(settings: settings), timeouts: timeouts)
        group.drawNumbers()
        return group
    }

    private func report(_ votes: [UInt32]) -> LatencyReport {
        LatencyReport(proposals: votes.map { LinkLatency($0) }, votes: votes.map { LinkLatency($0) })
    }

    private func operation(_ report: LatencyReport, number: UInt64) -> PeerMessage {
        .operation(
            ReplicaOperation(request: .measure(report, in: .genesis, number: SequenceNumber(number), by: key)))
    }

    private func operation(_ payload: Bytes, number: UInt64) -> PeerMessage {
        let id = RequestID(client: ClientID(key), session: .ofReplicas, sequence: SequenceNumber(number))
        return .operation(
            ReplicaOperation(
                request: Request(id: id, kind: .measure, repliesKeptFrom: SequenceNumber(0), payload: payload)))
    }

    /// Member 3 makes no reports of its own but what a test injects.
    private func silence(_ group: Group) {
        group.passes = { parcel in
            if parcel.from == 3, case .operation = parcel.message { return false }
            if case .forwarded = parcel.message { return false }
            return true
        }
    }

    private func reports(_ group: Group, at place: Int) -> [[LatencyReport?]] {
        group.nodes[place].calculations.map(\.reports)
    }

    // MARK: Agreeing

    @Test("All members calculate from the same reports, of all members, after every c-th instance")
    func sameReports() throws {
        let group = try group()
        let session = group.openSession(client)
        group.order(client, session, 1...200)
        let inputs = group.nodes.map(\.calculations)
        #expect(inputs[0].map(\.instance.rawValue) == [60, 120, 180])
        for place in 1...3 { #expect(inputs[place] == inputs[0]) }
        for input in inputs[0].dropFirst() {
            #expect(input.leader == ReplicaID(0) && input.excluded.isEmpty && input.view == .genesis)
            for (place, report) in input.reports.enumerated() {
                let report = try #require(report)
                #expect(report.votes[place] == .zero && report.proposals[place] == .zero)
                #expect(report.votes.allSatisfy { !$0.isMissing })
            }
        }
        #expect(group.executed(2).count == 200, "reports are nothing that the service executes")
    }

    @Test("Each member reports at least twice in c instances")
    func twice() throws {
        let group = try group()
        let session = group.openSession(client)
        let sent = (0...3).map { group.record($0) }
        group.order(client, session, 1...600)
        let decided = Int(group.status(0).decided.rawValue)
        for recording in sent {
            let count = Set(recording.messages.compactMap { if case .operation(let it) = $0 { it } else { nil } }).count
            #expect(count * 60 >= decided * 2, "\(count) in \(decided) instances")
            #expect(count * 60 <= decided * 4)
        }
    }

    @Test("An idle group reports now and then, and does not keep itself busy")
    func idle() throws {
        let group = try group()
        _ = group.openSession(client)
        group.pass(milliseconds: 11_000)
        let before = group.status(0).decided
        group.pass(milliseconds: 100_000)
        let instances = group.status(0).decided.distance(beyond: before)
        #expect((10...44).contains(instances))
    }

    /// The simulator's seed 1 found a member that asked for time again and again, its deadline long past.
    @Test("While a report waits to be ordered nobody is woken for the next one")
    func waiting() throws {
        let group = try group()
        let session = group.openSession(client)
        group.order(client, session, 1...10)
        group.passes = { parcel in
            switch parcel.message {
            case .propose, .write, .accept: false
            default: true
            }
        }
        for _ in 0..<300 {
            group.pass(milliseconds: 100)
            for node in group.nodes {
                let deadline = node.core.nextDeadline
                #expect(try #require(deadline) > group.now.monotonic)
            }
        }
        #expect(group.nodes.allSatisfy { $0.core.status.pendingRequests > 0 })
    }

    @Test("Nothing is reported where nothing was measured")
    func nothingMeasured() throws {
        var settings = GroupSettings()
        settings.measuringPermille = 0
        let group = Group(view: try Samples.view(settings: settings))
        group.drawNumbers()
        let session = group.openSession(client)
        let sent = group.record(1)
        group.order(client, session, 1...600)
        group.pass(milliseconds: 30_000)
        #expect(!sent.messages.contains { if case .operation = $0 { true } else { false } })
        #expect(group.nodes[1].calculations.isEmpty)
    }

    @Test("A leader that leaves a member's reports out is replaced, as for a client's signed requests")
    func leftOut() throws {
        let group = try group()
        let session = group.openSession(client)
        group.passes = { parcel in
            guard parcel.to == 0 else { return true }
            switch parcel.message {
            case .operation: return false
            case .forwarded(let it): return !it.contains { $0.request.kind == .measure }
            default: return true
            }
        }
        group.order(client, session, 1...400)
        #expect(group.status(1).epoch.regency > .first)
        let last = try #require(group.nodes[1].calculations.last)
        #expect(last.reports[3] != nil)
        #expect(last.leader != ReplicaID(0))
        #expect(last.excluded == [ReplicaID(0)])
    }

    @Test("A report that its sender gave to one member only is ordered all the same")
    func toOneOnly() throws {
        let group = try group()
        let session = group.openSession(client)
        group.passes = { parcel in
            if parcel.from == 3, case .operation = parcel.message { return parcel.to == 2 }
            return true
        }
        group.order(client, session, 1...200)
        let last = try #require(group.nodes[1].calculations.last)
        #expect(last.reports[3] != nil)
        #expect(group.status(1).epoch.regency == .first)
    }

    @Test("A report counts for the calculation interval in which it was ordered, and for no later one")
    func stale() throws {
        let group = try group()
        silence(group)
        let session = group.openSession(client)
        for to in 0...2 { group.inject(operation(report([5, 6, 7, 0]), number: 1), from: 3, to: to) }
        group.order(client, session, 1...130)
        let rows = reports(group, at: 1).map { $0[3] }
        #expect(rows == [report([5, 6, 7, 0]), nil])
    }

    // MARK: Liars

    @Test("Wrong lengths, another view, absurd values and a distance from oneself have no effect, at all members alike")
    func absurd() throws {
        let group = try group()
        silence(group)
        let session = group.openSession(client)
        let good = report([5, 6, 7, 0]).payload(in: .genesis)
        var tooLong = good
        tooLong.replaceSubrange(16..<20, with: [0xD6, 0x93, 0xA4, 0x01])
        var fromItself = good
        fromItself[16 + 15] = 1
        let payloads: [Bytes] = [
            [], Bytes(good.dropLast()), good + [0], Bytes(good.prefix(24)), good + good, tooLong, fromItself,
            report([5, 6, 7, 0]).payload(in: ViewNumber(2)),
        ]
        for (number, payload) in payloads.enumerated() {
            for to in 0...2 { group.inject(operation(payload, number: UInt64(number + 1)), from: 3, to: to) }
            group.pass(milliseconds: 10)
        }
        group.order(client, session, 1...70)
        for place in 0...2 {
            #expect(reports(group, at: place).map { $0[3] } == [nil])
            // They were ordered, and are not again.
            let image = try #require(group.nodes[place].adaptations.values.max { $0.sum < $1.sum })
            #expect(image.reports[3].number == SequenceNumber(UInt64(payloads.count)))
            #expect(image.reports[3].report == nil)
        }
        #expect(group.status(1).epoch.regency == .first)
    }

    @Test("The largest latency and missing are no absurd values")
    func extremes() {
        let extreme = report([LinkLatency.max.rawValue, UInt32.max, 0, 0])
        let payload = extreme.payload(in: .genesis)
        #expect(LatencyReport(payload: payload, of: ReplicaIndex(3), in: .genesis, n: 4) == extreme)
        #expect(LatencyReport(payload: payload, of: ReplicaIndex(2), in: .genesis, n: 4) == extreme)
        #expect(LatencyReport(payload: payload, of: ReplicaIndex(0), in: .genesis, n: 4) == nil)
        #expect(LatencyReport(payload: payload, of: ReplicaIndex(4), in: .genesis, n: 4) == nil)
    }

    @Test(
        "Nobody says of itself that it is late, nor of whoever is no member, nor that instances take more than an hour")
    func impossibleExperience() {
        let row = [0, 5, 6, 7].map { LinkLatency($0) }
        let report = LatencyReport(
            proposals: row, votes: row, late: ReplicaSet([1, 3].map { ReplicaIndex($0) }), took: LinkLatency(1_000))
        let payload = report.payload(in: .genesis)
        #expect(LatencyReport(payload: payload, of: ReplicaIndex(0), in: .genesis, n: 4) == report)
        for (byte, bits) in [(0, 0xF0), (0, 0x08), (0, 0x01)] as [(Int, UInt8)] {
            var wrong = payload
            wrong[payload.count - 1 - byte] = bits
            #expect(LatencyReport(payload: wrong, of: ReplicaIndex(0), in: .genesis, n: 4) == nil)
        }
        var long = payload
        long.replaceSubrange(payload.count - 5..<payload.count - 1, with: [0xD6, 0x93, 0xA4, 0x01])
        #expect(LatencyReport(payload: long, of: ReplicaIndex(0), in: .genesis, n: 4) == nil)
        for count in 1..<payload.count {
            #expect(LatencyReport(payload: payload.dropLast(count), of: ReplicaIndex(0), in: .genesis, n: 4) == nil)
        }
    }

    @Test("A report that is sent again later does not come back")
    func replayed() throws {
        let group = try group()
        silence(group)
        let session = group.openSession(client)
        for number in [2, 5, 1, 2, 3, 4, 5] as [UInt64] {
            let said = report([UInt32(number), 6, 7, 0])
            for to in 0...2 { group.inject(operation(said, number: number), from: 3, to: to) }
            group.pass(milliseconds: 20)
        }
        group.order(client, session, 1...70)
        #expect(reports(group, at: 0).map { $0[3] } == [report([5, 6, 7, 0])])
        #expect(reports(group, at: 1) == reports(group, at: 0))
    }

    @Test("Two reports under one number: one of them counts, the same one everywhere, and nobody is replaced for it")
    func equivocation() throws {
        let group = try group()
        silence(group)
        let session = group.openSession(client)
        group.passes = { parcel in
            if parcel.from == 3, case .operation = parcel.message { return false }
            return true
        }
        for to in 0...2 { group.inject(operation(report([UInt32(to), 6, 7, 0]), number: 1), from: 3, to: to) }
        group.order(client, session, 1...130)
        let rows = (0...2).map { reports(group, at: $0).map { $0[3] } }
        #expect(rows[0].first != .some(nil))
        #expect(rows[1] == rows[0] && rows[2] == rows[0])
        #expect(group.executed(1).count == 130)
    }

    @Test("In another member's name, or as a client of one's own, nobody can report")
    func foreign() throws {
        let group = try group()
        let session = group.openSession(client)
        let decided = group.status(1).decided
        group.inject(operation(report([5, 6, 7, 0]), number: 1), from: 2, to: 1)
        let id = RequestID(client: client, session: .ofReplicas, sequence: SequenceNumber(1))
        let request = Request(id: id, kind: .measure, repliesKeptFrom: SequenceNumber(0), payload: [])
        group.submit(Samples.admitted(request))
        group.pass(milliseconds: 100)
        #expect(group.status(1).pendingRequests == 0)
        // Listed in a batch by a liar, it is void: nobody needs its body.
        #expect(group.status(1).decided == decided)
        group.order(client, session, 1...3)
        #expect(group.executed(1).count == 3)
    }

    @Test("Of one member's operations few wait")
    func flood() throws {
        let group = try group()
        group.passes = { _ in false }
        for number in 1...100 as ClosedRange<UInt64> {
            group.inject(operation(report([UInt32(number), 6, 7, 0]), number: number), from: 3, to: 1)
        }
        #expect(group.status(1).pendingRequests == 4)
        group.passes = { _ in true }
        group.pass(milliseconds: 500)
        #expect(group.status(1).pendingRequests == 0)
        #expect(group.status(1).epoch.regency == .first)
    }

    /// Else the others would blame the leader for what it has no room for.
    @Test("An operation with a higher number finds room where lower ones wait")
    func higherNumber() throws {
        let group = try group()
        group.passes = { _ in false }
        for number in [1, 2, 3, 4, 9, 1] as [UInt64] {
            group.inject(operation(report([UInt32(number), 6, 7, 0]), number: number), from: 3, to: 1)
            #expect(group.status(1).pendingRequests == min(4, Int(number)) || number == 1)
        }
        #expect(group.status(1).pendingRequests == 4)
        silence(group)
        for to in [0, 2] { group.inject(operation(report([9, 6, 7, 0]), number: 9), from: 3, to: to) }
        group.pass(milliseconds: 3_000)
        #expect(group.nodes.allSatisfy { $0.core.status.pendingRequests == 0 })
        #expect(group.nodes.allSatisfy { $0.core.status.epoch.regency == .first })
    }

    @Test("What nobody shows to be a member's displaces nothing that is")
    func unsignedNumber() throws {
        let group = try group()
        group.passes = { _ in false }
        for number in 5...8 as ClosedRange<UInt64> {
            group.inject(operation(report([UInt32(number), 6, 7, 0]), number: number), from: 3, to: 1)
        }
        let false9 = Request.measure(report([9, 6, 7, 0]), in: .genesis, number: SequenceNumber(9), by: key)
        group.inject(
            .forwarded([ForwardedRequest(request: false9, isVouched: true, proof: nil)]), from: 2, to: 1)
        #expect(group.status(1).pendingRequests == 4)
    }

    // MARK: Checkpoints

    @Test("Who takes over a checkpoint goes on with the same reports, and calculates again what is still due")
    func stateTransfer() throws {
        let group = try group()
        let session = group.openSession(client)
        group.order(client, session, 1...20)
        group.nodes[3].isUp = false
        // The calculation after 60 is due after 75; the checkpoint after 64 holds it.
        group.order(client, session, 21...69)
        group.nodes[3].isUp = true
        group.pass(milliseconds: 3_000)
        #expect(group.nodes[3].calculations.first?.instance == Instance(60))
        #expect(group.nodes[3].calculations.first == group.nodes[0].calculations.first)
        group.order(client, session, 70...130)
        #expect(group.nodes[3].calculations.map(\.instance.rawValue) == [60, 120])
        #expect(group.nodes[3].calculations == group.nodes[0].calculations)
        for (instance, image) in group.nodes[3].adaptations { #expect(group.nodes[0].adaptations[instance] == image) }
    }

    @Test("Rows and columns of a checkpoint stand by the members' ids, whatever their order in the view")
    func order() throws {
        let plain = try Samples.view()
        let members = [2, 0, 3, 1].map { plain.members[$0] }
        let view = try View(
            group: .zero, number: .genesis, faultModel: .byzantine, f: 1, members: members,
            leaderOrder: members.map(\.id), settings: plain.settings)
        var tables = LatencyTables(view: view)
        tables.note(report([0, 20, 23, 21]), of: ReplicaIndex(0), at: Instance(7))
        let accusing = LatencyReport(
            proposals: report([32, 30, 0, 31]).proposals, votes: report([32, 30, 0, 31]).votes,
            late: ReplicaSet([ReplicaIndex(0), ReplicaIndex(3)]), took: LinkLatency(8))
        tables.note(accusing, of: ReplicaIndex(2), at: Instance(9))
        let numbers: [UInt64] = [5, 7, 4, 6]
        let records = tables.records { SequenceNumber(numbers[Int($0.rawValue)]) }
        #expect(records.map(\.replica.rawValue) == [0, 1, 2, 3])
        #expect(records.map(\.number.rawValue) == [5, 7, 4, 6])
        #expect(records[2].report == report([20, 21, 0, 23]))
        #expect(records[3].report?.votes == report([30, 31, 32, 0]).votes)
        #expect(records[3].report?.late == ReplicaSet([ReplicaIndex(1), ReplicaIndex(2)]))
        #expect(records[3].report?.took == LinkLatency(8))
        let again = LatencyTables(image: AdaptationImage(reports: records, calculation: nil), view: view)
        #expect(again.reports(beyond: Instance(7)) == [nil, nil, accusing, nil])
        #expect(again.reports(beyond: Instance(6)) == tables.reports(beyond: Instance(6)))
    }

    @Test("The last f leaders that were replaced are no candidates, the present one is")
    func replacedLeaders() throws {
        let view = try Samples.view(n: 7, f: 2)
        let replaced = (1...9).map { view.replacedLeaders(before: Regency($0)).map(\.position) }
        #expect(replaced == [[], [0], [0, 1], [1, 2], [2, 3], [3, 4], [4, 5], [5, 6], [0, 6]])
        let alone = try Samples.view(n: 1, f: 0)
        #expect(alone.replacedLeaders(before: Regency(5)).isEmpty)
    }
}

extension AdaptationImage {
    fileprivate var sum: UInt64 { reports.reduce(0) { $0 + $1.number.rawValue } }
}
