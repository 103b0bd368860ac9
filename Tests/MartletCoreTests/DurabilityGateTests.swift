// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletCore

/// Nothing leaves before what it rests on, and what waits keeps its order (protocol §7).
@Suite struct DurabilityGateTests {
    private func send(_ number: UInt64, after: UInt64 = 0) -> Send {
        Send(.fetchCheckpoint(FetchCheckpoint(instance: Instance(number))), to: .others, after: LogPosition(after))
    }

    private func pass(
        _ gate: inout DurabilityGate, _ sends: [Send] = [], _ orders: [ExecutionOrder] = []
    ) -> (sends: [UInt64], orders: [UInt64]) {
        var effects = Effects()
        effects.sends = sends
        effects.executions = orders
        gate.pass(&effects)
        return (
            effects.sends.compactMap {
                if case .fetchCheckpoint(let it) = $0.message { it.instance.rawValue } else { nil }
            },
            effects.executions.map { if case .rollBack(let it) = $0 { it.rawValue } else { 0 } }
        )
    }

    @Test func whatWaitsForNothingOvertakes() {
        var gate = DurabilityGate()
        #expect(pass(&gate, [send(1, after: 2), send(2), send(3, after: 1)]).sends == [2])
        #expect(gate.isHolding)
        gate.note(durable: LogPosition(1))
        #expect(pass(&gate, [send(4)]).sends == [3, 4])
        gate.note(durable: LogPosition(2))
        #expect(pass(&gate, [send(5, after: 2)]).sends == [1, 5])
        #expect(!gate.isHolding)
    }

    @Test func whatIsDurableStaysSo() {
        var gate = DurabilityGate()
        gate.note(durable: LogPosition(7))
        gate.note(durable: LogPosition(3))
        #expect(gate.durable == LogPosition(7))
        #expect(pass(&gate, [send(1, after: 7)]).sends == [1])
    }

    @Test func noOrderOvertakesAnother() {
        var gate = DurabilityGate()
        let first = pass(
            &gate, [],
            [
                .rollBack(to: Instance(1)), .awaitDurable(LogPosition(2)), .rollBack(to: Instance(2)),
                .awaitDurable(LogPosition(3)), .rollBack(to: Instance(3)),
            ])
        #expect(first.orders == [1])
        #expect(pass(&gate, [], [.rollBack(to: Instance(4))]).orders.isEmpty)
        gate.note(durable: LogPosition(2))
        #expect(pass(&gate).orders == [2])
        gate.note(durable: LogPosition(3))
        #expect(pass(&gate).orders == [3, 4])
        #expect(!gate.isHolding)
    }

    /// Who is expelled is told of what was done for it before that, though it waits for the disk.
    @Test func aDenialComesAfterWhatWasDoneBefore() {
        var gate = DurabilityGate()
        let id = RequestID(client: Samples.client(1), session: .none, sequence: SequenceNumber(1))
        let denial = ExecutionOrder.refuse(
            ClientRefusal(client: id.client, refusal: Refusal(request: id, reason: .accessDenied)))
        #expect(kinds(&gate, [.awaitDurable(LogPosition(1)), .rollBack(to: Instance(1)), denial]).isEmpty)
        // However often it is asked for.
        #expect(kinds(&gate, [denial, denial]).isEmpty && gate.ordersHeld == 2)
        gate.note(durable: LogPosition(1))
        #expect(kinds(&gate, []) == ["rollBack", "refuse"])
        #expect(kinds(&gate, [denial]) == ["refuse"])
    }

    private func kinds(_ gate: inout DurabilityGate, _ orders: [ExecutionOrder]) -> [String] {
        var effects = Effects()
        effects.executions = orders
        gate.pass(&effects)
        return effects.executions.map { String(String(describing: $0).prefix { $0 != "(" }) }
    }

    /// A client may ask for its reply as often as it likes: it waits once, behind the execution that makes it.
    @Test func whatIsAskedForAgainAndAgainWaitsOnce() {
        var gate = DurabilityGate()
        let id = RequestID(client: Samples.client(1), session: .none, sequence: SequenceNumber(1))
        let session = SessionID(instance: Instance(1), place: 0)
        let again = Array(repeating: ExecutionOrder.resend(id), count: 100)
        let opened = Array(
            repeating: ExecutionOrder.tellOpened(
                session, RequestID(client: Samples.client(2), session: .none, sequence: SequenceNumber(1))), count: 100)
        #expect(kinds(&gate, [.awaitDurable(LogPosition(1)), .rollBack(to: Instance(1))] + again + opened).isEmpty)
        for order in again + opened { #expect(kinds(&gate, [order]).isEmpty) }
        #expect(gate.ordersHeld == 2)
        gate.note(durable: LogPosition(1))
        #expect(kinds(&gate, []) == ["rollBack", "resend", "tellOpened"])
        #expect(!gate.isHolding && gate.ordersHeld == 0)
        #expect(kinds(&gate, again) == Array(repeating: "resend", count: 100))
        #expect(kinds(&gate, [.awaitDurable(LogPosition(2)), .resend(id)]).isEmpty)
        gate.note(durable: LogPosition(2))
        #expect(kinds(&gate, []) == ["resend"])
    }

    /// Random sends against a naive twin: of those of one position the order is kept, and none leaves early or stays.
    @Test func asANaiveTwinDoes() {
        var gate = DurabilityGate()
        var waiting: [(number: UInt64, after: UInt64)] = []
        var state = 1 as UInt64
        var (durable, next) = (0 as UInt64, 1 as UInt64)
        for _ in 0..<2_000 {
            var fresh: [Send] = []
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            for _ in 0..<(state >> 60) % 4 {
                let after = durable + (state >> 40) % 5
                waiting.append((next, after))
                fresh.append(send(next, after: after))
                next += 1
            }
            durable += (state >> 50) % 3
            gate.note(durable: LogPosition(durable))
            let left = pass(&gate, fresh).sends
            #expect(left == waiting.filter { $0.after <= durable }.map(\.number))
            waiting.removeAll { $0.after <= durable }
            #expect(gate.isHolding == !waiting.isEmpty)
        }
    }
}
