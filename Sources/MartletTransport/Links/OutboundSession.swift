// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import MartletWire
import NIOCore

/// One connection that a link makes: hello, answer, frames. Bound to its event loop.
final class OutboundSession: FrameHandlerOwner {
    private enum Phase {
        case connecting
        case expectingAnswer
        case open
        case over
    }

    private var phase = Phase.connecting
    private let driver: PeerLinkDriver
    private let attempt: Int
    private let check: PeerKeyCheck
    private let ownKey: PublicKey
    private let eventLoop: any EventLoop
    private var handshakeTimer: Scheduled<Void>?

    init(
        driver: PeerLinkDriver, attempt: Int, check: PeerKeyCheck, ownKey: PublicKey, eventLoop: any EventLoop
    ) {
        self.driver = driver
        self.attempt = attempt
        self.check = check
        self.ownKey = ownKey
        self.eventLoop = eventLoop
    }

    func onActive(_ handler: FrameHandler) {
        guard phase == .connecting else { return }
        phase = .expectingAnswer
        handshakeTimer = eventLoop.assumeIsolated().scheduleTask(
            in: TimeAmount(driver.configuration.handshakeTimeMax)
        ) { handler.abort(.handshakeTooSlow) }
        driver.onActive(handler, attempt: attempt)
        // The security layer keeps it until it has checked the peer's key.
        let claimedKey = driver.configuration.security == .plaintextForBenchmarks ? ownKey : nil
        handler.write(Greeting(hello: driver.hello, claimedKey: claimedKey).frame)
    }

    func onFrames(_ batch: FrameBatch, _ handler: FrameHandler) {
        switch phase {
        case .expectingAnswer: onAnswer(batch, handler)
        case .open: driver.handlers.onFrames(batch)
        case .connecting, .over: break
        }
    }

    /// One link has one such frame at most.
    func onPartialFrame(bytes: Int, isAnew: Bool, _ handler: FrameHandler) {}

    func onClosed(_ end: ConnectionEnd, _ handler: FrameHandler) {
        handshakeTimer?.cancel()
        // Without TCP there was no attempt yet; the dialing itself tells the driver.
        guard phase != .connecting else { return }
        phase = .over
        driver.onEnded(check.complaint.map { .failed($0) } ?? end, attempt: attempt)
    }

    private func onAnswer(_ batch: FrameBatch, _ handler: FrameHandler) {
        handshakeTimer?.cancel()
        let answer: HelloAnswer
        do {
            answer = try HelloAnswer(batch)
        } catch {
            return handler.abort(.failed("its answer makes no sense: \(error)"))
        }
        switch answer {
        case .accepted(let version, _) where !driver.hello.versions.contains(version):
            handler.abort(.failed("it wants to speak protocol version \(version), which was not offered"))
        case .accepted(_, let view):
            phase = .open
            driver.onAccepted(view: view)
            handler.open(frameBytesMax: driver.target.frameBytesMax, outbox: driver.outbox)
        case .refused(let reason, let text):
            handler.abort(.refused(reason, text))
        }
    }
}
