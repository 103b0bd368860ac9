// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// One replica as a view lists it.
public struct Member: Hashable, Sendable {
    public let id: ReplicaID
    /// Whoever proves to hold the private half is this member.
    public let key: PublicKey
    /// A name or address under which all other members and the clients reach it; at most 255 bytes.
    public let host: String
    /// From 1 to 65,535.
    public let port: Int
    /// Whether it has the greater voting weight. Where n is 3f+1 (in a `crash` group 2f+1) all weights are equal, but the
    /// right number of members must say so all the same.
    public let isHeavy: Bool

    public init(id: ReplicaID, key: PublicKey, host: String, port: Int, isHeavy: Bool) {
        self.id = id
        self.key = key
        self.host = host
        self.port = port
        self.isHeavy = isHeavy
    }

    /// The most bytes of a host's name.
    package static let hostBytesMax = 255

    package func weighted(isHeavy: Bool) -> Member {
        Member(id: id, key: key, host: host, port: port, isHeavy: isHeavy)
    }

    /// Says what is wrong with the address; nil when nothing is.
    package var complaint: String? {
        guard (1...Self.hostBytesMax).contains(host.utf8.count) else {
            return "has a host name of \(host.utf8.count) bytes, but it must be from 1 to \(Self.hostBytesMax)"
        }
        return (1...65_535).contains(port) ? nil : "has the port \(port), but it must be from 1 to 65535"
    }
}

/// Why a view or a genesis cannot be: which rule it breaks, in words for a person.
public struct ViewError: Error, Hashable, CustomStringConvertible {
    public let description: String
    package init(_ description: String) { self.description = description }
}

