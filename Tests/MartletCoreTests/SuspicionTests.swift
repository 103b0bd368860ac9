// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes
import Testing

/// From votes that come late to suspicions that all members have (adaptation §7). c = 60.
@Suite("Suspicions, in a group")
struct SuspicionTests {
    private let client = Samples.client(1)

    private func group() throws -> Group {
        var settings = GroupSettings()
        settings.window = 4
        settings.checkpointPeriod = 16
        settings.measuringPermille = 1_000
        settings.calculationPeriod = 60
        let group = Group(view: try Samples.view(settings: settings))
        group.drawNumbers()
        return group
    }

    /// The votes of member 3 do not get to those.
    private func holdVotes(_ group: Group, from receivers: Set<Int>) {
        group.passes = { parcel in
            switch parcel.message {
            case .write, .accept: parcel.from != 3 || parcel.to == 3 || !receivers.contains(parcel.to)
            default: true
            }
        }
    }

    private func suspects(_ input: CalculationInput) -> [ReplicaID] {
        input.experience.suspects(at: input.instance, f: 1)
    }

    @Test("A member that answers challenges and does not vote is reported late by all, and becomes suspect")
    func suspected() throws {
        let group = try group()
        holdVotes(group, from: [0, 1, 2])
        let session = group.openSession(client)
        group.order(client, session, 1...500)
        let inputs = group.nodes[0].calculations
        for place in 1...3 { #expect(group.nodes[place].calculations == inputs) }
        let last = try #require(inputs.last)
        for place in 0...2 { #expect(last.reports[place]?.late == ReplicaSet([ReplicaIndex(3)])) }
        #expect(last.reports[3]?.late.isEmpty == true)
        #expect(suspects(last) == [ReplicaID(3)])
        let accused = try #require(inputs.firstIndex { !$0.experience.suspicions.isEmpty })
        let suspected = try #require(inputs.firstIndex { !suspects($0).isEmpty })
        #expect(suspected == accused + 2)
    }

    @Test("What one member finds makes nobody suspect")
    func oneAccuser() throws {
        let group = try group()
        holdVotes(group, from: [2])
        let session = group.openSession(client)
        group.order(client, session, 1...500)
        let last = try #require(group.nodes[0].calculations.last)
        #expect(last.reports.map { $0?.late.contains(ReplicaIndex(3)) } == [false, false, true, false])
        #expect(last.experience == Experience())
    }

    @Test("Members whose votes come in time are not reported, and all tell how long instances take")
    func punctual() throws {
        let group = try group()
        let session = group.openSession(client)
        group.order(client, session, 1...200)
        for input in group.nodes[0].calculations.dropFirst() {
            #expect(input.experience == Experience())
            for report in input.reports { #expect(report?.late.isEmpty == true && report?.took.isMissing == false) }
        }
    }

    @Test("Who takes over a checkpoint has the same suspicions")
    func takenOver() throws {
        let group = try group()
        holdVotes(group, from: [0, 1, 2])
        let session = group.openSession(client)
        group.order(client, session, 1...500)
        #expect(group.nodes[0].calculations.last.map(suspects) == [ReplicaID(3)])
        group.passes = { _ in true }
        group.restart(1, mode: .learner)
        group.pass(milliseconds: 3_000)
        group.order(client, session, 501...700)
        let inputs = group.nodes[1].calculations.suffix(3)
        #expect(inputs.allSatisfy { input in group.nodes[0].calculations.contains(input) })
        #expect(inputs.last.map(suspects) == [ReplicaID(3)])
    }
}
