// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import MartletWire
import Testing

@testable import MartletTransport

@Suite struct PeerLinkMachineTests {
    private func machine() -> PeerLinkMachine {
        PeerLinkMachine(
            backOff: BackOff(min: .milliseconds(100), max: .seconds(2), seed: 1), steadyAfter: .seconds(1))
    }

    private func due(_ action: PeerLinkMachine.Action) -> Instant? {
        if case .wait(let due) = action { due } else { nil }
    }

    @Test("waits grow to their bound, never beyond it, and never vanish")
    func backOff() {
        for seed in UInt64(0)..<50 {
            var backOff = BackOff(min: .milliseconds(100), max: .seconds(2), seed: seed)
            for failures in 1...200 {
                let whole = min(Interval.milliseconds(100) * (1 << UInt64(min(failures - 1, 10))), .seconds(2))
                let wait = backOff.wait(afterFailures: failures)
                #expect(wait >= whole / 2 && wait <= whole)
            }
            #expect(backOff.wait(afterFailures: .max) <= .seconds(2))
        }
    }

    @Test("waits of different seeds differ, those of one seed do not")
    func jitter() {
        var first = BackOff(min: .milliseconds(100), max: .seconds(2), seed: 1)
        var same = BackOff(min: .milliseconds(100), max: .seconds(2), seed: 1)
        var other = BackOff(min: .milliseconds(100), max: .seconds(2), seed: 2)
        let wait = first.wait(afterFailures: 5)
        #expect(wait == same.wait(afterFailures: 5))
        #expect(wait != other.wait(afterFailures: 5))
    }

    @Test("dials, fails, waits, dials again, and says why and how often")
    func failing() throws {
        var machine = machine()
        #expect(machine.start() == .dial)
        #expect(machine.start() == .none)
        #expect(machine.state == .connecting)
        let action = machine.onEnded(.failed("no route"), at: .zero)
        let first = try #require(due(action))
        #expect(first >= Instant(50_000_000) && first <= Instant(100_000_000))
        #expect(machine.state == .failed(reason: "no route", attempts: 1))
        #expect(machine.onTimer(at: Instant(1)) == .wait(until: first))
        #expect(machine.onTimer(at: first) == .dial)
        #expect(machine.onTimer(at: first) == .none)
        #expect(machine.state == .failed(reason: "no route", attempts: 1))
        #expect(machine.onEnded(.refused(.wrongGroup, "another group"), at: first) != .none)
        #expect(machine.state == .refused(.wrongGroup, text: "another group", attempts: 2))
    }

    @Test("a connection that lasts begins the waits anew, one that does not goes on with them")
    func steadiness() throws {
        var machine = machine()
        _ = machine.start()
        var now = Instant.zero
        for attempt in 1...6 {
            machine.onAccepted(view: .genesis, at: now)
            #expect(machine.state == .connected(view: .genesis))
            let action = machine.onEnded(.closedByPeer, at: now + Interval.milliseconds(1))
            now = try #require(due(action))
            #expect(machine.state == .failed(reason: ConnectionEnd.closedByPeer.description, attempts: attempt))
            #expect(machine.onTimer(at: now) == .dial)
        }
        machine.onAccepted(view: .genesis, at: now)
        let end = now + Interval.seconds(1)
        let action = machine.onEnded(.closedByPeer, at: end)
        #expect(try #require(due(action)).since(end) <= .milliseconds(100))
        #expect(machine.connections == 7)
    }

    @Test("closing hangs up what is there, and nothing follows")
    func closing() {
        var idle = machine()
        #expect(idle.close() == .none)
        #expect(idle.start() == .none)

        var dialing = machine()
        _ = dialing.start()
        #expect(dialing.close() == .hangUp)
        dialing.onAccepted(view: .genesis, at: .zero)
        #expect(dialing.onEnded(.closedHere, at: .zero) == .none)
        #expect(dialing.state == .closed)

        var waiting = machine()
        _ = waiting.start()
        _ = waiting.onEnded(.closedByPeer, at: .zero)
        #expect(waiting.close() == .none)
        #expect(waiting.onTimer(at: .distantFuture) == .none)
    }

    @Test("what comes at the wrong time does no harm")
    func strays() {
        var machine = machine()
        machine.onAccepted(view: .genesis, at: .zero)
        #expect(machine.onEnded(.closedByPeer, at: .zero) == .none)
        #expect(machine.onTimer(at: .zero) == .none)
        _ = machine.start()
        _ = machine.onEnded(.closedByPeer, at: .zero)
        machine.onAccepted(view: .genesis, at: .zero)
        #expect(machine.onEnded(.closedByPeer, at: .zero) == .none)
        #expect(machine.state == .failed(reason: ConnectionEnd.closedByPeer.description, attempts: 1))
    }
}
