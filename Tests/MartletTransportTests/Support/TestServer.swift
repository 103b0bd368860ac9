// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Logging
import MartletTypes
import MartletWire
import NIOPosix

@testable import MartletTransport

let testGroup = MartletTypes.Digest(words: Words32(1, 2, 3, 4))
let loops = MultiThreadedEventLoopGroup.singleton
let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

func identity(_ number: UInt8) throws -> TLSIdentity { try TLSIdentity(seed: Bytes(repeating: number, count: 32)) }

func bytes(of batch: FrameBatch) -> [Bytes] {
    var frames: [Bytes] = []
    batch.forEach { span in frames.append((0..<span.byteCount).map { span.byte($0) }) }
    return frames
}

extension RawSpan {
    func byte(_ offset: Int) -> UInt8 { unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self) }
}

/// A listener that records what happens to it, and by default takes everyone.
struct TestServer: Sendable {
    let listener: Listener
    let opened = Recorder<InboundConnection>()
    let frames = Recorder<Bytes>()
    let ended = Recorder<ConnectionEnd>()
    let port: Int

    init(
        _ configuration: TransportConfiguration = TransportConfiguration(), key: UInt8 = 1, port: Int = 0,
        authenticate: @escaping @Sendable (Hello, PublicKey) -> HelloAnswer = TestServer.judge
    ) async throws {
        let handlers = ListenerHandlers(
            authenticate: authenticate,
            onOpen: { [opened] in opened.record($0) },
            onFrames: { [frames] in frames.record(contentsOf: bytes(of: $1)) },
            onClose: { [ended] in ended.record($1) })
        listener = Listener(
            configuration: configuration, identity: try identity(key), group: loops, handlers: handlers, logger: quiet)
        try await listener.start(host: "127.0.0.1", port: port)
        self.port = listener.localPort ?? 0
    }

    static let judge: @Sendable (Hello, PublicKey) -> HelloAnswer = { hello, _ in
        .accepted(version: 1, view: .genesis)
    }
}

/// A link that records what happens to it.
struct TestLink: Sendable {
    let link: PeerLink
    let states: Recorder<PeerLinkState>
    let frames: Recorder<Bytes>

    static let connected = PeerLinkState.connected(view: .genesis)

    init(
        to port: Int, _ configuration: TransportConfiguration = TransportConfiguration(), key: UInt8 = 2,
        expecting: UInt8 = 1, hello: Hello = client(), frameBytesMax: Int = 1 << 24
    ) throws {
        let states = Recorder<PeerLinkState>()
        let frames = Recorder<Bytes>()
        let target = PeerLinkTarget(
            name: "replica 1", host: "127.0.0.1", port: port, key: try identity(expecting).publicKey, hello: hello,
            frameBytesMax: frameBytesMax)
        link = PeerLink(
            configuration: configuration, identity: try identity(key), target: target, eventLoop: loops.next(),
            handlers: PeerLinkHandlers(
                onState: { states.record($0) }, onFrames: { frames.record(contentsOf: bytes(of: $0)) }),
            jitterSeed: 7, logger: quiet)
        self.states = states
        self.frames = frames
        link.start()
    }

    static func client(
        group: MartletTypes.Digest = testGroup, versions: ProtocolVersions = .supported
    ) -> Hello {
        Hello(versions: versions, group: group, role: .client, view: .genesis)
    }

    static func replica(_ id: UInt16) -> Hello {
        Hello(group: testGroup, role: .replica(ReplicaID(id)), view: .genesis)
    }
}

/// Frames of these sizes whose bytes tell place and frame apart.
func patternedFrames(_ sizes: some Sequence<Int>) -> [Bytes] {
    sizes.enumerated().map { number, size in (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ number) } }
}
