// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Logging
import MartletTypes
import MartletWire
import NIOCore

/// One accepted TCP connection on its way from a stranger to a principal. Bound to its event loop.
final class InboundSession: FrameHandlerOwner {
    private enum Phase {
        /// The security layer is at work, or the peer's hello has not come yet.
        case expectingHello
        case open(InboundConnection)
        /// Refused; the answer is on its way out.
        case closing
    }

    private var phase = Phase.expectingHello
    private let id: ConnectionID
    private let check: PeerKeyCheck
    private let remoteAddress: String
    private let counters: LinkCounters
    private let core: ListenerCore
    private var handshakeTimer: Scheduled<Void>?
    private var hasPartialFrame = false

    init(id: ConnectionID, check: PeerKeyCheck, remoteAddress: String, counters: LinkCounters, core: ListenerCore) {
        self.id = id
        self.check = check
        self.remoteAddress = remoteAddress
        self.counters = counters
        self.core = core
    }

    func limitHandshake(of handler: FrameHandler, on eventLoop: any EventLoop) {
        handshakeTimer = eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(core.configuration.handshakeTimeMax)) {
            handler.abort(.handshakeTooSlow)
        }
    }

    func onActive(_ handler: FrameHandler) {}

    func onFrames(_ batch: FrameBatch, _ handler: FrameHandler) {
        switch phase {
        case .expectingHello: onHello(batch, handler)
        case .open(let connection): core.handlers.onFrames(connection, batch)
        case .closing: break
        }
    }

    func onPartialFrame(bytes: Int, isAnew: Bool, _ handler: FrameHandler) {
        guard case .open(let connection) = phase, !connection.hello.isFromReplica else { return }
        let isCounted = bytes > PartialFrames.uncountedBytesMax
        if isCounted || hasPartialFrame { core.notePartialFrame(bytes, of: id, isAnew: isAnew) }
        hasPartialFrame = isCounted
    }

    func onClosed(_ end: ConnectionEnd, _ handler: FrameHandler) {
        handshakeTimer?.cancel()
        core.remove(id)
        if case .open(let connection) = phase {
            connection.abort()
            core.handlers.onClose(connection, end)
        } else {
            core.logger.debug("connection from \(remoteAddress) came to nothing: \(check.complaint ?? end.description)")
        }
        phase = .closing
    }

    // MARK: Handshake

    private func onHello(_ batch: FrameBatch, _ handler: FrameHandler) {
        let greeting: Greeting
        do {
            greeting = try Greeting(batch, claimsKey: core.configuration.security == .plaintextForBenchmarks)
        } catch {
            return handler.abort(.failed("its hello makes no sense: \(error)"))
        }
        guard let key = greeting.claimedKey ?? check.key else {
            return handler.abort(.failed("it proved no key"))
        }
        let answer = core.judge(greeting.hello, key, id)
        handler.write(answer.encoded())
        handshakeTimer?.cancel()
        switch answer {
        case .accepted:
            open(greeting.hello, key, handler)
        case .refused(let reason, let text):
            phase = .closing
            handler.finish(.refused(reason, text), within: core.configuration.closeTimeMax)
        }
    }

    private func open(_ hello: Hello, _ key: PublicKey, _ handler: FrameHandler) {
        guard let bound = handler.bound else { return }
        let configuration = core.configuration
        let isReplica = hello.isFromReplica
        let outbox = Outbox(
            queueBytesMax: isReplica ? configuration.replicaQueueBytesMax : configuration.clientQueueBytesMax,
            unreachableQueueBytesMax: 0, isUnreachable: false, counters: counters)
        let connection = InboundConnection(
            id: id, peer: key, hello: hello, remoteAddress: remoteAddress, handler: bound, outbox: outbox,
            counters: counters, configuration: configuration)
        phase = .open(connection)
        handler.open(
            frameBytesMax: isReplica ? configuration.replicaFrameBytesMax : configuration.clientFrameBytesMax,
            outbox: outbox)
        core.handlers.onOpen(connection)
    }
}
