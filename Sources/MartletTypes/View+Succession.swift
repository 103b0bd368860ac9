// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// What may follow a view (protocol §3, §8).
extension View {
    /// A view that is being made of another one.
    fileprivate struct Draft {
        var faultModel: FaultModel
        var f: Int
        var members: [Member]
        var learners: [Learner]
        var leaderOrder: [ReplicaID]
        var settings: GroupSettings
        var incarnations: [Incarnation]
        var administration: Administration
        var lastID: ReplicaID
        var lastOperation: OperationNumber

        init(_ view: View) {
            faultModel = view.faultModel
            f = view.f
            members = view.members
            learners = view.learners
            leaderOrder = view.leaderOrder.map { view[$0].id }
            settings = view.settings
            incarnations = view.incarnations
            administration = view.administration
            lastID = view.lastID
            lastOperation = view.lastOperation
        }

        func following(_ view: View) throws(ViewError) -> View {
            try View(
                group: view.group, number: view.number.next, faultModel: faultModel, f: f, members: members,
                leaderOrder: leaderOrder, settings: settings, incarnations: incarnations, learners: learners,
                administration: administration, lastID: lastID, lastOperation: lastOperation)
        }
    }

    /// Its heavy members, leader order and settings.
    package var plan: ViewPlan {
        ViewPlan(
            heavy: members.filter(\.isHeavy).map(\.id).sorted(), leaderOrder: leaderOrder.map { self[$0].id },
            settings: settings)
    }

    /// The next view, with the same members. Throws when it cannot be, or when it differs in what running sessions and
    /// checkpoints rest on.
    package func successor(_ plan: ViewPlan) throws(ViewError) -> View {
        var draft = Draft(self)
        try draft.arrange(plan)
        return try draft.following(self)
    }

    /// The next view as the administrators want it. Throws when it cannot be, or when the operation is none that can follow: of another
    /// number, or not signed as this view asks for. Whether the signatures are valid is not judged here.
    package func successor(_ operation: Reconfiguration) throws(ViewError) -> View {
        if let complaint = complaint(about: operation) { throw ViewError(complaint) }
        var draft = Draft(self)
        try draft.apply(operation.operation)
        if case .access = operation.operation {
            // What it changes is not in the view; whether it changes that, the table tells.
        } else {
            guard try draft.following(self).differs(from: self) else { throw ViewError("it changes nothing") }
        }
        draft.lastOperation = operation.number
        return try draft.following(self)
    }

    /// What speaks against the operation whatever it asks for; nil when nothing does. **Safety** (protocol §8): it names the group (in what
    /// is signed), the view and the number of the last operation, so that it is done once, and after those that its signers knew.
    /// Views that leave members and settings as they are may have come in between.
    package func complaint(about operation: Reconfiguration) -> String? {
        guard operation.number > lastOperation else {
            return "operation \(operation.number) was done before: the next one has the number \(lastOperation.next)"
        }
        guard operation.number == lastOperation.next else {
            return "it is operation \(operation.number), but the next one has the number \(lastOperation.next)"
        }
        guard operation.view <= number else {
            return "it is for view \(operation.view), but this is view \(number)"
        }
        return administration.complaint(about: operation.shares)
    }

    private func differs(from former: View) -> Bool {
        plan != former.plan || members != former.members || learners != former.learners || quorum != former.quorum
            || administration != former.administration
    }

    // MARK: Incarnations

    /// Which incarnation of the member may vote in this view; 0 for its first start.
    package func incarnation(of replica: ReplicaID) -> UInt64 {
        incarnations.first { $0.replica == replica }?.number ?? 0
    }

    /// Which versions of the protocol the member is known to speak: the group's own, unless it has said otherwise.
    package func versions(of replica: ReplicaID) -> ProtocolVersions {
        incarnations.first { $0.replica == replica }?.versions
            ?? ProtocolVersions(only: UInt16(settings.protocolVersion))
    }

    /// As whom a REJOIN of the member, or learner, would admit it at that agreed time; nil when it does not count. Whoever does not speak
    /// what the group does is not admitted.
    package func incarnation(by rejoin: Rejoin, of replica: ReplicaID, at time: Timestamp) -> Incarnation? {
        guard rejoin.view == number, self.replica(replica) != nil,
            rejoin.versions.contains(UInt16(settings.protocolVersion))
        else { return nil }
        if let before = incarnations.first(where: { $0.replica == replica }) {
            return before.following(rejoin, at: time, settings)
        }
        guard rejoin.incarnation > 0 || index(of: replica) != nil && rejoin.versions != versions(of: replica) else {
            return nil
        }
        return Incarnation(
            replica: replica, number: rejoin.incarnation, admitted: time, versions: rejoin.versions)
    }

    /// The next view, which admits another incarnation of a member (protocol §7), knows of other versions that it speaks (§8), or admits a
    /// learner as a member, in which case the member that it replaces leaves. Nil when it must not: nothing would differ, it does not
    /// speak the group's version, or it was admitted a short while before.
    package func admitting(_ rejoin: Rejoin, of replica: ReplicaID, at time: Timestamp) -> View? {
        guard let admitted = incarnation(by: rejoin, of: replica, at: time) else { return nil }
        var draft = Draft(self)
        draft.incarnations.removeAll { $0.replica == replica }
        draft.incarnations.append(admitted)
        draft.incarnations.sort { $0.replica < $1.replica }
        if let learner = learners.first(where: { $0.member.id == replica }) { draft.promote(learner) }
        do throws(ViewError) {
            return try draft.following(self)
        } catch {
            return nil
        }
    }
}

