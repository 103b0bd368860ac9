// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Logging
import MartletCrypto
import MartletKV
import MartletTransport
import MartletTypes
import MartletWire
import Synchronization

/// Reads the whole state of one member, by its own word and not the group's.
final class MemberReader: Sendable {
    private struct State {
        var results: [UInt64: Bytes] = [:]
        var number: UInt64 = 0
    }

    private static let attemptsMax = 500

    private let member: Member
    private let link: PeerLink
    private let state: Arrived

    private final class Arrived: Sendable {
        let state = Mutex(State())

        func receive(_ span: RawSpan) {
            do {
                guard case .readReply(let reply) = try ReplicaToClientMessage(decoding: span) else { return }
                state.withLock { $0.results[reply.number] = reply.result }
            } catch {
                return
            }
        }
    }

    init(_ member: Member, of view: View, identity: TLSIdentity, loops: EventLoops) {
        self.member = member
        let arrived = Arrived()
        state = arrived
        link = PeerLink(
            configuration: TransportConfiguration(), identity: identity,
            target: PeerLinkTarget(
                name: "replica \(member.id)", host: member.host, port: member.port, key: member.key,
                hello: Hello(group: view.group, role: .client, view: view.number),
                frameBytesMax: Limits.clientFrameBytes.max),
            eventLoop: loops.next(),
            handlers: PeerLinkHandlers(onState: { _ in }, onFrames: { $0.forEach { arrived.receive($0) } }),
            jitterSeed: 1, logger: Logger(label: "reader") { _ in SwiftLogNoOpLogHandler() })
    }

    /// All keys with their values, in order.
    func items() async throws -> [KVPage.Item] {
        link.start()
        do {
            let items = try await allPages()
            await link.close()
            return items
        } catch {
            await link.close()
            throw error
        }
    }

    private func allPages() async throws -> [KVPage.Item] {
        var items: [KVPage.Item] = []
        var from: Bytes? = []
        while let start = from {
            let page = try await page(from: start)
            items += page.items
            from = page.next
        }
        return items
    }

    private func page(from start: Bytes) async throws -> KVPage {
        let query = KVOperation.scan(KVScan(from: start, to: nil, limit: KVLimits.scanItemsMax)).payload
        let number = state.state.withLock { state in
            state.number += 1
            return state.number
        }
        for attempt in 0..<Self.attemptsMax {
            if attempt.isMultiple(of: 50) {
                link.send([ClientMessage.read(ReadRequest(number: number, query: query)).encoded()])
            }
            if let bytes = state.state.withLock({ $0.results[number] }) {
                guard case .page(let page) = try KVResult(payload: bytes) else { break }
                return page
            }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw CommandFailure("replica \(member.id) does not tell its state")
    }
}
