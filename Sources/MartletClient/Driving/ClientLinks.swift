// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTransport
import MartletTypes

/// A client's links, one to each of those it talks to: in the order of `ClientCore.audience`.
struct ClientLinks {
    /// Names a link for good, so that what an earlier one to the same replica still has to say is not heard.
    typealias Serial = Int

    private struct Entry {
        let serial: Serial
        let member: Member
        let link: PeerLink

        func isTo(_ other: Member) -> Bool {
            member.id == other.id && member.key == other.key && member.host == other.host && member.port == other.port
        }
    }

    private var entries: [Entry] = []
    private var nextSerial: Serial = 0

    var isEmpty: Bool { entries.isEmpty }

    /// By place in the audience; nil where there is none yet.
    subscript(place: Int) -> PeerLink? { place < entries.count ? entries[place].link : nil }

    func link(to id: ReplicaID) -> PeerLink? { entries.first { $0.member.id == id }?.link }

    /// Nil for a link that is not used any more.
    func member(of serial: Serial) -> Member? { entries.first { $0.serial == serial }?.member }

    var states: [(member: Member, state: PeerLinkState)] { entries.map { ($0.member, $0.link.state) } }

    /// Has links to these only: makes those that are missing, with `make`, and returns those that are used no more.
    mutating func begin(
        _ audience: [Member], make: (Member, Serial) -> PeerLink
    ) -> (made: [PeerLink], ended: [PeerLink]) {
        var made: [PeerLink] = []
        let former = entries
        entries = audience.map { member in
            if let kept = former.first(where: { $0.isTo(member) }) { return kept }
            defer { nextSerial += 1 }
            made.append(make(member, nextSerial))
            return Entry(serial: nextSerial, member: member, link: made[made.count - 1])
        }
        let ended = former.filter { entry in !entries.contains { $0.serial == entry.serial } }
        return (made, ended.map(\.link))
    }

    /// Returns them all, and has none any more.
    mutating func takeAll() -> [PeerLink] {
        defer { entries = [] }
        return entries.map(\.link)
    }
}