// MARK: - Operations

extension View.Draft {
    fileprivate mutating func apply(_ operation: GroupOperation) throws(ViewError) {
        switch operation {
        case .arrange(let plan): try arrange(plan)
        case .add(let learner): try add(learner)
        case .remove(let id): try remove(id)
        case .tolerate(let model, let count):
            faultModel = model
            f = count
            chooseHeavy()
        case .update(let member): try update(member)
        case .upgrade(let version): try upgrade(to: version)
        case .administer(let administration):
            guard !administration.keys.isEmpty else {
                throw ViewError("a group without administrators could never be changed again")
            }
            self.administration = administration
        case .access(let change):
            guard settings.protocolVersion >= ProtocolVersions.access else {
                throw ViewError(
                    "whom the group serves can be changed from version \(ProtocolVersions.access) of the protocol on, and it speaks \(settings.protocolVersion): martlet admin upgrade"
                )
            }
            if let complaint = change.complaint { throw ViewError(complaint) }
            if let client = change.expelled.first(where: { administration.keys.contains($0.key) }) {
                throw ViewError("the key \(client.key) is an administrator's, whom the group always serves")
            }
        }
    }

    fileprivate mutating func arrange(_ plan: ViewPlan) throws(ViewError) {
        for (place, id) in plan.heavy.enumerated() {
            guard members.contains(where: { $0.id == id }) else {
                throw ViewError("replica \(id), which shall be heavy, is no member")
            }
            guard place == 0 || plan.heavy[place - 1] < id else {
                throw ViewError("the heavy members must be named once each, by ascending id; \(id) is not")
            }
        }
        if let name = settings.nameOfFixed(differingFrom: plan.settings) {
            throw ViewError("the setting \(name) cannot be changed")
        }
        members = members.map { $0.weighted(isHeavy: plan.heavy.contains($0.id)) }
        leaderOrder = plan.leaderOrder
        settings = plan.settings
    }

    private mutating func add(_ learner: Learner) throws(ViewError) {
        let id = learner.member.id
        guard id > lastID else {
            throw ViewError("no id is given twice: that of a newcomer must be greater than \(lastID), not \(id)")
        }
        guard f > 0 || learner.replaced != nil else {
            throw ViewError("a group of one replica cannot grow: found another one with its state")
        }
        learners.append(learner)
        lastID = id
    }

    private mutating func remove(_ id: ReplicaID) throws(ViewError) {
        if learners.contains(where: { $0.member.id == id }) { return learners.removeAll { $0.member.id == id } }
        guard members.contains(where: { $0.id == id }) else { throw ViewError("replica \(id) is no member") }
        drop(id)
        learners = learners.map { $0.replaced == id ? Learner($0.member) : $0 }
        chooseHeavy()
    }

    private mutating func drop(_ id: ReplicaID) {
        members.removeAll { $0.id == id }
        leaderOrder.removeAll { $0 == id }
        incarnations.removeAll { $0.replica == id }
    }

    /// A key or an address.
    private mutating func update(_ updated: Member) throws(ViewError) {
        if let place = members.firstIndex(where: { $0.id == updated.id }) {
            members[place] = updated.weighted(isHeavy: members[place].isHeavy)
        } else if let place = learners.firstIndex(where: { $0.member.id == updated.id }) {
            learners[place] = Learner(updated, replacing: learners[place].replaced)
        } else {
            throw ViewError("replica \(updated.id) is no member")
        }
    }

    /// **Safety**: a version is spoken only once every member can, by its own word (protocol §8).
    private mutating func upgrade(to version: UInt16) throws(ViewError) {
        guard version > settings.protocolVersion else {
            throw ViewError(
                "the group speaks version \(settings.protocolVersion) of the protocol, and never an earlier one again")
        }
        for member in members {
            let spoken = incarnations.first { $0.replica == member.id }?.versions
            guard spoken?.contains(version) == true else {
                throw ViewError(
                    "replica \(member.id) speaks version \(spoken?.description ?? "\(settings.protocolVersion)") of the protocol as far as is known, not \(version): start it with a newer program first"
                )
            }
        }
        settings.protocolVersion = Int(version)
    }

    /// Others keep their places, and whoever comes anew leads last.
    fileprivate mutating func promote(_ learner: Learner) {
        learners.removeAll { $0.member.id == learner.member.id }
        if let replaced = learner.replaced, let place = members.firstIndex(where: { $0.id == replaced }) {
            members[place] = learner.member
            leaderOrder.removeAll { $0 == replaced }
            incarnations.removeAll { $0.replica == replaced }
        } else {
            members.append(learner.member)
        }
        leaderOrder.append(learner.member.id)
        chooseHeavy()
    }

    /// So many as the quorums need: those that are heavy by now before others, who leads sooner before who leads later.
    private mutating func chooseHeavy() {
        guard f > 0, f <= ReplicaSet.membersMax, members.count <= ReplicaSet.membersMax,
            members.count >= faultModel.membersMin(f: f)
        else { return }
        let count = QuorumRule(faultModel: faultModel, n: members.count, f: f).heavyCount
        let heavy = Set(members.filter(\.isHeavy).map(\.id))
        let chosen = (leaderOrder.filter { heavy.contains($0) } + leaderOrder.filter { !heavy.contains($0) })
            .prefix(count)
        members = members.map { $0.weighted(isHeavy: chosen.contains($0.id)) }
    }
}
