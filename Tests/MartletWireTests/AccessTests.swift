// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import MartletWire
import Testing

@Suite("Access on the wire")
struct AccessTests {
    private func client(_ number: UInt64) -> ClientID { ClientID(PublicKey(words: Words32(number, 0, 0, 0))) }

    @Test("A reply and a refusal of a client that is not served come back as they were")
    func denied() throws {
        #expect(try ReplyBody(decoding: ReplyBody.accessDenied.encoded()) == .accessDenied)
        for reason in [RefusalReason.accessDenied, .notAuthorised] {
            let refusal = Refusal(
                request: RequestID(client: client(1), session: .none, sequence: SequenceNumber(1)), reason: reason)
            #expect(try Refusal(decoding: refusal.encoded()) == refusal)
        }
    }

    @Test("Each table, and each change, has one encoding")
    func order() {
        for clients in [[client(2), client(1)], [client(1), client(1)]] {
            let table = AccessTable(policy: .open, entries: clients.map { .expelled($0) })
            #expect(throws: WireError.notCanonical("accessEntries must strictly ascend")) {
                try AccessTable(decoding: table.encoded())
            }
            for change in [
                AccessChange.expel(clients), .forget(clients), .admit(clients.map { AccessChange.Grant($0) }),
            ] {
                #expect(throws: WireError.notCanonical("clientsOfOneChange must strictly ascend")) {
                    try AccessChange(decoding: change.encoded())
                }
            }
        }
    }

    @Test("More clients than may be named are refused before any of them is looked at")
    func limits() {
        let many = (0...UInt64(AccessChange.clientsMax)).map { client($0) }
        #expect(throws: WireError.self) { try AccessChange(decoding: AccessChange.expel(many).encoded()) }
        #expect(throws: Never.self) { try AccessChange(decoding: AccessChange.expel(many.dropLast()).encoded()) }
        for policy in [0, 3, 255] as [UInt8] {
            #expect(throws: WireError.unknownTag(type: "client access", tag: policy)) {
                try AccessTable(decoding: [policy, 0, 0, 0, 0])
            }
        }
    }
}
