// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Seeded randomness (SplitMix64).
struct Generator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// A group's size and what it tolerates.
struct Shape: Hashable, CustomStringConvertible {
    let faultModel: FaultModel
    let n: Int
    let f: Int

    var description: String { "\(faultModel) n=\(n) f=\(f)" }

    /// All that are allowed with up to so many members.
    static func all(upTo membersMax: Int) -> [Shape] {
        FaultModel.allCases.flatMap { model in
            (1...membersMax).flatMap { n in
                (0...n).filter { f in f == 0 ? n == 1 : n >= model.membersMin(f: f) }
                    .map { f in Shape(faultModel: model, n: n, f: f) }
            }
        }
    }

    var rule: QuorumRule { QuorumRule(faultModel: faultModel, n: n, f: f) }
    var naive: NaiveQuorum { NaiveQuorum(faultModel: faultModel, n: n, f: f) }

    /// The first members are the heavy ones.
    func view() throws -> View {
        try View(
            group: .zero, number: .genesis, faultModel: faultModel, f: f, members: members(),
            leaderOrder: members().map(\.id), settings: GroupSettings())
    }

    func members() -> [Member] {
        (0..<n).map { place in
            Member(
                id: ReplicaID(UInt16(place + 1)), key: key(UInt64(place + 1)), host: "localhost", port: 1000 + place,
                isHeavy: place < rule.heavyCount)
        }
    }
}

func key(_ number: UInt64) -> PublicKey { PublicKey(words: Words32(0, 0, 0, number)) }

/// All subsets of 0 ..< n, as lists.
func subsets(of n: Int) -> [[Int]] {
    (0..<(1 << n)).map { bits in (0..<n).filter { bits >> $0 & 1 == 1 } }
}

extension ReplicaSet {
    init(positions: [Int]) { self.init(positions.map { ReplicaIndex($0) }) }
}
