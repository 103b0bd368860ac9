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

/// What one member says of itself, as far as can be told from here.
package struct MemberAnswer<Value: Sendable>: Sendable {
    package enum Answer: Sendable {
        case value(Value, roundTrip: Interval)
        /// Why there is none, in words.
        case unreachable(String)
    }

    package let member: Member
    package let answer: Answer

    package init(member: Member, answer: Answer) {
        self.member = member
        self.answer = answer
    }

    package var value: Value? { if case .value(let value, _) = answer { value } else { nil } }
}

package typealias MemberReport = MemberAnswer<ReplicaStatus>

extension MemberAnswer where Value == ReplicaStatus {
    package var status: ReplicaStatus? { value }
}

/// Asks every member how it is. Uses connections of its own, and believes each member about itself only; of views, what is
/// proved.
package struct ClusterProbe: Sendable {
    private let view: View
    private let verifier: ReplyVerifier<Ed25519Scheme>
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
        verifier = ReplyVerifier(view: view, scheme: Ed25519Scheme())
        self.transport = transport
        logger = Logger(label: "martlet.probe") { _ in SwiftLogNoOpLogHandler() }
    }

    /// The newest view that a member has proved.
    package var newestView: View { verifier.newestView }

    /// All that were proved, the first one first.
    package var views: [View] { verifier.views }

    /// Returns the members' reports in the order of the view: as soon as each has answered or could not be connected to,
    /// and after `limit` at the latest.
    package func run(within limit: Duration = .seconds(2)) async -> [MemberReport] {
        await askAll(.statusQuery, within: limit) { message in
            if case .status(let status) = message {
                Told(value: status, replica: status.replica, view: status.epoch.view)
            } else {
                nil
            }
        }
    }

    /// Why each member thinks that the group is led as it is and weighs as it does.
    package func adaptation(within limit: Duration = .seconds(2)) async -> [MemberAnswer<AdaptationReport>] {
        await askAll(.adaptationQuery, within: limit) { message in
            if case .adaptation(let it) = message {
                Told(value: it, replica: it.replica, view: it.epoch.view)
            } else {
                nil
            }
        }
    }

    private func askAll<Value: Sendable>(
        _ query: ClientMessage, within limit: Duration,
        reading: @escaping @Sendable (ReplicaToClientMessage) -> Told<Value>?
    ) async -> [MemberAnswer<Value>] {
        await withTaskGroup(of: (Int, MemberAnswer<Value>).self) { group in
            for (position, member) in view.members.enumerated() {
                group.addTask {
                    let question = MemberQuestion(member: member, query: query, verifier: verifier, reading: reading)
                    return (position, await ask(question, position, within: Interval(limit)))
                }
            }
            var reports: [(Int, MemberAnswer<Value>)] = []
            for await report in group { reports.append(report) }
            return reports.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    private func ask<Value: Sendable>(
        _ question: MemberQuestion<Value>, _ position: Int, within limit: Interval
    ) async -> MemberAnswer<Value> {
        let member = question.member
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
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
        return MemberAnswer(member: member, answer: answer)
    }
}

/// An answer, by whom, and the view that it is about.
private struct Told<Value: Sendable>: Sendable {
    let value: Value
    let replica: ReplicaID
    let view: ViewNumber
}

/// The question to one member; the first answer counts. Views that the member is ahead are asked for first, and it again then,
/// so that who asks knows the view that the answer is about.
private final class MemberQuestion<Value: Sendable>: Sendable {
    typealias Answer = MemberAnswer<Value>.Answer

    private struct State {
        var link: PeerLink?
        var asked: Instant?
        var answer: Answer?
        var waiting: CheckedContinuation<Answer, Never>?
        /// The newest view when it was last asked.
        var newest: ViewNumber?
    }

    let member: Member
    private let query: ClientMessage
    private let verifier: ReplyVerifier<Ed25519Scheme>
    private let reading: @Sendable (ReplicaToClientMessage) -> Told<Value>?
    private let state = Mutex(State())

    init(
        member: Member, query: ClientMessage, verifier: ReplyVerifier<Ed25519Scheme>,
        reading: @escaping @Sendable (ReplicaToClientMessage) -> Told<Value>?
    ) {
        self.member = member
        self.query = query
        self.verifier = verifier
        self.reading = reading
    }

    func begin(with link: PeerLink) {
        state.withLock { $0.link = link }
        link.start()
    }

    func answer() async -> Answer {
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
        case .connected: ask()
        case .refused, .failed:
            end(.unreachable("\(linkState)"))
        case .connecting, .closed:
            break
        }
    }

    private func ask() {
        let newest = verifier.newestView.number
        let link = state.withLock { state in
            if state.asked == nil { state.asked = ClientEngine.now }
            state.newest = newest
            return state.link
        }
        link?.send([ClientMessage.fetchViews(FetchViews(after: newest)).encoded(), query.encoded()])
    }

    func received(_ batch: FrameBatch) {
        batch.forEach { span in
            do {
                let message = try ReplicaToClientMessage(decoding: span)
                let verified = try verifier.verify(message, from: member.id)
                if let told = reading(verified.message) { take(told) }
            } catch {
                end(.unreachable("its answer makes no sense: \(error)"))
            }
        }
    }

    private func take(_ told: Told<Value>) {
        guard told.replica == member.id else { return end(.unreachable("it calls itself replica \(told.replica)")) }
        let (asked, newest) = state.withLock { ($0.asked ?? ClientEngine.now, $0.newest ?? .genesis) }
        // Ahead of what is known, and it has just told more: there may be more still.
        let known = verifier.newestView.number
        if told.view > known, known > newest { return ask() }
        end(.value(told.value, roundTrip: ClientEngine.now.since(asked)))
    }

    func timeIsUp() {
        let wasAsked = state.withLock { $0.asked != nil }
        end(.unreachable(wasAsked ? "connected, but it does not answer" : "no connection in time"))
    }

    private func end(_ answer: Answer) {
        let waiting = state.withLock { state -> CheckedContinuation<Answer, Never>? in
            guard state.answer == nil else { return nil }
            state.answer = answer
            state.link = nil
            return state.waiting
        }
        waiting?.resume(returning: answer)
    }
}
