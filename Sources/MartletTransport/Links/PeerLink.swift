// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import Logging
package import MartletTypes
package import NIOCore
import Synchronization

/// A connection that we make to a replica and keep making anew whenever it is lost. May be used from any thread.
///
/// Frames are sent in order, and may be lost with a connection: whoever needs an answer sends again.
package final class PeerLink: Sendable {
    package let target: PeerLinkTarget
    package let eventLoop: any EventLoop
    private let outbox: Outbox
    private let counters: LinkCounters
    private let published: Mutex<PeerLinkState>
    private let driver: NIOLoopBoundBox<PeerLinkDriver>

    /// Does nothing before `start`. `jitterSeed` should differ from link to link.
    package init(
        configuration: TransportConfiguration, identity: TLSIdentity, target: PeerLinkTarget, eventLoop: any EventLoop,
        handlers: PeerLinkHandlers, jitterSeed: UInt64, logger: Logger
    ) {
        let counters = LinkCounters()
        let outbox = Outbox(
            queueBytesMax: configuration.replicaQueueBytesMax,
            unreachableQueueBytesMax: configuration.unreachableQueueBytesMax, isUnreachable: true, counters: counters)
        let driver = PeerLinkDriver(
            configuration: configuration, identity: identity, target: target, eventLoop: eventLoop, handlers: handlers,
            jitterSeed: jitterSeed, outbox: outbox, counters: counters, logger: logger)
        self.target = target
        self.eventLoop = eventLoop
        self.outbox = outbox
        self.counters = counters
        published = Mutex(.connecting)
        self.driver = NIOLoopBoundBox.makeBoxSendingValue(driver, eventLoop: eventLoop)
    }

    package func start() {
        onLoop { [self] driver in
            driver.start { [weak self] state in self?.published.withLock { $0 = state } }
        }
    }

    /// Sends frames in order, all or none: one hop to the event loop for all of them, and none when it has not yet come
    /// round to the frames before. Returns whether they were taken; they are dropped and counted when the queue is full.
    @discardableResult
    package func send(_ frames: some Collection<Bytes>) -> Bool {
        settle(outbox.append(frames))
    }

    /// Sends what arrived from elsewhere, as it is.
    @discardableResult
    package func send(_ batch: FrameBatch) -> Bool {
        settle(outbox.append(batch))
    }

    package var state: PeerLinkState { published.withLock { $0 } }

    package var statistics: LinkStatistics { counters.statistics }

    /// Bytes that wait or are being written.
    package var queuedBytes: Int { outbox.queuedBytes }

    /// Takes no more frames from this peer until `resumeReading`. A new connection begins with reading.
    package func pauseReading() { onLoop { $0.setReading(false) } }

    package func resumeReading() { onLoop { $0.setReading(true) } }

    /// Sends what is queued if there is a connection, within `closeTimeMax`, and is closed for good.
    package func close() async {
        await withCheckedContinuation { continuation in
            close { continuation.resume() }
        }
    }

    /// The same beside the caller, who is told when it is closed; it may be closed again meanwhile.
    package func close(whenDone: @escaping @Sendable () -> Void) {
        outbox.close(isForgetful: false)
        onLoop { $0.close(whenDone: whenDone) }
    }

    // MARK: Helpers

    private func settle(_ verdict: Outbox.Verdict) -> Bool {
        switch verdict {
        case .queued: return true
        case .queuedFirst:
            onLoop { $0.drain() }
            return true
        case .full, .closed:
            return false
        }
    }

    private func onLoop(_ body: @escaping @Sendable (PeerLinkDriver) -> Void) {
        eventLoop.execute { [driver] in body(driver.value) }
    }
}
