// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Logging
import MartletClientCore
import MartletCrypto
import MartletTransport
import MartletTypes
import MartletWire
import NIOCore

/// Drives a client core: events in, then everything that they caused at once, in one write per replica. Bound to its
/// event loop, where its links have their connections too, so that nothing hops from thread to thread.
final class ClientEngine {
    /// How often in a row what completions hand in is taken along before the loop gets on with other things.
    private static let roundsMax = 4
    /// Between two questions for views that were left out: not for each of a liar's words.
    private static let askingPause = Interval.milliseconds(100)

    private let configuration: ClientConfiguration
    private let view: View
    private let identity: TLSIdentity
    private let eventLoop: any EventLoop
    private let mailbox: SubmissionMailbox
    private let verifier: ReplyVerifier<Ed25519Scheme>
    private var writer: ClientWriter
    private var log: ClientLog

    private var core: ClientCore
    private var effects = ClientEffects()
    private var completers = CompleterTable()
    private var links = ClientLinks()
    /// Closing, since they lead to nobody who is talked to any more.
    private var ended: [PeerLink] = []
    /// To those that are asked for views only (`ClientConfiguration.via`).
    private var guides: [PeerLink] = []
    /// When views that were left out were last asked for.
    private var missingAsked = Instant.zero
    /// Who has told of views that do not follow upon those that are known, and is to be asked for those between.
    private var missingTold: ReplicaID?
    /// Holds this engine, from the start until the end.
    private var box: NIOLoopBoundBox<ClientEngine>?
    /// Kept for their memory.
    private var submissions: [ClientSubmission] = []
    private var completions: [Completion] = []
    private var timer: Scheduled<Void>?
    private var timerDue = Instant.distantFuture
    private var isClosed = false

    init(
        configuration: ClientConfiguration, view: View, identity: TLSIdentity, eventLoop: any EventLoop,
        mailbox: SubmissionMailbox
    ) {
        self.configuration = configuration
        self.view = view
        self.identity = identity
        self.eventLoop = eventLoop
        self.mailbox = mailbox
        let client = ClientID(configuration.key.publicKey)
        verifier = ReplyVerifier(view: view, scheme: Ed25519Scheme())
        writer = ClientWriter(
            sealer: ClientSealer(
                group: view.group, client: client, key: configuration.key, scheme: Ed25519Scheme()),
            audience: view.members)
        log = ClientLog(members: view.members, logger: configuration.logger)
        let wall = UInt64(max(1, Date().timeIntervalSince1970 * 1_000_000))
        var coreConfiguration = ClientCoreConfiguration(
            view: view, client: client, openingNumberBase: wall, seed: configuration.seed)
        coreConfiguration.signsAlways = configuration.signsRequests
        coreConfiguration.warnAfter = Interval(configuration.warnAfter)
        core = ClientCore(configuration: coreConfiguration)
    }

    static var now: Instant { Instant(NIODeadline.now().uptimeNanoseconds) }

    // MARK: Life

    /// `box` is the one that holds this engine.
    func start(_ box: NIOLoopBoundBox<ClientEngine>) {
        guard !isClosed else { return }
        self.box = box
        begin(core.audience)
        guides = configuration.via.enumerated().map { guide(at: $1, place: $0, box) }
        for guide in guides { guide.start() }
    }

    /// Has a link to each of these, and to nobody else.
    private func begin(_ audience: [Member]) {
        writer.begin(audience)
        guard let box else { return }
        let (made, ended) = links.begin(audience) { link(to: $0, serial: $1, box) }
        for link in made { link.start() }
        self.ended += ended
        for link in ended {
            Task { [box, eventLoop] in
                await link.close()
                eventLoop.execute { box.value.ended.removeAll { $0 === link } }
            }
        }
    }

