// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

/// Weights and quorums (protocol §2) against the paper's fractions, and the two properties that everything rests on.
@Suite struct QuorumRuleTests {
    @Test(arguments: Shape.all(upTo: 7))
    func agreesWithThePaperOnEverySubset(_ shape: Shape) throws {
        let view = try shape.view()
        for voters in subsets(of: shape.n) {
            #expect(view.isQuorum(ReplicaSet(positions: voters)) == shape.naive.isQuorum(voters), "\(voters)")
        }
    }

    /// Whichever f members are faulty, any two quorums share a correct one; where members only crash, sharing any one
    /// is enough.
    @Test(arguments: Shape.all(upTo: 7))
    func anyTwoQuorumsShareACorrectMember(_ shape: Shape) throws {
        let view = try shape.view()
        let quorums = (0..<(1 << shape.n) as Range<Int>).filter { bits in
            view.isQuorum(ReplicaSet(positions: (0..<shape.n).filter { bits >> $0 & 1 == 1 }))
        }
        let faulty =
            shape.faultModel == .byzantine
            ? (0..<(1 << shape.n) as Range<Int>).filter { $0.nonzeroBitCount == shape.f } : [0]
        var violations = 0
        for first in quorums {
            for second in quorums {
                let shared = first & second
                violations += faulty.count { shared & ~$0 == 0 }
            }
        }
        #expect(!quorums.isEmpty)
        #expect(violations == 0)
    }

    /// Whichever f members are silent, heavy ones too, the others are a quorum.
    @Test(arguments: Shape.all(upTo: 7))
    func aQuorumRemainsWithoutAnyFaultyMembers(_ shape: Shape) throws {
        let view = try shape.view()
        for voters in subsets(of: shape.n) where voters.count == shape.n - shape.f {
            #expect(view.isQuorum(ReplicaSet(positions: voters)), "\(voters)")
        }
    }

    /// Both properties for every larger group, from its worst case: the faulty hold the greatest weights.
    @Test func theWorstCaseHoldsForAllSizes() {
        for shape in Shape.all(upTo: ReplicaSet.membersMax) where shape.f > 0 {
            let rule = shape.rule
            let worst = UInt64(shape.f) * rule.heavyWeight.rawValue
            let overlap = 2 * rule.quorumWeight.rawValue - rule.totalWeight.rawValue
            #expect(shape.faultModel == .byzantine ? overlap > worst : overlap > 0, "\(shape)")
            #expect(rule.totalWeight.rawValue - worst >= rule.quorumWeight.rawValue, "\(shape)")
            #expect(rule.heavyCount >= shape.f, "\(shape)")
        }
    }

    /// Larger groups by chance: quorums that are just large enough, grown in random orders.
    @Test(arguments: 0..<50 as Range<UInt64>)
    func largerGroupsByChance(_ seed: UInt64) throws {
        var generator = Generator(seed: seed)
        let shapes = Shape.all(upTo: 40).filter { $0.n > 7 }
        let shape = try #require(shapes.randomElement(using: &generator))
        let view = try shape.view()
        func quorum() -> Set<Int> {
            var voters: [Int] = []
            for member in (0..<shape.n).shuffled(using: &generator) {
                voters.append(member)
                let isQuorum = view.isQuorum(ReplicaSet(positions: voters))
                #expect(isQuorum == shape.naive.isQuorum(voters), "\(shape) \(voters)")
                if isQuorum { break }
            }
            return Set(voters)
        }
        let least = shape.faultModel == .byzantine ? shape.f + 1 : 1
        for _ in 0..<20 { #expect(quorum().intersection(quorum()).count >= least, "\(shape)") }
        let silent = Set((0..<shape.n).shuffled(using: &generator).prefix(shape.f))
        #expect(view.isQuorum(ReplicaSet(positions: (0..<shape.n).filter { !silent.contains($0) })))
    }

    /// Δ = 0: the classical quorums, all members alike.
    @Test(arguments: 1...20)
    func withoutExtraMembersAllCountAlike(_ f: Int) {
        let byzantine = QuorumRule(faultModel: .byzantine, n: 3 * f + 1, f: f)
        #expect(byzantine.heavyWeight == byzantine.lightWeight)
        #expect(byzantine.quorumWeight.rawValue == byzantine.lightWeight.rawValue * UInt64(2 * f + 1))
        let crash = QuorumRule(faultModel: .crash, n: 2 * f + 1, f: f)
        #expect(crash.heavyWeight == crash.lightWeight)
        #expect(crash.quorumWeight.rawValue == crash.lightWeight.rawValue * UInt64(f + 1))
    }

    /// f = 0 means one replica, which decides alone.
    @Test(arguments: FaultModel.allCases)
    func oneReplicaDecidesAlone(_ model: FaultModel) throws {
        let view = try Shape(faultModel: model, n: 1, f: 0).view()
        #expect(view.quorum.quorumWeight == Weight(1))
        #expect(view.quorum.totalWeight == Weight(1))
        #expect(view.isQuorum(view.everyone))
        #expect(!view.isQuorum(ReplicaSet()))
        #expect(view.isWeakCertificate(view.everyone))
        #expect(!view.isWeakCertificate(ReplicaSet()))
    }

    /// Protocol §6: in `crash` mode one member's word suffices wherever f+1 is asked.
    @Test func aWeakCertificateContainsACorrectMember() {
        #expect(QuorumRule(faultModel: .byzantine, n: 7, f: 2).weakCount == 3)
        #expect(QuorumRule(faultModel: .crash, n: 5, f: 2).weakCount == 1)
    }

    @Test func aRuleForTooFewMembersTraps() async {
        await #expect(processExitsWith: .failure) { _ = QuorumRule(faultModel: .byzantine, n: 3, f: 1) }
        await #expect(processExitsWith: .failure) { _ = QuorumRule(faultModel: .crash, n: 2, f: 1) }
        await #expect(processExitsWith: .failure) { _ = QuorumRule(faultModel: .byzantine, n: 4, f: 0) }
    }
}
