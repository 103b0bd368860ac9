// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Logging
import MartletTypes
import MartletWire
import NIOCore
import NIOPosix
import NIOSSL

/// Does what `PeerLinkMachine` says, with sockets and timers. Bound to its event loop.
final class PeerLinkDriver {
    let configuration: TransportConfiguration
    let target: PeerLinkTarget
    let handlers: PeerLinkHandlers
    let outbox: Outbox
    let counters: LinkCounters
    private let identity: TLSIdentity
    private let eventLoop: any EventLoop
    private let logger: Logger
    private var machine: PeerLinkMachine
    private var publish: @Sendable (PeerLinkState) -> Void = { _ in }
    /// The connection of the present attempt, from the moment that TCP has made it.
    private var handler: FrameHandler?
    /// Counts attempts, so that what an earlier one still has to say is not heard.
    private var attempt = 0
    private var timer: Scheduled<Void>?
    /// An attempt is under way and will say how it ended; until then the event loop is needed.
    private var isDialing = false
    /// The channels of that attempt.
    private var dialing: [any Channel] = []
    private var onClosed: [() -> Void] = []

    init(
        configuration: TransportConfiguration, identity: TLSIdentity, target: PeerLinkTarget, eventLoop: any EventLoop,
        handlers: PeerLinkHandlers, jitterSeed: UInt64, outbox: Outbox, counters: LinkCounters, logger: Logger
    ) {
        self.configuration = configuration
        self.identity = identity
        self.target = target
        self.eventLoop = eventLoop
        self.handlers = handlers
        self.outbox = outbox
        self.counters = counters
        self.logger = logger
        machine = PeerLinkMachine(
            backOff: BackOff(min: configuration.backOffMin, max: configuration.backOffMax, seed: jitterSeed),
            steadyAfter: configuration.steadyAfter)
    }

    // MARK: From the link

    func start(publish: @escaping @Sendable (PeerLinkState) -> Void) {
        eventLoop.preconditionInEventLoop()
        self.publish = publish
        perform(machine.start())
    }

    func drain() { handler?.drain() }

    func setReading(_ isReading: Bool) { handler?.setReading(isReading) }

    func close(whenDone: @escaping () -> Void) {
        eventLoop.preconditionInEventLoop()
        onClosed.append(whenDone)
        perform(machine.close())
        announce()
        finishClosing()
    }

    // MARK: From the session

    /// What we say of ourselves now.
    var hello: Hello {
        let hello = target.hello
        guard let newestView = handlers.newestView else { return hello }
        return Hello(versions: hello.versions, group: hello.group, role: hello.role, view: newestView())
    }

    /// TCP has made the connection of this attempt.
    func onActive(_ handler: FrameHandler, attempt: Int) {
        guard attempt == self.attempt, self.handler == nil, machine.state != .closed else {
            return handler.abort(.closedHere)
        }
        self.handler = handler
    }

    func onAccepted(view: ViewNumber) {
        machine.onAccepted(view: view, at: now)
        if machine.connections > 1 { counters.reconnected() }
        outbox.connectionChanged(isUnreachable: false)
        announce()
    }

    func onEnded(_ end: ConnectionEnd, attempt: Int) {
        eventLoop.preconditionInEventLoop()
        guard attempt == self.attempt else { return }
        handler = nil
        outbox.connectionChanged(isUnreachable: true)
        let before = machine.state
        perform(machine.onEnded(end, at: now))
        if machine.state != before { announce() }
        finishClosing()
    }

    // MARK: Deeds

    private var now: Instant { Instant(NIODeadline.now().uptimeNanoseconds) }

    private func announce() {
        publish(machine.state)
        logger.debug("\(target.sentence(machine.state))")
        handlers.onState(machine.state)
    }

    private func perform(_ action: PeerLinkMachine.Action) {
        switch action {
        case .none:
            break
        case .dial:
            dial()
        case .wait(let due):
            timer = eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(due.since(now))) { [weak self] in
                guard let self else { return }
                self.perform(self.machine.onTimer(at: self.now))
            }
        case .hangUp:
            handler?.finish(.closedHere, within: configuration.closeTimeMax)
            for channel in dialing where handler == nil { channel.close(promise: nil) }
        }
    }

    private func dial() {
        attempt += 1
        isDialing = true
        let attempt = attempt
        let driver = NIOLoopBound(self, eventLoop: eventLoop)
        ClientBootstrap(group: eventLoop)
            .connectTimeout(TimeAmount(configuration.connectTimeMax))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try driver.value.assemble(channel, attempt: attempt) }
            }
            .connect(host: target.host, port: target.port)
            .assumeIsolated()
            .whenComplete { [weak self] result in self?.onDialed(result, attempt: attempt) }
    }

    private func onDialed(_ result: Result<any Channel, any Error>, attempt: Int) {
        isDialing = false
        dialing = []
        if case .failure(let error) = result {
            onEnded(ConnectionEnd(error), attempt: attempt)
        } else {
            finishClosing()
        }
    }

    /// A name with several addresses may be dialed at several at once: each has a channel of its own, and the first that
    /// becomes active is the attempt's.
    private func assemble(_ channel: any Channel, attempt: Int) throws {
        dialing.append(channel)
        try ConnectionOptions.apply(to: channel, configuration)
        let check = PeerKeyCheck(expected: target.key)
        let session = OutboundSession(
            driver: self, attempt: attempt, check: check, ownKey: identity.publicKey, eventLoop: eventLoop)
        if configuration.security == .tls {
            let security = try NIOSSLClientHandler(context: identity.context, serverHostname: nil) { chain, answer in
                check.judge(chain, answer: answer)
            }
            try channel.pipeline.syncOperations.addHandler(security)
        }
        try channel.pipeline.syncOperations.addHandler(FrameHandler(owner: session, counters: counters))
    }

    private func finishClosing() {
        guard machine.state == .closed, handler == nil, !isDialing else { return }
        timer?.cancel()
        outbox.close(isForgetful: true)
        for done in onClosed { done() }
        onClosed = []
    }
}