    private func link(to member: Member, serial: ClientLinks.Serial, _ box: NIOLoopBoundBox<ClientEngine>) -> PeerLink {
        let address = configuration.transport.dialling.address(of: member)
        let target = PeerLinkTarget(
            name: "replica \(member.id)", host: address.host, port: address.port, key: member.key,
            hello: Hello(group: view.group, role: .client, view: core.view.number),
            frameBytesMax: configuration.transport.clientFrameBytesMax)
        let handlers = PeerLinkHandlers(
            onState: { box.value.onLink(serial, $0) }, onFrames: { box.value.onFrames(serial, $0) })
        return PeerLink(
            configuration: configuration.transport, identity: identity, target: target, eventLoop: eventLoop,
            handlers: handlers, jitterSeed: configuration.seed &+ UInt64(serial), logger: configuration.logger)
    }

    /// Returns the links, which are still to be closed.
    func close() -> [PeerLink] {
        isClosed = true
        core.step(.close, at: Self.now, into: &effects)
        act()
        box = nil
        defer { guides = [] }
        return links.takeAll() + ended + guides
    }

    /// Nobody can use the client any more.
    func abandon() {
        for link in close() { Task { await link.close() } }
    }

    var linkStates: [(member: Member, state: PeerLinkState)] {
        links.isEmpty ? core.audience.map { ($0, .closed) } : links.states
    }

    // MARK: What happens

    func onMail() {
        takeMail()
        act()
    }

    private func onLink(_ serial: ClientLinks.Serial, _ state: PeerLinkState) {
        guard let member = links.member(of: serial) else { return }
        let event: ClientEvent
        switch state {
        case .connecting: return
        case .connected(let view): event = .linkUp(member.id, view: view)
        case .refused(.accessDenied, _, _): event = .linkDenied(member.id)
        case .refused, .failed, .closed: event = .linkDown(member.id)
        }
        if let link = links.link(to: member.id) { log.linkChanged(link.target, of: member.id, to: state) }
        core.step(event, at: Self.now, into: &effects)
        follow()
        act()
    }

    private func onFrames(_ serial: ClientLinks.Serial, _ batch: FrameBatch) {
        guard let id = links.member(of: serial)?.id else { return }
        let now = Self.now
        var isHeard = true
        batch.forEach { span in
            guard isHeard else { return }
            do {
                let message = try verifier.verify(try ReplicaToClientMessage(decoding: span), from: id)
                core.step(.message(message), at: now, into: &effects)
                // What it has led to may be that this link counts no more.
                if follow() { isHeard = links.member(of: serial) != nil }
            } catch VerificationError.wrongView {
                askForMissing(of: id, at: now)
            } catch {
                log.dropped(from: id, error)
            }
        }
        act()
    }

    /// Talks to others, if there are others to talk to now; returns whether there are.
    @discardableResult
    private func follow() -> Bool {
        guard let audience = effects.audience else { return false }
        effects.audience = nil
        log.begin(core.view.members, linkedTo: audience)
        begin(audience)
        return true
    }

    // MARK: The way to the newest view

    private func guide(
        at contact: Contact, place: Int, _ box: NIOLoopBoundBox<ClientEngine>
    ) -> PeerLink {
        let target = ViewGuide.target(
            at: contact, from: core.view, frameBytesMax: configuration.transport.clientFrameBytesMax)
        let handlers = PeerLinkHandlers(
            onState: { if case .connected = $0 { box.value.askGuides() } }, onFrames: { box.value.onGuide(target, $0) })
        return PeerLink(
            configuration: configuration.transport, identity: identity, target: target, eventLoop: eventLoop,
            handlers: handlers, jitterSeed: configuration.seed &- UInt64(place) &- 1, logger: configuration.logger)
    }

    private func askGuides() {
        let frame = ViewGuide.question(after: core.view.number)
        for guide in guides { if case .connected = guide.state { guide.send([frame]) } }
    }

    /// Views were told that do not follow upon those that are known. A client that asks for nothing else would never hear of those between.
    private func askForMissing(of id: ReplicaID?, at now: Instant) {
        guard now >= missingAsked + Self.askingPause else { return }
        missingAsked = now
        guard let id else { return askGuides() }
        // Not before all that has come is heard: there may be others to talk to by then.
        missingTold = id
    }

