// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Logging
import MartletTypes
import MartletWire
import NIOCore
import Synchronization

/// What the connections of a listener, which live on several event loops, have in common.
final class ListenerCore: Sendable {
    private struct State {
        var table: ConnectionTable
        var partialFrames: PartialFrames
        /// Only looked up, and walked through once, at the end.
        var handlers: [ConnectionID: NIOLoopBound<FrameHandler>] = [:]
        var accepted: UInt64 = 0
        var isClosing = false
        var onEmpty: CheckedContinuation<Void, Never>?
    }

    let configuration: TransportConfiguration
    let identity: TLSIdentity
    let handlers: ListenerHandlers
    let logger: Logger
    private let state: Mutex<State>

    init(
        configuration: TransportConfiguration, identity: TLSIdentity, handlers: ListenerHandlers, logger: Logger
    ) {
        self.configuration = configuration
        self.identity = identity
        self.handlers = handlers
        self.logger = logger
        state = Mutex(
            State(
                table: ConnectionTable(configuration),
                partialFrames: PartialFrames(bytesMax: configuration.clientPartialBytesMax)))
    }

    /// A new connection's name; nil when the listener is closing.
    func nextID() -> ConnectionID? {
        state.withLock { state in
            guard !state.isClosing else { return nil }
            state.accepted += 1
            return ConnectionID(state.accepted)
        }
    }

    func add(_ handler: NIOLoopBound<FrameHandler>, _ id: ConnectionID) {
        let leaving = state.withLock { state -> NIOLoopBound<FrameHandler>? in
            state.handlers[id] = handler
            // Between its name and this moment the listener may have begun to close.
            if state.isClosing { return handler }
            return state.table.admitUnfinished(id).flatMap { state.handlers[$0] }
        }
        if let leaving { Self.end(leaving) { $0.abort(.replaced) } }
    }

    /// The owner's judgement first, then the limits.
    func judge(_ hello: Hello, _ key: PublicKey, _ id: ConnectionID) -> HelloAnswer {
        let answer = handlers.authenticate(hello, key)
        guard case .accepted = answer else { return answer }
        let (verdict, leaving) = state.withLock { state -> (ConnectionTable.Verdict?, NIOLoopBound<FrameHandler>?) in
            if state.isClosing { return (nil, nil) }
            let verdict =
                hello.isFromReplica ? state.table.finishReplica(id, key: key) : state.table.finishClient(id, key: key)
            guard case .acceptedInsteadOf(let old) = verdict else { return (verdict, nil) }
            return (verdict, state.handlers[old])
        }
        if let leaving { Self.end(leaving) { $0.abort(.replaced) } }
        switch verdict {
        case nil: return .refused(.shuttingDown, "it is shutting down")
        case .refused(let reason): return .refused(.tooManyConnections, reason)
        case .accepted, .acceptedInsteadOf: return answer
        }
    }

    func notePartialFrame(_ bytes: Int, of id: ConnectionID, isAnew: Bool) {
        let leaving = state.withLock { state in
            state.partialFrames.note(bytes, of: id, isAnew: isAnew).compactMap { state.handlers[$0] }
        }
        for handler in leaving { Self.end(handler) { $0.abort(.unfinishedFrame) } }
    }

    func remove(_ id: ConnectionID) {
        let continuation = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.table.remove(id)
            state.partialFrames.remove(id)
            state.handlers[id] = nil
            guard state.isClosing, state.handlers.isEmpty else { return nil }
            defer { state.onEmpty = nil }
            return state.onEmpty
        }
        continuation?.resume()
    }

    /// Closes every connection, sending what is queued, and returns when the last is gone.
    func closeAll() async {
        let leaving = state.withLock { state in
            state.isClosing = true
            return Array(state.handlers.values)
        }
        for handler in leaving {
            Self.end(handler) { [configuration] in $0.finish(.closedHere, within: configuration.closeTimeMax) }
        }
        await withCheckedContinuation { continuation in
            let isEmpty = state.withLock { state in
                if state.handlers.isEmpty { return true }
                state.onEmpty = continuation
                return false
            }
            if isEmpty { continuation.resume() }
        }
    }

    var counts: (unfinished: Int, clients: Int, replicas: Int) {
        state.withLock { ($0.table.unfinishedCount, $0.table.clientCount, $0.table.replicaCount) }
    }

    private static func end(
        _ handler: NIOLoopBound<FrameHandler>, _ body: @escaping @Sendable (FrameHandler) -> Void
    ) {
        handler.eventLoop.execute { body(handler.value) }
    }
}
