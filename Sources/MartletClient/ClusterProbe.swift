// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Logging
package import MartletCrypto
package import MartletTransport
package import MartletTypes
import MartletWire
import NIOCore
import NIOPosix

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

/// Asks every member and learner of the newest view how it is. Uses connections of its own, and believes each about itself only; of
/// views, what is proved. The way from the genesis to that view any replica tells that can still be reached at an address of the
/// genesis, or of a view on the way, or that is named beside them.
package struct ClusterProbe: Sendable {
    private let view: View
    private let verifier: ReplyVerifier<Ed25519Scheme>
    private let identity: TLSIdentity
    private let via: [Contact]
    private let transport: TransportConfiguration
    private let logger: Logger

    /// The key must be one that the group serves. `via` as in `ClientConfiguration`.
    package init(
        genesis: Genesis, key: SigningKey, via: [Contact] = [],
        transport: TransportConfiguration = TransportConfiguration()
    ) throws(ClientError) {
        do {
            view = try genesis.firstView(group: Hashing.group(of: genesis))
            identity = try TLSIdentity(seed: key.seed)
        } catch {
            throw .invalidConfiguration("\(error)")
        }
        verifier = ReplyVerifier(view: view, scheme: Ed25519Scheme())
        self.via = via
        self.transport = transport
        logger = Logger(label: "martlet.probe") { _ in SwiftLogNoOpLogHandler() }
    }

    /// The newest view that a member has proved.
    package var newestView: View { verifier.newestView }

    /// All that were proved, the first one first.
    package var views: [View] { verifier.views }

    /// Returns the reports of members, in the order of the newest view that one of them has proved, and then of learners: as soon
    /// as each has answered or could not be connected to, and after `limit` at the latest.
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
        let end = ClientEngine.now + Interval(limit)
        return await withTaskGroup(of: MemberAnswer<Value>?.self) { group in
            var asked: [Member] = []
            var answers: [MemberAnswer<Value>] = []
            // Whoever answers has proved its view first, and that may name others to be asked.
            func askThoseOfNewestView() {
                for member in newestView.audience.map({ $0.weighted(isHeavy: false) }) where !asked.contains(member) {
                    asked.append(member)
                    let left = max(end.since(ClientEngine.now), Self.timeMin)
                    let place = asked.count
                    let question = MemberQuestion(member: member, query: query, verifier: verifier, reading: reading)
                    group.addTask { await ask(question, member, place, within: left) }
                }
            }
            for (place, contact) in via.enumerated() {
                group.addTask {
                    await askForViews(at: contact, place, within: Interval(limit))
                    return nil
                }
            }
            askThoseOfNewestView()
            for await answer in group {
                if let answer { answers.append(answer) }
                askThoseOfNewestView()
            }
            return newestView.audience.map { member in
                let answer = answers.last { $0.member == member.weighted(isHeavy: false) }?.answer
                return MemberAnswer(member: member, answer: answer ?? .unreachable("it was named too late to be asked"))
            }
        }
    }

    /// Who has been named only when the time is almost over is given this long all the same.
    private static let timeMin = Interval.milliseconds(500)

    private func ask<Value: Sendable>(
        _ question: MemberQuestion<Value>, _ member: Member, _ place: Int, within limit: Interval
    ) async -> MemberAnswer<Value> {
        let address = transport.dialling.address(of: member)
        let target = PeerLinkTarget(
            name: "replica \(member.id)", host: address.host, port: address.port, key: member.key,
            hello: Hello(group: view.group, role: .client, view: newestView.number),
            frameBytesMax: transport.clientFrameBytesMax)
        let handlers = PeerLinkHandlers(
            onState: { question.linkChanged(to: $0) }, onFrames: { question.received($0) })
        let answer = await withLink(to: target, handlers, place, within: limit, timeIsUp: { question.timeIsUp() }) {
            question.begin(with: $0)
            return await question.answer()
        }
        return MemberAnswer(member: member, answer: answer)
    }

    private func askForViews(at contact: Contact, _ place: Int, within limit: Interval) async {
        let question = ViewQuestion(verifier: verifier)
        let target = ViewGuide.target(at: contact, from: newestView, frameBytesMax: transport.clientFrameBytesMax)
        let handlers = PeerLinkHandlers(
            onState: { question.linkChanged(to: $0) }, onFrames: { question.received($0) })
        await withLink(to: target, handlers, place, within: limit, timeIsUp: { question.end() }) {
            question.begin(with: $0)
            await question.wait()
        }
    }

    private func withLink<Value: Sendable>(
        to target: PeerLinkTarget, _ handlers: PeerLinkHandlers, _ place: Int, within limit: Interval,
        timeIsUp: @escaping @Sendable () -> Void, _ body: (PeerLink) async -> Value
    ) async -> Value {
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        let link = PeerLink(
            configuration: transport, identity: identity, target: target, eventLoop: eventLoop, handlers: handlers,
            jitterSeed: UInt64(place), logger: logger)
        let timer = eventLoop.scheduleTask(in: .nanoseconds(Int64(clamping: limit.nanoseconds))) { timeIsUp() }
        let value = await body(link)
        timer.cancel()
        await link.close()
        return value
    }
}
