// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletClientCore

@Suite struct SessionIndexTests {
    @Test(arguments: 0..<20 as Range<UInt64>)
    func `the index does what a naive twin does`(seed: UInt64) {
        var random = TestRandom(seed: seed)
        var index = SessionIndex()
        var twin: [SessionID: SessionHandle] = [:]
        for step in 0..<2_000 as Range<UInt32> {
            let session = SessionID(
                instance: Instance(UInt64.random(in: 1...40, using: &random)),
                place: UInt32.random(in: 0..<8, using: &random))
            #expect(index[session] == twin[session])
            if twin[session] != nil, random.chance(60) {
                index.remove(session)
                twin[session] = nil
            } else if twin[session] == nil {
                index.insert(session, SessionHandle(step))
                twin[session] = SessionHandle(step)
            }
            #expect(index[session] == twin[session])
        }
        for (session, handle) in twin { #expect(index[session] == handle) }
        #expect(index[.none] == nil)
    }
}
