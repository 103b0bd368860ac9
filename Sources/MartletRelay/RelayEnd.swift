// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import NIOCore

/// Reads from one end of a joined pair of connections and writes to the other, each piece when it is due. Both
/// connections are on one event loop.
final class RelayEnd: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private struct Piece {
        let due: Instant
        /// Nil for the end of the stream.
        let bytes: ByteBuffer?
    }

    /// How much may be under way before nothing more is read.
    private static let bytesMax = 256 << 20

    private let delay: RelayDelay
    private let begun: () -> Instant?
    private let counters: RelayCounters
    private var random = SystemRandomNumberGenerator()
    private var source: (any Channel)?
    private var destination: (any Channel)?
    private var pieces: CircularBuffer<Piece> = []
    private var bytesUnderWay = 0
    private var lastDue = Instant.zero
    private var isTimerSet = false

    init(delay: RelayDelay, begun: @escaping () -> Instant?, counters: RelayCounters) {
        self.delay = delay
        self.begun = begun
        self.counters = counters
    }

    func handlerAdded(context: ChannelHandlerContext) { source = context.channel }

    func handlerRemoved(context: ChannelHandlerContext) { source = nil }

    /// Begins to read.
    func join(to destination: any Channel) {
        self.destination = destination
        if let source {
            source.read()
        } else {
            destination.close(promise: nil)
        }
    }

    // MARK: - What arrives

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        bytesUnderWay += bytes.readableBytes
        append(bytes, on: context.eventLoop)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if bytesUnderWay < Self.bytesMax { context.read() }
    }

    func channelInactive(context: ChannelHandlerContext) { append(nil, on: context.eventLoop) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func append(_ bytes: ByteBuffer?, on eventLoop: any EventLoop) {
        let due = max(lastDue, delay.arrival(at: Relay.now, begun: begun(), using: &random))
        lastDue = due
        pieces.append(Piece(due: due, bytes: bytes))
        setTimer(on: eventLoop)
    }

    // MARK: - What is due

    private func setTimer(on eventLoop: any EventLoop) {
        guard !isTimerSet, let first = pieces.first else { return }
        isTimerSet = true
        eventLoop.assumeIsolated().scheduleTask(deadline: .uptimeNanoseconds(first.due.rawValue)) {
            self.isTimerSet = false
            self.passOn()
            self.setTimer(on: eventLoop)
        }
    }

    private func passOn() {
        let now = Relay.now
        while let piece = pieces.first, piece.due <= now {
            pieces.removeFirst()
            guard let bytes = piece.bytes else {
                destination?.flush()
                destination?.close(promise: nil)
                return
            }
            counters.passed(bytes.readableBytes, lateBy: now.since(piece.due).nanoseconds)
            write(bytes)
        }
        destination?.flush()
    }

    private func write(_ bytes: ByteBuffer) {
        guard let destination else { return }
        let count = bytes.readableBytes
        let written = destination.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenComplete { _ in
            let wasFull = self.bytesUnderWay >= Self.bytesMax
            self.bytesUnderWay -= count
            if wasFull, self.bytesUnderWay < Self.bytesMax { self.source?.read() }
        }
        destination.write(bytes, promise: written)
    }
}