/// A numbered membership with everything that must be equal at all members (protocol §3). Immutable; whatever changes
/// a group makes a new view.
package struct View: Hashable, Sendable {
    package let group: Digest
    package let number: ViewNumber
    /// Those that vote.
    package let members: [Member]
    /// Those that follow until they are admitted as members; by ascending id.
    package let learners: [Learner]
    /// A permutation of the members: leader(r) = order[(r − 1) mod n].
    package let leaderOrder: [ReplicaIndex]
    package let settings: GroupSettings
    /// Who was admitted again after it had lost its votes, by ascending id; of all others the first start counts.
    package let incarnations: [Incarnation]
    /// Whose signatures an operation on the group needs.
    package let administration: Administration
    /// The highest id that was ever given to a replica of the group: none is given twice.
    package let lastID: ReplicaID
    /// The number of the last operation of the administrators.
    package let lastOperation: OperationNumber
    package let quorum: QuorumRule
    /// Member positions by ascending id, for look-up.
    private let positions: [(ReplicaID, ReplicaIndex)]

    package init(
        group: Digest, number: ViewNumber, faultModel: FaultModel, f: Int, members: [Member],
        leaderOrder: [ReplicaID], settings: GroupSettings, incarnations: [Incarnation] = [],
        learners: [Learner] = [], administration: Administration = Administration(), lastID: ReplicaID? = nil,
        lastOperation: OperationNumber = .none
    ) throws(ViewError) {
        let n = members.count
        guard n >= 1, n <= ReplicaSet.membersMax else {
            throw ViewError("a group has 1 to \(ReplicaSet.membersMax) members, not \(n)")
        }
        guard f >= 0, f <= ReplicaSet.membersMax, n >= faultModel.membersMin(f: f) else {
            throw ViewError(
                "\(n) members cannot tolerate \(f) \(faultModel) faults: at least \(faultModel.membersMin(f: max(0, min(f, 1000)))) are needed"
            )
        }
        guard f > 0 || n == 1 else { throw ViewError("f = 0 means one replica, not \(n)") }
        guard number >= .genesis else { throw ViewError("the first view has the number 1") }
        if let complaint = settings.complaint { throw ViewError("setting \(complaint)") }
        if let complaint = administration.complaint { throw ViewError(complaint) }
        try Self.check(members + learners.map(\.member))
        try Self.check(learners, beside: members)
        let rule = QuorumRule(faultModel: faultModel, n: n, f: f)
        let heavy = members.count(where: \.isHeavy)
        guard f == 0 || heavy == rule.heavyCount else {
            throw ViewError("\(rule.heavyCount) members must be heavy, not \(heavy)")
        }
        let positions = members.enumerated().map { ($1.id, ReplicaIndex($0)) }.sorted { $0.0 < $1.0 }
        let order = try Self.order(leaderOrder, positions)
        for (place, incarnation) in incarnations.enumerated() {
            guard positions.contains(where: { $0.0 == incarnation.replica }),
                incarnation.versions.contains(UInt16(settings.protocolVersion)),
                (1...Incarnation.timesMax).contains(incarnation.times),
                place == 0 || incarnations[place - 1].replica < incarnation.replica
            else {
                throw ViewError(
                    "incarnations must be of members, once each, by ascending id, speak the group's version, and not be too many"
                )
            }
        }
        let highest = (members.map(\.id) + learners.map(\.member.id)).max() ?? ReplicaID(0)
        guard lastID ?? highest >= highest else { throw ViewError("the id \(highest) was never given") }
        self.lastID = lastID ?? highest
        self.incarnations = incarnations
        self.group = group
        self.number = number
        self.members = members
        self.learners = learners
        self.leaderOrder = order
        self.settings = settings
        self.administration = administration
        self.lastOperation = lastOperation
        self.quorum = rule
        self.positions = positions
    }

    /// Members and learners alike.
    private static func check(_ members: [Member]) throws(ViewError) {
        guard members.count <= ReplicaSet.membersMax else {
            throw ViewError("a group has at most \(ReplicaSet.membersMax) members and learners, not \(members.count)")
        }
        for (place, member) in members.enumerated() {
            if let complaint = member.complaint { throw ViewError("member \(member.id) \(complaint)") }
            for other in members[..<place] {
                if other.id == member.id { throw ViewError("two members have the id \(member.id)") }
                if other.key == member.key { throw ViewError("members \(other.id) and \(member.id) have the same key") }
                if other.host == member.host && other.port == member.port {
                    throw ViewError(
                        "members \(other.id) and \(member.id) have the same address \(member.host):\(member.port)")
                }
            }
        }
    }

    private static func check(_ learners: [Learner], beside members: [Member]) throws(ViewError) {
        guard learners.count <= Learner.countMax else {
            throw ViewError("a group has at most \(Learner.countMax) learners, not \(learners.count)")
        }
        for (place, learner) in learners.enumerated() {
            guard !learner.member.isHeavy else { throw ViewError("learner \(learner.member.id) has no weight") }
            guard place == 0 || learners[place - 1].member.id < learner.member.id else {
                throw ViewError("learners are listed by ascending id")
            }
            guard let replaced = learner.replaced else { continue }
            guard members.contains(where: { $0.id == replaced }) else {
                throw ViewError("replica \(replaced), which shall be replaced, is no member")
            }
            guard !learners[..<place].contains(where: { $0.replaced == replaced }) else {
                throw ViewError("replica \(replaced) is being replaced already")
            }
        }
    }

    private static func order(
        _ ids: [ReplicaID], _ positions: [(ReplicaID, ReplicaIndex)]
    ) throws(ViewError) -> [ReplicaIndex] {
        var order: [ReplicaIndex] = []
        var seen = ReplicaSet()
        for id in ids {
            guard let index = positions.first(where: { $0.0 == id })?.1, seen.insert(index) else {
                throw ViewError("the leader order must name each member once; \(id) is wrong")
            }
            order.append(index)
        }
        guard order.count == positions.count else {
            throw ViewError("the leader order names \(order.count) of \(positions.count) members")
        }
        return order
    }

    package var n: Int { members.count }
    package var f: Int { quorum.f }
    package var faultModel: FaultModel { quorum.faultModel }
    /// The most entries of a batch: requests, and a probe of each member.
    package var batchEntriesMax: Int { settings.batchRequestsMax + n }
    /// How many bytes a batch of so many entries has as it travels, roughly.
    package func proposalBytes(entries: Int) -> Int { 64 + 84 * entries }
    package var everyone: ReplicaSet { ReplicaSet((0..<n).map { ReplicaIndex($0) }) }

    package subscript(index: ReplicaIndex) -> Member { members[index.position] }

    package func index(of id: ReplicaID) -> ReplicaIndex? {
        var low = 0
        var high = positions.count
        while low < high {
            let middle = (low + high) / 2
            if positions[middle].0 == id { return positions[middle].1 }
            if positions[middle].0 < id { low = middle + 1 } else { high = middle }
        }
        return nil
    }

    package func index(of key: PublicKey) -> ReplicaIndex? {
        members.firstIndex { $0.key == key }.map { ReplicaIndex($0) }
    }

    /// The member or learner of that id.
    package func replica(_ id: ReplicaID) -> Member? {
        index(of: id).map { self[$0] } ?? learners.first { $0.member.id == id }?.member
    }

    package func replica(_ key: PublicKey) -> Member? {
        index(of: key).map { self[$0] } ?? learners.first { $0.member.key == key }?.member
    }

    /// Members, in their order, and then the learners: all that what is said to everyone goes to.
    package var audience: [Member] { members + learners.map(\.member) }

    package func weight(of index: ReplicaIndex) -> Weight {
        members[index.position].isHeavy ? quorum.heavyWeight : quorum.lightWeight
    }

    package var heavyMembers: ReplicaSet {
        ReplicaSet(members.indices.filter { members[$0].isHeavy }.map { ReplicaIndex($0) })
    }

    package func weight(of voters: ReplicaSet) -> Weight {
        var sum = Weight.zero
        for voter in voters { sum += weight(of: voter) }
        return sum
    }

    package func isQuorum(_ voters: ReplicaSet) -> Bool { weight(of: voters) >= quorum.quorumWeight }

    /// At least one of these members is correct.
    package func isWeakCertificate(_ voters: ReplicaSet) -> Bool { voters.count >= quorum.weakCount }

    package func leader(of regency: Regency) -> ReplicaIndex {
        precondition(regency > .none, "0 is no regency")
        return leaderOrder[Int((regency.rawValue - 1) % UInt64(n))]
    }

    // MARK: Adaptation

    /// The instance k·c whose calculation is due at this one (adaptation §6); nil where none is, or none matters. It counts only
    /// if it belongs to this view too.
    package func calculation(dueAt instance: Instance) -> Instance? {
        let distance = UInt64(settings.dueDistance)
        guard settings.measuringPermille > 0, !settings.isPinned, f > 0, instance.rawValue > distance,
            (instance.rawValue - distance) % UInt64(settings.calculationPeriod) == 0
        else { return nil }
        return Instance(instance.rawValue - distance)
    }

    package static func == (left: View, right: View) -> Bool {
        left.group == right.group && left.number == right.number && left.members == right.members
            && left.leaderOrder == right.leaderOrder && left.settings == right.settings && left.quorum == right.quorum
            && left.incarnations == right.incarnations && left.learners == right.learners
            && left.administration == right.administration && left.lastID == right.lastID
            && left.lastOperation == right.lastOperation
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(group)
        hasher.combine(number)
    }
}
