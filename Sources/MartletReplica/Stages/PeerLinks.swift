// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Logging
import MartletCrypto
import MartletTransport
import MartletTypes
import MartletWire
import Synchronization

/// The outgoing side of a replica: one link to each of those that the core speaks with, by its id. They follow what the core says
/// (`Effects.audience`): the ordering stage alone changes them, and that and the serving stage send.
final class PeerLinks: Sendable {
    fileprivate struct Line {
        let member: Member
        let link: PeerLink
    }

    private struct State {
        /// Only looked up, or all of them closed.
        var lines: [ReplicaID: Line] = [:]
        /// Those that are being closed, by a number of their own.
        var leaving: [UInt64: PeerLink] = [:]
        var left: UInt64 = 0
        var isClosed = false
    }

    let me: ReplicaID
    private let views: KnownViews
    private let versions: ProtocolVersions
    private let identity: TLSIdentity
    private let loops: EventLoops
    private let configuration: TransportConfiguration
    private let intake: ChainIntake
    private let log: ConnectivityLog
    private let logger: Logger
    private let state = Mutex(State())

    /// There is none before `follow`.
    init(
        me: ReplicaID, views: KnownViews, versions: ProtocolVersions, identity: TLSIdentity, loops: EventLoops,
        configuration: TransportConfiguration, intake: ChainIntake, log: ConnectivityLog, logger: Logger
    ) {
        self.me = me
        self.views = views
        self.versions = versions
        self.identity = identity
        self.loops = loops
        self.configuration = configuration
        self.intake = intake
        self.log = log
        self.logger = logger
    }

    // MARK: - Following the group

    /// Has a link to each of these but this replica itself, and to nobody else. Who is listed with another address or key gets a new one;
    /// the old one sends what is queued, and goes.
    func follow(_ audience: [Member]) {
        let others = audience.filter { $0.id != me }
        log.follow(others.map(\.id))
        let (begun, ended) = state.withLock { state -> ([PeerLink], [(UInt64, PeerLink)]) in
            guard !state.isClosed else { return ([], []) }
            var lines: [ReplicaID: Line] = [:]
            var begun: [PeerLink] = []
            for member in others {
                if let line = state.lines[member.id], line.isStill(member) {
                    lines[member.id] = line
                } else {
                    let link = makeLink(to: member)
                    lines[member.id] = Line(member: member, link: link)
                    begun.append(link)
                }
            }
            var ended: [(UInt64, PeerLink)] = []
            for (id, line) in state.lines where lines[id]?.link !== line.link {
                state.left += 1
                state.leaving[state.left] = line.link
                ended.append((state.left, line.link))
            }
            state.lines = lines
            return (begun, ended)
        }
        for link in begun { link.start() }
        for (number, link) in ended {
            link.close { [weak self] in self?.state.withLock { $0.leaving[number] = nil } }
        }
    }

    private func makeLink(to member: Member) -> PeerLink {
        let address = configuration.dialling.address(of: member)
        let hello = Hello(
            versions: versions, group: views.newest.group, role: .replica(me), view: views.newest.number)
        let target = PeerLinkTarget(
            name: "replica \(member.id)", host: address.host, port: address.port, key: member.key, hello: hello,
            frameBytesMax: Limits.viewChainFrameBytes.max)
        let ticket = log.begin(member.id)
        let handlers = PeerLinkHandlers(
            newestView: { [views] in views.newest.number },
            onState: { [log, weak self] in
                log.changed(ticket, target, to: $0)
                if case .connected(let view) = $0 { self?.tell(member.id, after: view) }
            },
            onFrames: { [weak self] in self?.receive($0, from: member) })
        return PeerLink(
            configuration: configuration, identity: identity, target: target, eventLoop: loops.next(),
            handlers: handlers, jitterSeed: UInt64(member.id.rawValue), logger: logger)
    }

    /// Whoever knows less is told first of all: it may know this replica with another key, and would take nothing else from it.
    private func tell(_ replica: ReplicaID, after number: ViewNumber) {
        guard number < views.newest.number else { return }
        send([PeerMessage.views(views.chain(after: number)).encoded()], to: replica)
    }

    private func receive(_ batch: FrameBatch, from member: Member) {
        guard !intake.receive(batch, from: member.id, holding: member.key), let link = link(to: member.id) else {
            return
        }
        link.pauseReading()
        intake.jobs.hold { link.resumeReading() }
    }

    // MARK: - Sending

    /// Frames that belong together, in order. What cannot be sent now, or to whom there is no link, is lost; the protocol sends again.
    func send(_ frames: [Bytes], to replica: ReplicaID) { link(to: replica)?.send(frames) }

    private func link(to replica: ReplicaID) -> PeerLink? { state.withLock { $0.lines[replica]?.link } }

    /// Sends what is queued, and returns when all are closed.
    func close() async {
        let all = state.withLock { state in
            state.isClosed = true
            defer { state.lines = [:] }
            return state.lines.values.map(\.link) + state.leaving.values
        }
        await withTaskGroup { group in
            for link in all { group.addTask { await link.close() } }
        }
    }

    // MARK: - For tests

    /// Whom there is a link to, and how many others are being closed.
    var replicas: [ReplicaID] { state.withLock { $0.lines.keys.sorted() } }
    var leavingCount: Int { state.withLock { $0.leaving.count } }
    func state(of replica: ReplicaID) -> PeerLinkState? { link(to: replica)?.state }
}

extension PeerLinks.Line {
    /// Weights do not matter to a link.
    fileprivate func isStill(_ other: Member) -> Bool {
        member.key == other.key && member.host == other.host && member.port == other.port
    }
}
