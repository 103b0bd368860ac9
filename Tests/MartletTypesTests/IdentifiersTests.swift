// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@Suite struct IdentifiersTests {
    /// A liar's largest number does not trap.
    @Test func numbersSaturate() {
        #expect(Instance(5).next == Instance(6))
        #expect(Instance(.max).next == Instance(.max))
        #expect(Regency(.max).next == Regency(.max))
        #expect(SequenceNumber(.max).next == SequenceNumber(.max))
        #expect(Instance.zero.previous == .zero)
        #expect(Instance(5).previous == Instance(4))
        #expect(Instance(.max - 1) + 5 == Instance(.max))
        #expect(Instance(3) + 5 == Instance(8))
        #expect(Instance(3) - 5 == .zero)
        #expect(Instance(8) - 5 == Instance(3))
        #expect(Instance(8).distance(beyond: Instance(3)) == 5)
        #expect(Instance(3).distance(beyond: Instance(8)) == 0)
        #expect(Instance(.max).distance(beyond: .zero) == Int.max)
    }

    @Test func epochsAndNamesAreOrderedByTheirParts() {
        let epochs = [(1, 1), (1, 2), (1, 9), (2, 1), (2, 3)].map {
            Epoch(view: ViewNumber($0.0), regency: Regency($0.1))
        }
        #expect(epochs.reversed().sorted() == epochs)
        let sessions = [(0, 0), (1, 0), (1, 7), (2, 1)].map { SessionID(instance: Instance($0.0), place: $0.1) }
        #expect(sessions.reversed().sorted() == sessions)
        #expect(sessions[0] == .none)
        var requests: [RequestID] = []
        for client in 1...2 as ClosedRange<UInt64> {
            for session in sessions {
                for sequence in 1...2 as ClosedRange<UInt64> {
                    requests.append(
                        RequestID(
                            client: ClientID(key(client)), session: session, sequence: SequenceNumber(sequence)))
                }
            }
        }
        #expect(requests.reversed().sorted() == requests)
    }

    @Test func theVoteLimitLeavesTwoPeriodsAndAWindow() {
        let settings = GroupSettings()
        #expect(settings.voteLimit >= 2 * settings.checkpointPeriod + settings.window)
        #expect(settings.complaint == nil)
    }

    @Test func faultModelsAreReadByName() {
        for model in FaultModel.allCases { #expect(FaultModel(model.description) == model) }
        #expect(FaultModel("Byzantine") == nil)
        #expect(FaultModel("") == nil)
    }
}
