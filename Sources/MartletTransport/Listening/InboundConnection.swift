// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes
package import MartletWire
package import NIOCore

/// A connection that a peer made to us and that was accepted. May be used from any thread; once closed, it does nothing.
package final class InboundConnection: Sendable {
    package let id: ConnectionID
    /// The key whose possession the peer has proved.
    package let peer: PublicKey
    /// Who it says it is; whether its key bears that out was for `ListenerHandlers.authenticate` to judge.
    package let hello: Hello
    /// Where it comes from, for a person to read.
    package let remoteAddress: String
    package let eventLoop: any EventLoop
    private let handler: NIOLoopBound<FrameHandler>
    private let outbox: Outbox
    private let counters: LinkCounters
    private let closeTimeMax: Interval
    /// A replica that reads too slowly loses frames, which are sent again when needed; a client loses the connection.
    private let isClosedWhenFull: Bool

    init(
        id: ConnectionID, peer: PublicKey, hello: Hello, remoteAddress: String, handler: NIOLoopBound<FrameHandler>,
        outbox: Outbox, counters: LinkCounters, configuration: TransportConfiguration
    ) {
        self.id = id
        self.peer = peer
        self.hello = hello
        self.remoteAddress = remoteAddress
        self.handler = handler
        self.outbox = outbox
        self.counters = counters
        eventLoop = handler.eventLoop
        closeTimeMax = configuration.closeTimeMax
        isClosedWhenFull = !hello.isFromReplica
    }

    /// Sends frames in order, all or none: one hop to the event loop for all of them, and none when it has not yet come
    /// round to the frames before. Returns whether they were taken.
    @discardableResult
    package func send(_ frames: some Collection<Bytes>) -> Bool {
        settle(outbox.append(frames))
    }

    /// Sends what arrived from elsewhere, as it is.
    @discardableResult
    package func send(_ batch: FrameBatch) -> Bool {
        settle(outbox.append(batch))
    }

    /// Takes no more frames from this peer until `resumeReading`, so that the network slows it down. What has been read
    /// already is still delivered.
    package func pauseReading() { onLoop { $0.pause() } }

    package func resumeReading() { onLoop { $0.resume() } }

    /// Takes no more frames from this peer for so long, whatever else pauses and resumes meanwhile. Such times add up, but
    /// never to more than `limit` from now.
    package func pauseReading(for time: Interval, within limit: Interval) {
        onLoop { $0.pause(for: time, within: limit) }
    }

    /// Sends what is queued, within `closeTimeMax`, and closes.
    package func close() {
        outbox.close(isForgetful: false)
        onLoop { [closeTimeMax] in $0.finish(.closedHere, within: closeTimeMax) }
    }

    /// Closes at once.
    package func abort(_ end: ConnectionEnd = .closedHere) {
        outbox.close(isForgetful: true)
        onLoop { $0.abort(end) }
    }

    package var statistics: LinkStatistics { counters.statistics }

    /// Bytes that wait or are being written.
    package var queuedBytes: Int { outbox.queuedBytes }

    // MARK: Helpers

    private func settle(_ verdict: Outbox.Verdict) -> Bool {
        switch verdict {
        case .queued: return true
        case .queuedFirst:
            onLoop { $0.drain() }
            return true
        case .full:
            if isClosedWhenFull { abort(.queueFull) }
            return false
        case .closed:
            return false
        }
    }

    private func onLoop(_ body: @escaping @Sendable (FrameHandler) -> Void) {
        eventLoop.execute { [handler] in body(handler.value) }
    }
}
