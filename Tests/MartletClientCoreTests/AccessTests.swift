// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletClientCore

/// What a client makes of being served no longer.
@Suite struct AccessTests {
    @Test func `what was sent before it was expelled may have taken effect; what was not, did not`() {
        let rig = Rig(pipelineMax: 1)
        _ = rig.opened()
        rig.call([1])
        rig.call([2])
        let request = rig.takeRequests()[0]
        rig.refuse(request, .accessDenied, from: [1, 2])
        #expect(rig.takeCompletions().isEmpty, "two may be behind, or lie")
        rig.refuse(request, .accessDenied, from: [3])
        #expect(rig.takeCompletions().map(\.outcome) == [.unknown(.accessDenied)])
        let opening = rig.takeRequests()[0]
        #expect(opening.kind == .open, "whether it is served again the next opening tells")
        rig.refuse(opening, .accessDenied, from: [1, 2, 3])
        #expect(rig.takeCompletions().map(\.outcome) == [.failed(.accessDenied)])
    }

    @Test func `a result of a quorum counts, whatever others refuse`() {
        let rig = Rig()
        _ = rig.opened()
        rig.call([1])
        let request = rig.takeRequests()[0]
        rig.refuse(request, .accessDenied, from: [4])
        rig.reply(request, .result([7]), from: [1, 2])
        rig.refuse(request, .accessDenied, from: [3])
        #expect(rig.takeCompletions().isEmpty)
        rig.reply(request, .result([7]), from: [3])
        #expect(rig.takeCompletions().map(\.outcome.bytes) == [[7]])
    }

    @Test func `what was ordered and not executed is said by the replies alike`() {
        let rig = Rig()
        _ = rig.opened()
        rig.call([1])
        rig.reply(rig.takeRequests()[0], .accessDenied, from: [1, 2, 3])
        #expect(rig.takeCompletions().map(\.outcome) == [.unknown(.accessDenied)])
        #expect(rig.takeRequests().map(\.kind) == [.open])
    }

    @Test func `an opening that was ordered and not done fails what waits for it`() {
        let rig = Rig()
        rig.allUp()
        rig.call([1])
        rig.reply(rig.takeRequests()[0], .accessDenied, from: [1, 2, 3])
        #expect(rig.takeCompletions().map(\.outcome) == [.failed(.accessDenied)])
    }

    @Test func `served again, it opens another session and goes on`() {
        let rig = Rig()
        let former = rig.opened()
        rig.call([1])
        rig.refuse(rig.takeRequests()[0], .accessDenied, from: [1, 2, 3])
        _ = rig.takeCompletions()
        let opening = rig.takeRequests()[0]
        let session = SessionID(instance: Instance(former.instance.rawValue + 9), place: 0)
        rig.reply(opening, .opened(session), from: [1, 2, 3])
        rig.call([2])
        let request = rig.takeRequests()[0]
        #expect(request.id.session == session)
        rig.reply(request, .result([2]), from: [1, 2, 3])
        #expect(rig.takeCompletions().map(\.outcome.bytes) == [[2]])
    }

    @Test func `links that are denied and requests that are refused count together`() {
        let rig = Rig()
        _ = rig.opened()
        rig.call([1])
        let request = rig.takeRequests()[0]
        rig.refuse(request, .accessDenied, from: [1, 2])
        #expect(rig.takeCompletions().isEmpty)
        rig.step(.linkDenied(ReplicaID(3)))
        #expect(rig.takeCompletions().map(\.outcome) == [.unknown(.accessDenied)])
    }

    @Test func `a quorum that lets it in no more ends all that waits, though one that does keeps it waiting`() {
        let rig = Rig()
        _ = rig.opened()
        rig.call([1])
        let request = rig.takeRequests()[0]
        // It was ordered, and so waits in no pool where it could be refused.
        rig.reply(request, .result([7]), from: [4])
        rig.call(kind: .read)
        rig.pass(.seconds(1))
        _ = rig.takeRequests()
        for replica in [1, 2] as [UInt16] { rig.step(.linkDenied(ReplicaID(replica))) }
        #expect(rig.takeCompletions().isEmpty, "two may be behind, or lie")
        rig.step(.linkDenied(ReplicaID(3)))
        #expect(rig.takeCompletions().map(\.outcome) == [.unknown(.accessDenied), .failed(.accessDenied)])
    }

    @Test func `that others administer the group takes a quorum: some may not have heard of it`() {
        let rig = Rig()
        _ = rig.opened()
        rig.call([1])
        let request = rig.takeRequests()[0]
        rig.refuse(request, .notAuthorised, from: [1, 2])
        #expect(rig.takeCompletions().isEmpty)
        rig.refuse(request, .notAuthorised, from: [3])
        guard case .failed(.reconfigurationRefused)? = rig.takeCompletions().first?.outcome else {
            Issue.record("it goes on")
            return
        }
    }

    @Test func `a read that a liar refuses is answered by the others`() {
        let rig = Rig()
        _ = rig.opened()
        rig.call(kind: .read)
        rig.pass(.seconds(1))
        let request = rig.takeRequests()[0]
        rig.refuse(request, .accessDenied, from: [2])
        rig.reply(request, .result([3]), from: [1, 3, 4])
        #expect(rig.takeCompletions().map(\.outcome.bytes) == [[3]])
    }
}
