// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletCrypto
import MartletTypes

/// Clients at work, and what travels between them and the replicas.
extension World {
    func onClientWake(_ client: Int) {
        if clientWakes[client] == now { clientWakes[client] = nil }
        guard let deadline = clients[client].deadline, deadline <= now else { return arm(client) }
        var output = ClientOutput()
        clients[client].wake(at: now, into: &output)
        take(output, of: client)
    }

    func onReplyPacket(_ packet: Packet<ReplicaToClientMessage>, client: Int, from: Int) {
        guard clientLinks.isUp(client, from) else { return counts.lostOnClientLinks += 1 }
        var output = ClientOutput()
        do {
            clients[client].receive(try packet.message(), from: ReplicaID(slot: from), at: now, into: &output)
        } catch {
            counts.refusedMessages += 1
            if isHonest(replicas[from]) {
                checkers.note(Violation(.integrity, at: now, "a reply of replica \(from) cannot be read: \(error)"))
            }
        }
        take(output, of: client)
    }

    /// To a replica, from a client.
    func onClientPacket(_ packet: Packet<ClientMessage>, to replica: SimulatedReplica, client: Int) {
        guard replica.isUp, !replica.isWaiting, hears(replica, scenario.node(ofClient: client)) else { return }
        guard clientLinks.isUp(client, replica.id.slot) else { return counts.lostOnClientLinks += 1 }
        do {
            switch try packet.message() {
            case .requests(let bundle):
                deliver(.requests(try replica.verifier.verify(bundle, from: clientIDs[client])), to: replica)
            case .read(let request) where replica.served?.contains(clientIDs[client]) == false:
                // As the driver does it, before anything else looks at it.
                let id = RequestID(
                    client: clientIDs[client], session: .none, sequence: SequenceNumber(request.number))
                sendToClient(
                    .refusal(Refusal(request: id, reason: .accessDenied)), client: client, from: replica.id.slot)
            case .read(let request):
                replica.executionInbox.append(.read(request, client: client))
                scheduleExecution(of: replica)
            case .fetchViews(let fetch):
                let part = replica.verifier.views.chain(after: fetch.after)
                guard !part.certificates.isEmpty else { return }
                sendToClient(.views(part), client: client, from: replica.id.slot)
            case .fetchReceipt(let id):
                guard id.client == clientIDs[client], let claim = replica.executor.receipt(of: id) else { return }
                let told = lie(claim, as: replica)
                sendToClient(.receipt(replica.sealer.share(of: told)), client: client, from: replica.id.slot)
            case .statusQuery, .adaptationQuery: break
            }
        } catch {
            counts.refusedRequests += 1
            // The replica or the administrator is not in the newest view yet, or too few have signed.
            if case VerificationError.notAuthorised = error, client >= scenario.clients.count { return }
            if clients[client].isHonest {
                checkers.note(
                    Violation(
                        .integrity, at: now,
                        "replica \(replica.id) refuses a message of the honest client \(client): \(error)"))
            }
        }
    }

    func sendToClient(_ message: ReplicaToClientMessage, client: Int, from: Int) {
        trace.sent(message, by: from, to: client, at: now)
        counts.branches.sent(MessageKind(message))
        if case .refusal(let refusal) = message { counts.branches.refused(refusal.reason) }
        let packet = Packet(message, usesWire: scenario.usesWire)
        let (first, second) = network.arrivals(
            of: MessageKind(message), bytes: packet.count, from: scenario.node(ofReplica: from),
            to: scenario.node(ofClient: client), at: now)
        if let first { queue.insert(.toClient(client, from: from, packet), at: first) }
        if let second { queue.insert(.toClient(client, from: from, packet), at: second) }
    }

    func take(_ output: ClientOutput, of client: Int) {
        for report in output.reports { note(report, of: client) }
        for send in output.sends {
            if case .requests(let bundle) = send.message {
                for request in bundle.requests {
                    checkers.sent(request, by: clientIDs[client])
                    guard request.kind.mayEndView else { continue }
                    let digest = Hashing.digest(of: request, group: view.group)
                    checkers.mayEndView(BatchEntry(id: request.id, digest: digest))
                }
            }
            trace.sent(send.message, by: client, to: send.receiver, at: now)
            counts.branches.sent(MessageKind(send.message))
            let packet = Packet(send.message, usesWire: scenario.usesWire)
            let (first, second) = network.arrivals(
                of: MessageKind(send.message), bytes: packet.count, from: scenario.node(ofClient: client),
                to: scenario.node(ofReplica: send.receiver.slot), at: now)
            if let first { queue.insert(.request(send.receiver.slot, client: client, packet), at: first) }
            if let second { queue.insert(.request(send.receiver.slot, client: client, packet), at: second) }
        }
        arm(client)
    }

    private func note(_ report: ClientOutput.Report, of client: Int) {
        switch report {
        case .invoked(let id, let operation):
            counts.calls += 1
            callsSince[id] = now
            checkers.invoked(id, operation, at: now)
            trace.line(now, "c\(client)", "calls", "#\(id.number) \(operation)")
        case .completed(let id, let outcome, let request, let undecided):
            if let begin = callsSince.removeValue(forKey: id), now.since(begin) > scenario.timeouts.requestMin * 2 {
                counts.patientCalls += 1
            }
            checkers.completed(id, outcome, request: request, reliesOn: undecided, at: now)
            trace.line(now, "c\(client)", "accepts", "#\(id.number) → \(outcome)")
        case .receipted(_, let evidence?, let result):
            checkers.receipted(evidence, result: Hashing.digest(ofResult: result))
        case .receipted(let id, nil, _):
            guard scenario.clients[client].patience == .zero else { return }
            checkers.note(
                Violation(.liveness, at: now, "client \(client) has no receipt of call \(id.number)"))
        case .gaveUp(let id):
            // It stays open in the history: for all that is known it takes effect at any later time, or never.
            gaveUp.insert(id)
            trace.line(now, "c\(client)", "gives up", "#\(id.number)")
        case .changed(let plan): noteDone(plan)
        case .operation(let deed): counts.operations[deed, default: 0] += 1
        case .unknown(let id, let reason):
            checkers.note(
                Violation(.liveness, at: now, "client \(client) call \(id.number) ends without a result: \(reason)"))
        }
    }

    private func arm(_ client: Int) {
        guard let deadline = clients[client].deadline else { return }
        let time = max(deadline, now + .microseconds(1))
        if let armed = clientWakes[client], armed <= time { return }
        clientWakes[client] = time
        queue.insert(.wakeClient(client), at: time)
    }
}
