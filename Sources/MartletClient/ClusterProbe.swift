// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Logging
package import MartletCrypto
package import MartletTransport
package import MartletTypes
import MartletWire
import NIOCore
import NIOPosix
import Synchronization

/// How one member is, as far as can be told from here.
package struct MemberReport: Sendable {
    package enum Answer: Sendable {
        case status(ReplicaStatus, roundTrip: Interval)
        /// Why there is no status, in words.
        case unreachable(String)
    }

    package let member: Member
    package let answer: Answer

    package var status: ReplicaStatus? { if case .status(let status, _) = answer { status } else { nil } }
}

/// Asks every member how it is. Uses connections of its own, and believes each member about itself only.
package struct ClusterProbe: Sendable {
    private let view: View
    private let identity: TLSIdentity
    private let transport: TransportConfiguration
    private let logger: Logger

    /// The key must be one that the group serves.
    package init(
        genesis: Genesis, key: SigningKey, transport: TransportConfiguration = TransportConfiguration()
    ) throws(ClientError) {
        do {
            view = try genesis.firstView(group: Hashing.group(of: genesis))
            identity = try TLSIdentity(seed: key.seed)
        } catch {
            throw .invalidConfiguration("\(error)")
        }
        self.transport = transport
        logger = Logger(label: "martlet.probe") { _ in SwiftLogNoOpLogHandler() }
    }

    /// Returns the members' reports in the order of the view: as soon as each has answered or could not be connected to,
    /// and after `limit` at the latest.
    package func run(within limit: Duration = .seconds(2)) async -> [MemberReport] {
        await withTaskGroup(of: (Int, MemberReport).self) { group in
            for (position, member) in view.members.enumerated() {
                group.addTask { (position, await ask(member, position, within: Interval(limit))) }
            }
            var reports: [(Int, MemberReport)] = []
            for await report in group { reports.append(report) }
            return reports.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    private func ask(_ member: Member, _ position: Int, within limit: Interval) async -> MemberReport {
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        let question = StatusQuestion(member: member)
        let address = transport.dialling.address(of: member)
        let link = PeerLink(
            configuration: transport, identity: identity,
            target: PeerLinkTarget(
                name: "replica \(member.id)", host: address.host, port: address.port, key: member.key,
                hello: Hello(group: view.group, role: .client, view: view.number),
                frameBytesMax: transport.clientFrameBytesMax),
            eventLoop: eventLoop,
            handlers: PeerLinkHandlers(
                onState: { question.linkChanged(to: $0) }, onFrames: { question.received($0) }),
            jitterSeed: UInt64(position), logger: logger)
        question.begin(with: link)
        let timer = eventLoop.scheduleTask(in: .nanoseconds(Int64(clamping: limit.nanoseconds))) {
            question.timeIsUp()
        }
        let answer = await question.answer()
        timer.cancel()
        await link.close()
        return MemberReport(member: member, answer: answer)
    }
}

/// The question to one member; the first answer counts.
private final class StatusQuestion: Sendable {
    private struct State {
        var link: PeerLink?
        var asked: Instant?
        var answer: MemberReport.Answer?
        var waiting: CheckedContinuation<MemberReport.Answer, Never>?
    }

    private let member: Member
    private let state = Mutex(State())

    init(member: Member) { self.member = member }

    func begin(with link: PeerLink) {
        state.withLock { $0.link = link }
        link.start()
    }

    func answer() async -> MemberReport.Answer {
        await withCheckedContinuation { continuation in
            let known = state.withLock { state in
                if state.answer == nil { state.waiting = continuation }
                return state.answer
            }
            if let known { continuation.resume(returning: known) }
        }
    }

    func linkChanged(to linkState: PeerLinkState) {
        switch linkState {
        case .connected:
            let link = state.withLock { state in
                state.asked = ClientEngine.now
                return state.link
            }
            link?.send([ClientMessage.statusQuery.encoded()])
        case .refused, .failed:
            end(.unreachable("\(linkState)"))
        case .connecting, .closed:
            break
        }
    }

    func received(_ batch: FrameBatch) {
        batch.forEach { span in
            do {
                guard case .status(let status) = try ReplicaToClientMessage(decoding: span) else { return }
                guard status.replica == member.id else {
                    return end(.unreachable("it calls itself replica \(status.replica)"))
                }
                let asked = state.withLock { $0.asked } ?? ClientEngine.now
                end(.status(status, roundTrip: ClientEngine.now.since(asked)))
            } catch {
                end(.unreachable("its answer makes no sense: \(error)"))
            }
        }
    }

    func timeIsUp() {
        let wasAsked = state.withLock { $0.asked != nil }
        end(.unreachable(wasAsked ? "connected, but it does not answer" : "no connection in time"))
    }

    private func end(_ answer: MemberReport.Answer) {
        let waiting = state.withLock { state -> CheckedContinuation<MemberReport.Answer, Never>? in
            guard state.answer == nil else { return nil }
            state.answer = answer
            state.link = nil
            return state.waiting
        }
        waiting?.resume(returning: answer)
    }
}
