// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletCrypto
import MartletOptimizer
import MartletTypes

/// Replicas at work.
extension World {
    /// A stage takes what has arrived after so long at most, so that several messages make one batch.
    private static let wakeDelayMax = Interval.microseconds(60)
    static let executionDelayMax = Interval.microseconds(200)
    /// Signatures to check, states to encode and hash.
    static let backgroundDelayMax = Interval.milliseconds(1)
    /// What a search may take.
    private static let calculationDelayMax = Interval.milliseconds(200)
    /// How often a replica's memory is looked at.
    private static let weighingPeriod = Interval.milliseconds(10)

    // MARK: - Ordering

    func onPeerPacket(_ packet: Packet<PeerMessage>, to replica: SimulatedReplica, from other: SimulatedReplica) {
        let sender = other.id
        let from = sender.slot
        guard replica.isUp, hears(replica, scenario.node(ofReplica: from)) else { return }
        guard replica.isThief || isLinked(replica, other) else { return counts.linksRefused += 1 }
        guard !replica.isWaiting else { return hearChain(packet, by: replica, from: other) }
        var text = "a message"
        var manifest: CheckpointName?
        do {
            let message = try packet.message()
            if case .manifest(let named) = message { manifest = named.checkpoint }
            if trace.isOn { text = TraceText.text(message) }
            if !isHonest(replica) { observe(message, from: sender, by: replica) }
            let verified = try replica.verifier.verify(message, from: sender, holding: other.key)
            if isHonest(replica) {
                noteProposal(message)
                noteSettlement(message)
                checkers.received(message, from: from, by: replica.id.slot)
            }
            deliver(.message(verified), to: replica)
        } catch {
            counts.refusedMessages += 1
            if let manifest, case VerificationError.manifestDiffers = error {
                deliver(.manifestDiffers(manifest, from: sender), to: replica)
            }
            trace.line(now, "r\(replica.id)", "refuses", "\(text) of r\(from): \(error)")
            if isHonest(other), !isAhead(error, of: replica, from: other) {
                checkers.note(
                    Violation(
                        .integrity, at: now,
                        "replica \(replica.id) refuses a message of the correct replica \(from): \(error)"))
            }
        }
    }

    /// Whoever has slept cannot judge what belongs to a view that it does not know yet.
    private func isAhead(_ error: any Error, of replica: SimulatedReplica, from other: SimulatedReplica) -> Bool {
        switch error {
        case VerificationError.wrongView(let number): number > replica.verifier.view.number
        // Of a view that has not been heard of here.
        case VerificationError.notMember: other.verifier.view.number > replica.verifier.view.number
        default: false
        }
    }

    func deliver(_ event: Event, to replica: SimulatedReplica) {
        guard replica.isUp else { return }
        replica.inbox.append(event)
        scheduleWake(of: replica)
    }

    func scheduleWake(of replica: SimulatedReplica) {
        guard !replica.isWakeScheduled, !replica.isPaused else { return }
        replica.isWakeScheduled = true
        queue.insert(.wake(replica.slot), at: now + random.interval(upTo: Self.wakeDelayMax))
    }

    func onWake(_ replica: SimulatedReplica) {
        replica.isWakeScheduled = false
        guard replica.isUp, !replica.isPaused else { return }
        replica.order(at: now, loopbackMax: scenario.limits.loopbackMax, into: &work)
        checkers.looped(work.rounds, replica: replica.id.slot, at: now)
        act(for: replica)
        scheduleWrite(by: replica)
        arm(replica)
        weigh(replica)
        if isFormer(replica), replica.nextThought <= now {
            replica.nextThought = now + Self.formerPeriod
            queue.insert(.wake(replica.slot), at: replica.nextThought)
        }
    }

    /// Looks every now and then at what a correct replica keeps.
    private func weigh(_ replica: SimulatedReplica) {
        let place = replica.id.slot
        guard isHonest(replica), !replica.isWaiting, now >= replica.weighedAt + Self.weighingPeriod else { return }
        replica.weighedAt = now
        for what in CoreHolding.allCases {
            checkers.holds(what, replica.core.held(what), replica: place, at: now)
        }
        checkers.keeps(
            repliesOfOneSession: replica.executor.repliesOfOneSession, snapshots: replica.store.count,
            replica: place, at: now)
        checkers.keeps(
            sendsHeld: replica.gate.sendsHeld, ordersHeld: replica.gate.ordersHeld, replica: place, at: now)
        checkMeasurements(of: replica)
    }

