// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Logging
import MartletClientCore
import MartletCrypto
package import MartletTransport
public import MartletTypes
import NIOCore
import NIOPosix
import Synchronization

/// A client of one group: keeps a connection to each replica, and believes what enough of them say.
///
/// ```swift
/// let client = try Client(ClientConfiguration(genesis: genesis, key: key, logger: logger))
/// client.start()
/// let session = try client.openSession()
/// let result = try await session.submit(operation)
/// await client.close()
/// ```
///
/// It works before all replicas can be reached, and calls made before any can be reached wait until their deadline. May
/// be used from any thread.
public final class Client: Sendable {
    private struct Handles {
        var count: UInt32 = 0
        var free: [SessionHandle] = []
    }

    /// This client as replicas and state machines know it: by its public key.
    public let id: ClientID
    let genesis: Genesis
    private let view: View
    private let defaultDeadline: Interval
    private let eventLoop: any EventLoop
    private let engine: NIOLoopBoundBox<ClientEngine>
    private let mailbox: SubmissionMailbox
    private let handles = Mutex(Handles())
    private let lifetime = ClientLifetime()

    /// Does not connect yet. Throws `ClientError.invalidConfiguration` when no group can be founded on the genesis, or
    /// the configuration contradicts itself.
    public init(_ configuration: ClientConfiguration) throws(ClientError) {
        let group = Hashing.group(of: configuration.genesis)
        let identity: TLSIdentity
        do {
            view = try configuration.genesis.firstView(group: group)
            identity = try TLSIdentity(seed: configuration.key.seed)
        } catch {
            throw .invalidConfiguration("\(error)")
        }
        if let complaint = configuration.transport.complaint { throw .invalidConfiguration(complaint) }
        genesis = configuration.genesis
        guard configuration.via.count <= Contact.countMax else {
            throw .invalidConfiguration(
                "at most \(Contact.countMax) addresses can be asked, not \(configuration.via.count)")
        }
        id = ClientID(configuration.key.publicKey)
        defaultDeadline = Interval(configuration.deadline)
        eventLoop = configuration.eventLoop ?? MultiThreadedEventLoopGroup.singleton.next()
        mailbox = SubmissionMailbox()
        let engine = ClientEngine(
            configuration: configuration, view: view, identity: identity, eventLoop: eventLoop, mailbox: mailbox)
        self.engine = NIOLoopBoundBox.makeBoxSendingValue(engine, eventLoop: eventLoop)
    }

    deinit {
        eventLoop.execute { [engine] in engine.value.abandon() }
    }

    // MARK: Life

    /// Begins to connect. Does nothing the second time, or after `close`.
    public func start() {
        guard lifetime.start() else { return }
        eventLoop.execute { [engine] in engine.value.start(engine) }
    }

    /// Starts, and closes when its task is cancelled; returns once it is closed, by whomever.
    public func run() async {
        start()
        await withTaskCancellationHandler {
            await lifetime.waitUntilClosing()
        } onCancel: {
            lifetime.beginClosing()
        }
        await close()
    }

    /// Ends all calls (those never sent fail for sure, the outcome of the others is unknown) and returns when all
    /// connections are closed.
    public func close() async {
        lifetime.beginClosing()
        let links = await withCheckedContinuation { continuation in
            eventLoop.execute { [engine] in continuation.resume(returning: engine.value.close()) }
        }
        for link in links { await link.close() }
    }

    // MARK: Sessions

    /// A session of its own for a caller: what is asked in it has an order of its own and a bound of its own on what is
    /// in flight. It is opened with the group in the background; when nothing refers to it any more, it may serve the
    /// next caller. Throws `ClientError.tooManySessions` when the client has as many as the group keeps
    /// (`GroupSettings.sessionsPerClientMax`); other processes with the same key count towards that too.
    public func openSession() throws(ClientError) -> ClientSession {
        let sessionsMax = min(view.settings.sessionsPerClientMax, SessionHandle.countMax)
        let handle = handles.withLock { handles -> SessionHandle? in
            if let free = handles.free.popLast() { return free }
            guard Int(handles.count) < sessionsMax else { return nil }
            defer { handles.count += 1 }
            return SessionHandle(handles.count)
        }
        guard let handle else { throw .tooManySessions(max: sessionsMax) }
        post(.open(handle))
        return ClientSession(client: self, handle: handle)
    }

    func release(_ handle: SessionHandle) { handles.withLock { $0.free.append(handle) } }

    // MARK: Calls

    func post(_ submission: ClientSubmission) {
        guard mailbox.post(submission) else { return }
        eventLoop.execute { [engine] in engine.value.onMail() }
    }

    func deadline(in duration: Duration?) -> Instant {
        ClientEngine.now + (duration.map { Interval($0) } ?? defaultDeadline)
    }

    // MARK: Looking

    /// Each member and how the connection to it stands.
    package func linkStates() async -> [(member: Member, state: PeerLinkState)] {
        await withCheckedContinuation { continuation in
            eventLoop.execute { [engine] in continuation.resume(returning: engine.value.linkStates) }
        }
    }
}
