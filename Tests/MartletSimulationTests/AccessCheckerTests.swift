// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletSimulation
import MartletTypes
import Testing

@testable import MartletCore

/// The checker of who is served finds what it is for.
@Suite("The checker of who is served")
struct AccessCheckerTests {
    private let administrator = PublicKey(words: Words32(9, 9, 9, 9))
    private func key(_ number: UInt64) -> PublicKey { PublicKey(words: Words32(number, 0, 0, 0)) }
    private func client(_ number: UInt64) -> ClientID { ClientID(key(number)) }

    private func step(
        _ client: ClientID, _ verdict: ExecutionVerdict, _ kind: RequestKind = .operation
    ) -> ExecutionStep {
        let id = RequestID(
            client: client, session: SessionID(instance: Instance(1), place: 0), sequence: SequenceNumber(1))
        return ExecutionStep(
            request: Request(id: id, kind: kind, repliesKeptFrom: SequenceNumber(0), payload: []), digest: .zero,
            verdict: verdict)
    }

    private func change(_ access: AccessChange, _ result: ReconfigurationResult = .follows(ViewNumber(2)))
        -> ExecutionStep
    {
        let operation = Reconfiguration(view: .genesis, number: OperationNumber(1), operation: .access(access))
        return step(ClientID(administrator), .reconfigure(result), .reconfiguration(operation))
    }

    private func complaints(_ access: ClientAccess, _ steps: [ExecutionStep]) -> Int {
        let history = steps.enumerated().map { place, step in
            Execution(
                epoch: Epoch(view: .genesis, regency: .first), instance: Instance(UInt64(place) + 2), digest: .zero,
                time: Timestamp(1), steps: [step])
        }
        return AccessChecker(access, administrators: [administrator]).check(history, at: .zero).count
    }

    @Test("What is done for a client that is not served, and what is denied to one that is, breaks the rule")
    func verdicts() {
        let denied = ExecutionVerdict.refuse(.accessDenied)
        #expect(complaints(.open, [step(client(1), .execute)]) == 0)
        #expect(complaints(.open, [step(client(1), denied)]) == 1)
        #expect(complaints(.allowList([key(2)]), [step(client(1), .execute)]) == 1)
        #expect(complaints(.allowList([key(2)]), [step(client(1), .refuse(.sessionUnknown))]) == 1)
        #expect(complaints(.allowList([key(2)]), [step(client(1), denied), step(client(2), .execute)]) == 0)
        #expect(complaints(.allowList([]), [step(ClientID(administrator), .execute)]) == 0)
    }

    @Test("It follows what was done, and not what was refused")
    func operations() {
        let denied = ExecutionVerdict.refuse(.accessDenied)
        let expel = change(.expel([client(1)]))
        #expect(complaints(.open, [expel, step(client(1), .execute)]) == 1)
        #expect(complaints(.open, [expel, step(client(1), denied), step(client(2), .execute)]) == 0)
        #expect(complaints(.open, [change(.expel([client(1)]), .refused("no")), step(client(1), .execute)]) == 0)
        #expect(
            complaints(.open, [expel, change(.admit([AccessChange.Grant(client(1))])), step(client(1), .execute)]) == 0)
        #expect(
            complaints(.open, [expel, change(.policy(.listed)), change(.policy(.open)), step(client(1), .execute)]) == 1
        )
        #expect(complaints(.open, [expel, change(.forget([client(1)])), step(client(1), .execute)]) == 0)
        let replace = change(.replace(client(1), by: client(2)))
        #expect(complaints(.allowList([key(1)]), [replace, step(client(2), .execute), step(client(1), denied)]) == 0)
        #expect(complaints(.allowList([key(1)]), [replace, step(client(1), .execute)]) == 1)
    }
}