    private func onGuide(_ target: PeerLinkTarget, _ batch: FrameBatch) {
        let before = core.view.number
        batch.forEach { span in
            do {
                guard let views = try ViewGuide.views(in: span, verifier) else { return }
                core.step(.message(views), at: Self.now, into: &effects)
                follow()
            } catch VerificationError.wrongView {
                askForMissing(of: nil, at: Self.now)
            } catch {
                log.dropped(from: target, error)
            }
        }
        // There may be more than what was told at once.
        if core.view.number > before { askGuides() }
        act()
    }

    // MARK: Time

    private func onTimer() {
        timer = nil
        timerDue = .distantFuture
        core.step(.deadline, at: Self.now, into: &effects)
        act()
    }

    private func takeMail() {
        mailbox.take(into: &submissions)
        let now = Self.now
        for submission in submissions {
            switch submission {
            case .open(let handle):
                core.step(.open(handle), at: now, into: &effects)
            case .call(let handle, let kind, let payload, let deadline, let completer):
                let id = completers.add(completer)
                let call = Call(
                    id: id, session: handle, kind: kind, payload: payload, deadline: deadline,
                    wantsReceipt: completer.wantsReceipt)
                core.step(.call(call), at: now, into: &effects)
            }
        }
        submissions.removeAll(keepingCapacity: true)
    }

    // MARK: What is done about it

    private func act() {
        for _ in 0..<Self.roundsMax where !effects.completions.isEmpty {
            // Completions hand in more: it joins the same write.
            mailbox.announceTaking()
            deliverCompletions()
            takeMail()
        }
        if !effects.completions.isEmpty {
            let bound = NIOLoopBound(self, eventLoop: eventLoop)
            eventLoop.execute { bound.value.act() }
        }
        writer.write(effects)
        if let id = missingTold.take() { writer.write(FetchViews(after: core.view.number), to: id) }
        writer.flush(to: links)
        for notice in effects.notices {
            log.notice(notice, links)
            if case .waiting = notice { askGuides() }
        }
        effects.sends.removeAll(keepingCapacity: true)
        effects.reads.removeAll(keepingCapacity: true)
        effects.viewFetches.removeAll(keepingCapacity: true)
        effects.receiptFetches.removeAll(keepingCapacity: true)
        effects.sessionChanges.removeAll(keepingCapacity: true)
        effects.notices.removeAll(keepingCapacity: true)
        setTimer()
    }

    private func deliverCompletions() {
        swap(&effects.completions, &completions)
        for completion in completions {
            log.completed(completion.outcome)
            completers.take(completion.call).complete(completion.outcome, receipt: receipt(of: completion))
        }
        completions.removeAll(keepingCapacity: true)
    }

    /// With the proofs of all views up to that of its signers: whoever checks it has none but the genesis.
    private func receipt(of completion: Completion) -> Receipt? {
        guard case .result(let result, _) = completion.outcome, let evidence = completion.receipt else { return nil }
        let statement = evidence.certificate.statement
        guard let chain = verifier.chain(to: statement.view) else { return nil }
        return Receipt(
            group: view.group, chain: chain, view: statement.view, request: evidence.request, result: result,
            instance: statement.provenance.instance, time: statement.provenance.time,
            shares: evidence.certificate.shares)
    }

    /// A timer that comes too early is harmless and costs less than moving it with every call.
    private func setTimer() {
        guard let due = core.nextDeadline, due < timerDue else { return }
        timer?.cancel()
        timerDue = due
        // A deadline centuries away is not a time for the loop, nor worth waking it.
        let latest = NIODeadline.now() + .hours(24)
        let deadline = min(.uptimeNanoseconds(min(due.rawValue, UInt64(Int64.max))), latest)
        timer = eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { [weak self] in self?.onTimer() }
    }
}
