// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import NIOCore
import NIOSSL

/// What stands above the frames of one connection and decides what they mean. Called on the connection's event loop.
protocol FrameHandlerOwner: AnyObject {
    /// The TCP connection is made. What is written now is sent once the security layer allows it.
    func onActive(_ handler: FrameHandler)
    func onFrames(_ batch: FrameBatch, _ handler: FrameHandler)
    /// So many bytes wait for the rest of their frame; `isAnew` when frames were finished since the last time.
    func onPartialFrame(bytes: Int, isAnew: Bool, _ handler: FrameHandler)
    /// The connection is over, once and for good. Nothing follows.
    func onClosed(_ end: ConnectionEnd, _ handler: FrameHandler)
}

/// The one handler of a connection above its security layer: frames in, batches out. Bound to its event loop.
final class FrameHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var parser: FrameParser
    private var owner: (any FrameHandlerOwner)?
    private let counters: LinkCounters
    private var context: ChannelHandlerContext?
    /// Where frames to be sent wait; nothing is taken from it before the handshake is over.
    private var outbox: Outbox?
    private var end: ConnectionEnd?
    private var isFinishing = false
    private var writesUnderWay = 0
    /// How many reasons there are not to read.
    private var pauses = 0
    private var pausedUntil = NIODeadline.uptimeNanoseconds(0)
    private var deadline: Scheduled<Void>?

    init(owner: any FrameHandlerOwner, counters: LinkCounters) {
        self.owner = owner
        self.counters = counters
        parser = FrameParser(frameBytesMax: Greeting.frameBytesMax, takesOneFrame: true)
    }

    // MARK: For the owner

    /// The handshake is over: frames up to this length are taken, and what waits in the outbox is sent.
    func open(frameBytesMax: Int, outbox: Outbox) {
        context?.eventLoop.preconditionInEventLoop()
        parser.frameBytesMax = frameBytesMax
        parser.takesOneFrame = false
        self.outbox = outbox
        drain()
    }

    /// Writes one frame at once, past the outbox: a handshake message.
    func write(_ content: Bytes) {
        guard let context else { return }
        var frame = ByteBuffer(integer: UInt32(content.count))
        frame.writeBytes(content)
        flush(frame, context) {}
    }

    /// Sends what waits, unless the connection has enough to do; then `channelWritabilityChanged` comes back to it.
    func drain() {
        guard let context, let outbox else { return }
        context.eventLoop.preconditionInEventLoop()
        guard context.channel.isWritable || isFinishing, let waiting = outbox.take() else { return finishIfDone() }
        let byteCount = waiting.readableBytes
        flush(waiting, context) { outbox.written(bytes: byteCount) }
    }

    /// Sends what waits, then closes; after `limit` closes in any case.
    func finish(_ end: ConnectionEnd, within limit: Interval) {
        guard let context, !isFinishing else { return }
        self.end = self.end ?? end
        isFinishing = true
        deadline = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(limit)) { [weak self] in
            self?.abort(end)
        }
        drain()
    }

    /// Closes at once, without asking the security layer to say good-bye: the peer may never read again.
    func abort(_ end: ConnectionEnd) {
        self.end = self.end ?? end
        guard let context else { return }
        context.eventLoop.preconditionInEventLoop()
        do {
            try context.pipeline.syncOperations.context(handlerType: NIOSSLHandler.self).close(mode: .all, promise: nil)
        } catch {
            context.close(promise: nil)
        }
    }

    /// Reads no more from the peer until each `pause` was followed by a `resume`. What has been read already is still
    /// delivered.
    func pause() {
        pauses += 1
        if pauses == 1 { setReading(false) }
    }

    func resume() {
        pauses -= 1
        if pauses == 0 { setReading(true) }
    }

    /// Reads no more for so long, after earlier such times have passed; `limit` from now is the end in any case.
    func pause(for time: Interval, within limit: Interval) {
        guard let context else { return }
        let now = NIODeadline.now()
        pausedUntil = min(max(now, pausedUntil) + TimeAmount(time), now + TimeAmount(limit))
        pause()
        context.eventLoop.assumeIsolated().scheduleTask(deadline: pausedUntil) { self.resume() }
    }

    /// Whether more is read from the peer, for an owner that has one reason only not to.
    func setReading(_ isReading: Bool) {
        guard let context else { return }
        do {
            try context.channel.syncOptions?.setOption(.autoRead, value: isReading)
        } catch {
            abort(.failed("\(error)"))
        }
    }

    private func flush(_ buffer: ByteBuffer, _ context: ChannelHandlerContext, whenWritten: @escaping () -> Void) {
        let promise = context.eventLoop.makePromise(of: Void.self)
        writesUnderWay += 1
        promise.futureResult.assumeIsolated().whenComplete { [weak self] _ in
            whenWritten()
            self?.writesUnderWay -= 1
            self?.finishIfDone()
        }
        context.writeAndFlush(wrapOutboundOut(buffer), promise: promise)
    }

    private func finishIfDone() {
        guard isFinishing, writesUnderWay == 0, outbox?.isEmpty ?? true else { return }
        context?.close(promise: nil)
    }

    /// For other threads to name this handler by. Nil once the connection is gone.
    var bound: NIOLoopBound<FrameHandler>? { context.map { NIOLoopBound(self, eventLoop: $0.eventLoop) } }

    // MARK: From the pipeline

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { owner?.onActive(self) }
    }

    func channelActive(context: ChannelHandlerContext) { owner?.onActive(self) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard end == nil else { return }
        parser.append(unwrapInboundIn(data))
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        do {
            var isAnew = false
            while end == nil, let batch = try parser.next() {
                counters.received(frames: batch.count, bytes: batch.byteCount)
                owner?.onFrames(batch, self)
                isAnew = true
            }
            if end == nil { owner?.onPartialFrame(bytes: parser.bufferedBytes, isAnew: isAnew, self) }
        } catch {
            abort(.misbehaved(error))
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { drain() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        end = end ?? ConnectionEnd(error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { end = end ?? .closedByPeer }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        deadline?.cancel()
        let owner = self.owner
        self.owner = nil
        outbox = nil
        owner?.onClosed(end ?? .closedByPeer, self)
    }
}
