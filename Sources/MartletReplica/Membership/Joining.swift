// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Logging
import MartletCrypto
import MartletTransport
import MartletTypes
import MartletWire
import Synchronization

/// Waits until a proved view lists a replica that the views it knows do not list, or not with its key (protocol §8). It dials those that
/// it knows of, as itself: they refuse it as long as they know no view that lists it, and then tell it the chain of views that does.
final class Joining: Sendable {
    /// How often those that are connected are asked again.
    private static let askingPeriod = Duration.seconds(1)
    /// How often people are told what is waited for.
    private static let tellingPeriod = Interval.seconds(60)

    private let configuration: ReplicaConfiguration
    private let verifier: Verifier<Ed25519Scheme>
    private let loops: EventLoops
    private let links: Links
    private let drops: DropLog
    private let signals: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation

    private typealias Links = Mutex<[PeerLink]>

    /// `chain` is what is known beside the genesis view.
    init(
        configuration: ReplicaConfiguration, view: View, chain: [ViewCertificate]
    ) throws(ReplicaError) {
        let identity: TLSIdentity
        do {
            identity = try TLSIdentity(seed: configuration.key.seed)
        } catch {
            throw .invalidConfiguration(error.description)
        }
        self.configuration = configuration
        verifier = Verifier(view: view, scheme: Ed25519Scheme())
        for certificate in chain { verifier.views.add(certificate) }
        loops = EventLoops(threadCount: 1)
        drops = DropLog(logger: configuration.logger)
        (signals, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        links = Mutex([])
        let made = contacts.enumerated().map { place, contact in makeLink(contact, identity, place) }
        links.withLock { $0 = made }
    }

    // MARK: - Whom to ask

    private struct Asked {
        let name: String
        let id: ReplicaID
        let address: DialMap.Address
        /// Nil where nobody has said who listens there: what it tells proves itself.
        let key: PublicKey?
    }

    /// All that the newest view lists, those of the genesis, and those that the configuration names; each once, and not itself.
    private var contacts: [Asked] {
        var contacts: [Asked] = []
        let views = verifier.views
        for member in views.newest.audience + (views.all.first?.members ?? []) where member.id != configuration.replica
        {
            let address = configuration.transport.dialling.address(of: member)
            guard !contacts.contains(where: { $0.id == member.id }) else { continue }
            contacts.append(
                Asked(name: "replica \(member.id)", id: member.id, address: address, key: member.key))
        }
        for via in configuration.via {
            let address = DialMap.Address(host: via.host, port: via.port)
            guard !contacts.contains(where: { $0.address == address }) else { continue }
            contacts.append(Asked(name: "the replica", id: configuration.replica, address: address, key: nil))
        }
        return contacts
    }

    private func makeLink(_ contact: Asked, _ identity: TLSIdentity, _ place: Int) -> PeerLink {
        let views = verifier.views
        let hello = Hello(
            versions: configuration.versions, group: views.newest.group, role: .replica(configuration.replica),
            view: views.newest.number)
        let target = PeerLinkTarget(
            name: contact.name, host: contact.address.host, port: contact.address.port, key: contact.key, hello: hello,
            frameBytesMax: Limits.viewChainFrameBytes.max)
        let log = DialLog(logger: configuration.logger)
        let handlers = PeerLinkHandlers(
            newestView: { views.newest.number }, onState: { log.changed(target, to: $0) },
            onFrames: { [weak self] batch in self?.receive(batch, from: contact.id, by: place) })
        return PeerLink(
            configuration: configuration.transport, identity: identity, target: target, eventLoop: loops.next(),
            handlers: handlers, jitterSeed: UInt64(place), logger: configuration.logger)
    }

    // MARK: - Taking proofs

    /// On the link's event loop. What is verified there is read no faster than that.
    private func receive(_ batch: FrameBatch, from replica: ReplicaID, by place: Int) {
        let before = verifier.views.newest.number
        batch.forEach { span in
            guard let part = ChainIntake.part(span, from: replica, drops) else { return }
            do {
                _ = try verifier.verifiedChain(part)
            } catch {
                drops.dropped(from: .replica(replica), because: "\(error)")
            }
        }
        guard verifier.views.newest.number > before else { return }
        signal.yield()
        // There may be more than what was told at once.
        ask(links.withLock { [$0[place]] })
    }

    private func ask(_ links: [PeerLink]) {
        let frame = PeerMessage.fetchViews(FetchViews(after: verifier.views.newest.number)).encoded()
        for link in links {
            if case .connected = link.state { link.send([frame]) }
        }
    }

    // MARK: - Waiting

    /// Returns the whole chain when the newest view lists this replica; nil when it was stopped before, or its task cancelled. Throws when
    /// that can never be. To be called once.
    func run() async throws(ReplicaError) -> [ViewCertificate]? {
        let all = links.withLock { $0 }
        for link in all { link.start() }
        let asking = Task { [self] in
            while !Task.isCancelled {
                do {
                    try await Task.sleep(for: Self.askingPeriod)
                } catch {
                    return
                }
                ask(all)
                signal.yield()
            }
        }
        let result = await wait()
        asking.cancel()
        await withTaskGroup { group in
            for link in all { group.addTask { await link.close() } }
        }
        await loops.shutDown()
        return try result.get()
    }

    func stop() { signal.finish() }

    private func wait() async -> Result<[ViewCertificate]?, ReplicaError> {
        let (replica, key) = (configuration.replica, configuration.key.publicKey)
        var told: (standing: Standing, due: Instant)?
        var iterator = signals.makeAsyncIterator()
        repeat {
            let standing = Standing(of: replica, key: key, in: verifier.views)
            if let complaint = standing.complaint(about: replica, key: key) { return .failure(complaint) }
            if standing == .listed {
                let views = verifier.views
                return Standing.complaint(of: configuration.versions, in: views.newest).map { .failure($0) }
                    ?? .success(views.chain)
            }
            let now = SystemClock.monotonic
            if told?.standing != standing || now >= told?.due ?? now {
                told = (standing, now + Self.tellingPeriod)
                let words = standing.words(of: replica, key: key, newest: verifier.views.newest.number)
                if let words { configuration.logger.notice("\(words)") }
            }
        } while await iterator.next() != nil && !Task.isCancelled
        return .success(nil)
    }

    /// What is known by now.
    var views: KnownViews { verifier.views }
}

/// Tells what becomes of one link, without a line for each attempt.
private final class DialLog: Sendable {
    private let logger: Logger
    private let last = Mutex<String?>(nil)

    init(logger: Logger) { self.logger = logger }

    func changed(_ target: PeerLinkTarget, to state: PeerLinkState) {
        let reason: String
        let attempts: Int
        switch state {
        case .connecting, .closed: return
        case .connected: (reason, attempts) = ("", 1)
        case .refused(_, let text, let count): (reason, attempts) = (text, count)
        case .failed(let text, let count): (reason, attempts) = (text, count)
        }
        let isNew = last.withLock { last in
            defer { last = reason }
            return last != reason
        }
        if isNew || attempts.isMultiple(of: 100) { logger.info("\(target.sentence(state))") }
    }
}