    /// A clock that is slow or stands makes all look near; how near is its drift's to say.
    private func checkMeasurements(of replica: SimulatedReplica) {
        let place = replica.id.slot
        guard scenario.settings.measuringPermille > 0, !scenario.clockFaults.contains(where: { $0.replica == place })
        else { return }
        for (position, peer) in replica.peers.enumerated()
        where peer != replica.id && position < replica.core.status.view.n {
            let other = peer.slot
            let (near, far) = (scenario.node(ofReplica: place), scenario.node(ofReplica: other))
            let shortest = network.shortest(from: near, to: far) + network.shortest(from: far, to: near)
            for path in LatencyMonitor.Path.allCases {
                checkers.measured(
                    replica.core.measured(path, to: ReplicaIndex(position)), of: other, by: place, shortest: shortest,
                    at: now)
            }
        }
    }

    func arm(_ replica: SimulatedReplica) {
        guard let deadline = replica.deadline else { return }
        if let armed = replica.armed, armed > now, armed <= deadline { return }
        let time = max(deadline, now + .microseconds(1))
        replica.armed = time
        queue.insert(.wake(replica.slot), at: time)
    }

    private func act(for replica: SimulatedReplica) {
        let place = replica.id.slot
        announce(work.views, by: replica)
        for send in work.sent {
            fingerprint.mix(place, send.message)
            if trace.isOn { trace.sent(send, by: place, at: now) }
            if isHonest(replica) { counts.branches.sent(MessageKind(send.message)) }
            noteRejoin(send.message)
        }
        if isHonest(replica) { check(work, of: place) }
        for notice in work.notices { note(notice, of: replica) }
        refuse(work.refusals, by: replica)
        for certificate in work.checks {
            let checked = replica.verifier.validShares(of: certificate)
            post(.certificateChecked(checked), to: replica, within: Self.backgroundDelayMax)
        }
        for task in work.calculations { calculate(task, by: replica) }
        for service in work.serves { serve(service, by: replica, sending: &work.outgoing) }
        for lookUp in work.lookUps { self.lookUp(lookUp, by: replica) }
        if !isHonest(replica) { lie(&work.outgoing, as: replica) }
        for outgoing in work.outgoing { send(outgoing, by: replica, to: outgoing.receiver.slot) }
        let (hasLeft, isUnspoken) = (work.hasLeft != nil, work.isUnspoken)
        work.removeAll()
        if hasLeft { onLeft(replica) }
        if isUnspoken { onUnspoken(replica) }
        if !replica.executionInbox.isEmpty { scheduleExecution(of: replica) }
    }

    /// Mostly at once, now and then after the group has long gone on.
    private func calculate(_ task: CalculationTask, by replica: SimulatedReplica) {
        let outcome = Calculation.outcome(of: task.input, in: task.view)
        let place = replica.id.slot
        if isHonest(replica) { checkers.calculated(task, outcome, by: place, at: now) }
        let bound = random.chance(permille: 100) ? Self.calculationDelayMax : Self.backgroundDelayMax
        post(.calculated(outcome), to: replica, within: bound)
    }

    /// A view's proof, then what is said in it; but the word on it that the proof may rest on comes first.
    private func check(_ work: OrderingWork, of place: Int) {
        for execution in work.decided { checkers.willDecide(execution) }
        for (send, decided) in zip(work.sent, work.decidedAtSend) {
            if case .install = send.message { checkers.sent(send.message, by: place, decided: decided, at: now) }
        }
        noteSleeper(work.views, place)
        for certificate in work.views {
            checkers.proved(certificate, by: place, at: now)
            if certificate.next.number > viewTimes.last?.view.number ?? .genesis {
                viewTimes.append((certificate.next, now))
            }
        }
        for (send, decided) in zip(work.sent, work.decidedAtSend) {
            if case .install = send.message { continue }
            noteProposal(send.message)
            noteSettlement(send.message)
            checkers.sent(send.message, by: place, decided: decided, at: now)
            if case .propose(let proposal) = send.message {
                consensusTimes.proposed(proposal.batch.instance, in: proposal.epoch, by: place, at: now)
            }
        }
        for execution in work.decided {
            checkers.decided(execution, by: place, at: now)
            consensusTimes.decided(execution.instance, by: place, at: now)
        }
    }

