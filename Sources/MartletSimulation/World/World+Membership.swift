// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTypes

/// Replicas that come and go. A world in which nobody does has none of this.
extension World {
    /// How often connections are made anew.
    private static let dialPeriod = Interval.milliseconds(30)
    private static let dialSpread = Interval.milliseconds(10)
    /// How long after a crash it starts again with its new key.
    private static let rotationMax = Interval.milliseconds(30)
    /// How often whoever was removed, and lies, thinks of something.
    static let formerPeriod = Interval.milliseconds(4)

    func onStart(_ replica: SimulatedReplica) {
        replica.start(at: now)
        trace.line(now, "r\(replica.id)", "FAULT", "starts, and waits to be listed")
        scheduleDial(from: replica)
    }

    // MARK: - Connections

    func scheduleDial(from replica: SimulatedReplica) {
        guard scenario.hasChanges else { return }
        queue.insert(
            .dial(replica.slot, incarnation: replica.incarnation),
            at: now + Self.dialPeriod + random.interval(upTo: Self.dialSpread))
    }

    /// To all that it speaks with; one that waits to be listed, to all that there are.
    func dial(from replica: SimulatedReplica) {
        guard replica.isUp else { return }
        scheduleDial(from: replica)
        guard !replica.isPaused else { return }
        let others = replica.isWaiting ? (0..<scenario.slots).map { ReplicaID(slot: $0) } : replica.peers
        let newest = replica.verifier.view.number
        for other in others where other != replica.id {
            let (arrival, _) = network.arrivals(
                of: .fetchViews, from: scenario.node(ofReplica: replica.id.slot),
                to: scenario.node(ofReplica: other.slot), at: now)
            guard let arrival else { continue }
            queue.insert(
                .hello(other.slot, from: replica.slot, incarnation: replica.incarnation, newest: newest), at: arrival)
        }
    }

    /// Whoever knows a newer view than the one that connects tells it how to get there.
    func onHello(by dialer: SimulatedReplica, _ newest: ViewNumber, at replica: SimulatedReplica) {
        guard replica.isUp, !replica.isPaused, !replica.isWaiting else { return }
        guard replica.lists(dialer) else { return counts.linksRefused += 1 }
        let part = replica.verifier.views.chain(after: newest)
        guard !part.certificates.isEmpty else { return }
        counts.chainsTold += 1
        var told = [Outgoing(.views(part), to: dialer.id)]
        if !isHonest(replica) { lie(&told, as: replica) }
        for outgoing in told where outgoing.receiver == dialer.id { send(outgoing, by: replica, to: dialer.slot) }
    }

    /// Each end knows the other's key: from the newest view, of those that it knows, that lists it.
    func isLinked(_ replica: SimulatedReplica, _ other: SimulatedReplica) -> Bool {
        guard scenario.hasChanges else { return true }
        return (replica.isWaiting || replica.lists(other)) && (other.isWaiting || other.lists(replica))
    }

    /// What a replica hears that no view lists as far as it knows: the way to one that does.
    func hearChain(_ packet: Packet<PeerMessage>, by replica: SimulatedReplica, from sender: SimulatedReplica) {
        do {
            guard case .views(let part) = try packet.message(), replica.verifier.views.newest.replica(sender.id) != nil
            else { return }
            _ = try replica.verifier.verify(.views(part), from: sender.id)
            for certificate in part.certificates { replica.verifier.views.add(certificate) }
        } catch {
            counts.refusedMessages += 1
            return
        }
        // Taken off again before it had heard of it.
        if replica.isOut { return onLeft(replica) }
        guard replica.isListed else { return }
        replica.begin(at: now)
        trace.line(now, "r\(replica.id)", "begins", "to follow, listed in a view up to \(replica.verifier.view.number)")
        checkers.restarted(replica.id.slot, as: replica.number)
        mendLinks(to: replica)
        onWake(replica)
    }

    // MARK: - Going

    /// One that lies stays, unless it has never been there.
    func onLeft(_ replica: SimulatedReplica) {
        guard isHonest(replica) || replica.isWaiting, replica.isUp else { return }
        counts.departures += 1
        trace.line(now, "r\(replica.id)", "leaves", "as view \(replica.verifier.view.number) does not list it")
        replica.leave()
        breakLinks(to: replica)
    }

    /// It hears of several views at once, and others are members by now.
    func noteSleeper(_ views: [ViewCertificate], _ place: Int) {
        guard views.count > 2, let before = checkers.view(views[0].view),
            before.index(of: ReplicaID(slot: place)) != nil,
            before.members.map(\.id) != views[views.count - 1].next.members.map(\.id)
        else { return }
        counts.sleepers += 1
    }

    /// Somebody starts it again with a newer program.
    func onUnspoken(_ replica: SimulatedReplica) {
        guard isHonest(replica), replica.isUp, let until = replica.oldUntil else { return }
        crash(replica, restartAt: max(now, until) + random.interval(upTo: Self.rotationMax))
    }

    /// Lies on, whether anybody speaks with it or not.
    func isFormer(_ replica: SimulatedReplica) -> Bool {
        scenario.hasChanges && !isHonest(replica) && replica.isUp && !replica.isWaiting
            && checkers.newestView.replica(replica.id) == nil && checkers.newestView.lastID >= replica.id
    }

    // MARK: - What administrators have done

    func noteDone(_ plan: ChangePlan) {
        counts.operationsDone += 1
        guard case .rotateKey(let slot) = plan.change else { return }
        counts.rotations += 1
        queue.insert(.rotation(slot), at: now + random.interval(upTo: Self.rotationMax))
        if let thief = thieves[slot] { queue.insert(.theft(thief), at: now) }
    }

    /// Not before a correct replica knows the proof of the view that lists the new key: in the one before it votes with the old one, and
    /// would be missed there.
    func onRotation(of slot: Int) {
        let (replica, key) = (replicas[slot], keys.later[slot])
        let isProved = replicas.contains {
            isHonest($0) && $0.isUp && $0.verifier.view.replica(replica.id)?.key == key.publicKey
        }
        guard replica.isUp, isProved else {
            return queue.insert(.rotation(slot), at: now + Self.rotationMax)
        }
        replica.take(key)
        if isHonest(replica) { crash(replica, restartAt: now + random.interval(upTo: Self.rotationMax)) }
    }

    func onTheft(_ thief: SimulatedReplica) {
        guard !thief.isUp else { return }
        trace.line(now, "r\(thief.id)", "FAULT", "its old key is another's")
        thief.steal()
        onWake(thief)
        scheduleDial(from: thief)
    }

    /// What it meant for the group that this one was gone just then.
    func noteCrash(of replica: SimulatedReplica) {
        guard scenario.hasChanges else { return }
        let newest = checkers.newestView
        let isLeader = newest[newest.leader(of: .first)].id == replica.id
        guard let learner = newest.learners.first else { return }
        if learner.member.id == replica.id || newest.learners.contains(where: { $0.member.id == replica.id }) {
            counts.crashesOfLearners += 1
        } else if newest.learners.contains(where: { $0.replaced == replica.id }) {
            counts.crashesOfReplaced += 1
        } else if isLeader {
            counts.crashesOfLeaders += 1
        }
    }
}
