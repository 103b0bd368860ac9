// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTypes
import Testing

/// What shows to whoever has a genesis alone that a quorum signed a checkpoint. Five members: 0, 1, 2 are a quorum of view 1, which
/// ends with instance 10, and 2, 3, 4 of view 2.
@Suite struct CheckpointProofTests {
    let genesis: Genesis
    let first: TestGroup
    let second: TestGroup
    let third: TestGroup

    init() throws {
        let members = try TestGroup(n: 5).view.members
        genesis = try Genesis(
            name: "proved", faultModel: .byzantine, f: 1, members: members, administrators: [], administratorsNeeded: 0,
            clientAccess: .open, settings: GroupSettings())
        first = try TestGroup(n: 5, group: Hashing.group(of: genesis))
        second = try first.following(heavy: [3, 4])
        third = try second.following(heavy: [0, 1])
    }

    private func isProved(
        _ chain: [ViewCertificate], _ certificate: CheckpointCertificate, of other: Genesis? = nil
    ) -> Bool {
        do {
            try CheckpointProof(genesis: other ?? genesis, chain: chain, certificate: certificate).check()
            return true
        } catch {
            return false
        }
    }

    @Test func aCheckpointIsProvedByTheViewThatItsInstanceBelongsTo() throws {
        let (toSecond, toThird) = (
            first.proof(of: second.view, last: 10), second.proof(of: third.view, last: 20, by: [2, 3, 4])
        )
        #expect(isProved([], first.checkpoint(of: 8)))
        #expect(isProved([toSecond], first.checkpoint(of: 10)))
        #expect(isProved([toSecond], second.checkpoint(of: 16, by: [2, 3, 4])))
        #expect(isProved([toSecond, toThird], third.checkpoint(of: 24)))
        // Members that are a quorum of another view only, or instances of another view.
        #expect(!isProved([toSecond], second.checkpoint(of: 16, by: [0, 1, 2])))
        #expect(!isProved([toSecond], first.checkpoint(of: 16)))
        #expect(!isProved([toSecond, toThird], second.checkpoint(of: 24, by: [2, 3, 4])))
    }

    /// Whoever begins with its state adds to what it says.
    @Test func numbersThatNoGroupGetsToAreRefused() throws {
        #expect(isProved([], first.checkpoint(of: 1 << 62)))
        #expect(!isProved([], first.checkpoint(of: 1 << 62 + 1)))
        #expect(!isProved([], first.checkpoint(of: .max)))
    }

    @Test func viewsAreProvedOneAfterTheOther() throws {
        let (toSecond, toThird) = (
            first.proof(of: second.view, last: 10), second.proof(of: third.view, last: 20, by: [2, 3, 4])
        )
        let certificate = third.checkpoint(of: 24)
        for chain in [
            [], [toThird], [toThird, toSecond], [toSecond], [toSecond, second.proof(of: third.view, last: 20)],
        ] {
            #expect(!isProved(chain, certificate))
        }
        #expect(
            !isProved([first.proof(of: second.view, last: 10, by: [0, 1])], second.checkpoint(of: 16, by: [2, 3, 4])))
    }

    @Test func whatOneGroupSignedProvesNothingToAnother() throws {
        let other = try Genesis(
            name: "another", faultModel: .byzantine, f: 1, members: genesis.members, administrators: [],
            administratorsNeeded: 0, clientAccess: .open, settings: GroupSettings())
        #expect(!isProved([], first.checkpoint(of: 8), of: other))
        #expect(!isProved([], first.checkpoint(of: 8, by: [0, 1])))
        #expect(!isProved([], first.checkpoint(of: 8, by: [0, 1, 1])))
    }

    /// More than travel between replicas at once.
    @Test func longChainsAreProvedToo() throws {
        var group = first
        var chain: [ViewCertificate] = []
        for number in 1...70 as ClosedRange<UInt64> {
            let next = try group.following(heavy: [0, 1])
            chain.append(group.proof(of: next.view, last: number))
            group = next
        }
        #expect(isProved(chain, group.checkpoint(of: 80)))
        #expect(!isProved(chain.dropLast(), group.checkpoint(of: 80)))
        chain.remove(at: 66)
        #expect(!isProved(chain, group.checkpoint(of: 80)))
    }
}