    /// Only what holds one request may end a view.
    private func noteProposal(_ message: PeerMessage) {
        guard case .propose(let it) = message, it.batch.entries.count == 1,
            scenario.administrators > 0 || it.batch.entries[0].id.session == .ofReplicas
        else { return }
        checkers.proposed(it.batch, Hashing.digest(of: it.batch, group: view.group))
    }

    private func noteRejoin(_ message: PeerMessage) {
        guard case .operation(let operation) = message, operation.request.kind.mayEndView else { return }
        let digest = Hashing.digest(of: operation.request, group: view.group)
        checkers.mayEndView(BatchEntry(id: operation.request.id, digest: digest))
    }

    private func noteSettlement(_ message: PeerMessage) {
        guard case .sync(let sync) = message, !counts.branches.hasSettled(sync.epoch),
            let settlement = checkers.settlement(of: sync)
        else { return }
        counts.branches.settled(settlement, in: sync.epoch)
    }

    /// Clients are told before anything else.
    private func announce(_ certificates: [ViewCertificate], by replica: SimulatedReplica) {
        guard !certificates.isEmpty else { return }
        if isHonest(replica) {
            counts.highestView = max(counts.highestView, certificates[certificates.count - 1].next.number)
        }
        guard !replica.isThief else { return }
        let part = ViewChainPart(certificates: certificates.suffix(ViewChainPart.certificatesMax))
        for client in clients.indices { sendToClient(.views(part), client: client, from: replica.id.slot) }
    }

    /// What a liar wants to send to nobody gets nowhere.
    func send(_ outgoing: Outgoing, by replica: SimulatedReplica, to slot: Int) {
        guard replicas.indices.contains(slot) else { return }
        counts.messages += 1
        let (from, to) = (scenario.node(ofReplica: replica.id.slot), scenario.node(ofReplica: replicas[slot].id.slot))
        // Twins are one replica to all others.
        let sender = replica.isThief ? replica.slot : replica.id.slot
        let packet = Packet(outgoing.message, usesWire: scenario.usesWire)
        let (first, second) = network.arrivals(
            of: MessageKind(outgoing.message), bytes: packet.count, from: from, to: to, at: now)
        guard let first else { return }
        counts.arrives(first + outgoing.delay, from: from, to: to)
        let arrival = Happening.toReplica(slot, from: sender, key: replicas[sender].keysTaken, packet)
        queue.insert(arrival, at: first + outgoing.delay)
        if let second { queue.insert(arrival, at: second + outgoing.delay) }
    }

    func post(_ event: Event, to replica: SimulatedReplica, within bound: Interval, notBefore: Instant = .zero) {
        queue.insert(
            .post(replica.slot, incarnation: replica.incarnation, event),
            at: max(now + random.interval(upTo: bound), notBefore))
    }

    // MARK: - Execution

    func scheduleExecution(of replica: SimulatedReplica) {
        guard !replica.isExecutionScheduled, !replica.isPaused, !replica.executionInbox.isEmpty else { return }
        replica.isExecutionScheduled = true
        queue.insert(.execute(replica.slot), at: now + random.interval(upTo: Self.executionDelayMax))
    }

    func onExecute(_ replica: SimulatedReplica) {
        replica.isExecutionScheduled = false
        guard replica.isUp, !replica.isPaused else { return }
        var inputs: [SimulatedReplica.ExecutionInput] = []
        swap(&inputs, &replica.executionInbox)
        for input in inputs where replica.isUp {
            switch input {
            case .order(let order): carryOut(order, by: replica)
            case .read(let request, let client):
                guard let answer = replica.answer(request, from: clientIDs[client]) else { continue }
                send(answer, to: ReadAsker(client: clientIDs[client], query: request.query), from: replica)
            }
        }
        if replica.isUp { takeExecutionEffects(of: replica) }
    }

    private func carryOut(_ order: ExecutionOrder, by replica: SimulatedReplica) {
        let place = replica.id.slot
        if isHonest(replica) { note(order, by: place) }
        do {
            try replica.carryOut(order)
        } catch {
            guard !crashesWithoutPower(replica) else { return }
            checkers.note(Violation(.checkpoints, at: now, "replica \(place) cannot take over a state: \(error)"))
        }
        if case .execute(let execution) = order, trace.isOn { trace.executed(execution, by: place, at: now) }
    }

