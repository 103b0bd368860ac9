// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Foundation
import MartletCore
import MartletCrypto
import MartletKV
import MartletOptimizer
import MartletTransport
import MartletTypes
import MartletWire

/// The stages of a hostile member: a correct replica's core, verifier, executor and sealer, joined as a replica joins
/// them, on one event loop. Between the core and the network stands the behaviour.
final class MemberStages {
    /// How often the behaviour gets to act even when the core has nothing to say.
    private static let tick = Interval.milliseconds(10)

    private let inbox: Inbox
    private let orders: Orders
    private let verifier: Verifier<Ed25519Scheme>
    private var core: ReplicaCore
    private var effects = Effects()
    private var loopback: [Event] = []
    private var execution: MemberExecution
    private var departures: Departures
    private var behaviour: any Behaviour
    private var context: BehaviourContext
    private var nextTick = Instant.zero

    init(
        access: AttackAccess, me: ReplicaIndex, links: [PeerLink?], inbox: Inbox, behaviour: any Behaviour,
        orders: Orders
    ) {
        let view = access.view
        let id = view[me].id
        self.inbox = inbox
        self.orders = orders
        self.behaviour = behaviour
        verifier = Verifier(view: view, scheme: Ed25519Scheme())
        context = BehaviourContext(
            view: view, me: me,
            sealer: Sealer(group: view.group, replica: id, key: access.key, scheme: Ed25519Scheme()))
        let configuration = CoreConfiguration(view: view, replica: id, seed: Self.now.monotonic.rawValue)
        core = ReplicaCore(configuration, at: Self.now, into: &effects)
        execution = MemberExecution(view: view)
        departures = Departures(links: links)
    }

    private static var now: ClockReading {
        ClockReading(
            monotonic: Instant(DispatchTime.now().uptimeNanoseconds),
            wall: Timestamp(UInt64(max(0, Date().timeIntervalSince1970 * 1_000_000))))
    }

    /// Does all there is to do. Returns when to come back at the latest.
    func run() -> Instant? {
        let now = Self.now
        for arrival in inbox.take() { receive(arrival, at: now) }
        if let deadline = core.nextDeadline, deadline <= now.monotonic {
            core.step(.deadline, at: now, into: &effects)
        }
        var outgoing: [Outgoing] = []
        act(&outgoing)
        while !loopback.isEmpty {
            for event in loopback { core.step(event, at: now, into: &effects) }
            loopback.removeAll(keepingCapacity: true)
            act(&outgoing)
        }
        misbehave(&outgoing, at: now.monotonic)
        departures.send(outgoing, at: now.monotonic)
        return [core.nextDeadline, departures.nextDue, nextTick].compactMap { $0 }.min()
    }

    // MARK: Lying

    private func misbehave(_ outgoing: inout [Outgoing], at now: Instant) {
        context.isTick = now >= nextTick
        if context.isTick { nextTick = now + Self.tick }
        guard orders.isActive else { return }
        let status = core.status
        context.epoch = status.epoch
        context.decided = status.decided
        behaviour.alter(&outgoing, &context)
        orders.acted(context.acts)
        context.acts = 0
    }

    // MARK: As a replica does

    private func receive(_ arrival: Arrival, at now: ClockReading) {
        switch arrival {
        case .peer(let message, let sender):
            behaviour.observe(message)
            do {
                core.step(.message(try verifier.verify(message, from: sender)), at: now, into: &effects)
            } catch {
                return
            }
        case .client(.requests(let bundle), let connection):
            do {
                let verified = try verifier.verify(bundle, from: ClientID(connection.peer))
                core.step(.requests(verified), at: now, into: &effects)
            } catch {
                connection.abort()
            }
        case .client(.read(let read), let connection): execution.answer(read, to: connection)
        case .client(.fetchViews, _), .client(.fetchReceipt, _), .client(.adaptationQuery, _): break
        case .client(.statusQuery, let connection): connection.send([status.encoded()])
        case .opened(let connection): execution.clients.append(connection)
        case .closed(let connection): execution.clients.removeAll { $0.id == connection.id }
        }
    }

    private func act(_ outgoing: inout [Outgoing]) {
        for send in effects.sends { add(send, to: &outgoing) }
        for refusal in effects.refusals {
            execution.send(ReplicaToClientMessage.refusal(refusal.refusal), to: refusal.client)
        }
        if effects.entropyWanted > 0 {
            loopback.append(.entropy((0..<effects.entropyWanted).map { _ in UInt64.random(in: 0...(.max)) }))
        }
        loopback += effects.checks.map { .certificateChecked(verifier.validShares(of: $0)) }
        loopback += effects.calculations.map { .calculated(Calculation.outcome(of: $0.input, in: $0.view)) }
        for service in effects.serves { serve(service, &outgoing) }
        loopback += effects.lookUps.map { execution.lookUp($0) }
        let orders = effects.executions
        effects.removeAll()
        for order in orders { loopback += execution.carryOut(order) }
    }

    private func serve(_ service: CheckpointService, _ outgoing: inout [Outgoing]) {
        let (messages, served) = execution.serve(service)
        if let index = context.view.index(of: service.receiver) {
            outgoing += messages.map { Outgoing($0, to: index) }
        }
        loopback.append(.served(served))
    }

    private func add(_ send: Send, to outgoing: inout [Outgoing]) {
        let sealed = context.sealer.seal(send.message)
        switch send.destination {
        case .everyone:
            loopback.append(.message(context.sealer.loopback(sealed)))
            outgoing += context.others.map { Outgoing(sealed, to: $0) }
        case .others: outgoing += context.others.map { Outgoing(sealed, to: $0) }
        case .replica(let id) where id == context.sealer.replica:
            loopback.append(.message(context.sealer.loopback(sealed)))
        case .replica(let id):
            if let index = context.view.index(of: id) { outgoing.append(Outgoing(sealed, to: index)) }
        }
    }

    private var status: ReplicaToClientMessage {
        let status = core.status
        return .status(
            ReplicaStatus(
                replica: context.sealer.replica, mode: status.mode, epoch: status.epoch, isSynced: status.isSynced,
                leader: status.leader, decided: status.decided, executed: status.executed,
                stableCheckpoint: status.stableCheckpoint, highestKnown: status.highestKnown,
                pendingRequests: UInt32(clamping: status.pendingRequests), softwareVersion: "attack"))
    }
}