    private func note(_ order: ExecutionOrder, by place: Int) {
        counts.branches.carriedOut(order)
        switch order {
        case .execute(let execution):
            fingerprint.mix(execution)
            counts.highestExecuted = max(counts.highestExecuted, execution.instance)
            checkers.executed(execution, by: place, at: now)
        case .executeTentatively(let execution):
            fingerprint.mix(execution)
            checkers.executedTentatively(execution, by: place, at: now)
        case .rollBack(let last): checkers.rolledBack(to: last, by: place, at: now)
        default: return
        }
    }

    private func refuse(_ refusals: [ClientRefusal], by replica: SimulatedReplica) {
        for refusal in refusals {
            var told = refusal.refusal
            if !isHonest(replica) { lie(&told, as: replica) }
            reply(.refusal(told), to: refusal.client, from: replica)
        }
    }

    private func takeExecutionEffects(of replica: SimulatedReplica) {
        let place = replica.id.slot
        var replies = replica.executionEffects.replies
        if !isHonest(replica) { lie(&replies, as: replica) }
        for reply in replies { self.reply(.reply(reply), to: reply.request.client, from: replica) }
        refuse(replica.executionEffects.refusals, by: replica)
        for (ticket, answer) in replica.executionEffects.readAnswers {
            guard let asker = replica.waitingReads.removeValue(forKey: ticket) else { continue }
            counts.branches.readAwaited()
            send(answer, to: asker, from: replica)
        }
        for (ticket, read) in replica.executionEffects.readsAgain {
            guard let asker = replica.waitingReads.removeValue(forKey: ticket),
                let client = clientPositions[asker.client]
            else { continue }
            replica.executionInbox.append(.read(read, client: client))
        }
        scheduleExecution(of: replica)
        for event in replica.executionEffects.events {
            if case .checkpointInstalled(let image) = event {
                counts.installs += 1
                trace.line(now, "r\(place)", "installs", "the checkpoint after \(image.instance)")
                replica.isRotten = false
                // What a thief in its place takes over is none of its own.
                if isHonest(replica) {
                    if scenario.rots(place) { checkers.replaced(place) }
                    checkers.installed(image.instance, time: image.time, by: place, at: now)
                }
                // It is durable first.
                postFromDisk(event, of: replica)
                continue
            }
            post(event, to: replica, within: Self.executionDelayMax)
        }
        for snapshot in replica.executionEffects.snapshots {
            let digest = replica.encode(snapshot)
            if isHonest(replica), !replica.isRotten {
                checkers.taken(digest, after: snapshot.instance, by: place, at: now)
            }
            keep(snapshot.instance, digest, by: replica)
            guard replica.isUp else { return }
        }
        if let forgotten = replica.executionEffects.forgotten { replica.forget(forgotten) }
        replica.executionEffects.removeAll()
    }

    private func send(_ answer: ReplicaToClientMessage, to asker: ReadAsker, from replica: SimulatedReplica) {
        var answer = answer
        lie(&answer, to: asker.query, as: replica)
        reply(answer, to: asker.client, from: replica)
    }

    private func reply(_ message: ReplicaToClientMessage, to client: ClientID, from replica: SimulatedReplica) {
        // Nobody connects to whoever has an old key.
        guard let position = clientPositions[client], !replica.isThief else { return }
        sendToClient(message, client: position, from: replica.id.slot)
    }

    // MARK: - What people would read in the log

    private func note(_ notice: Notice, of replica: SimulatedReplica) {
        let place = replica.id.slot
        counts.note(notice)
        if isHonest(replica) { counts.branches.note(notice) }
        trace.line(now, "r\(place)", "notes", "\(notice)")
        guard isHonest(replica) else { return }
        switch notice {
        case .regencyInstalled(let epoch, _, _): counts.highestRegency = max(counts.highestRegency, epoch.regency)
        case .misbehaviour(_, .conflictingView):
            checkers.note(
                Violation(.views, at: now, "replica \(place) finds that another view follows than a quorum found"))
        case .votesForgotten(let word):
            // No fault here takes a disk and the memory of having had one.
            checkers.note(
                Violation(
                    .views, at: now,
                    "replica \(place) has forgotten nothing, and finds its own word: \(word)"
                ))
        default: return
        }
    }
}
