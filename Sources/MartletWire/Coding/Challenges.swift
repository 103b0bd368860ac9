// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// What a challenge is about, as it travels.
private enum Tag: UInt8 {
    case vote = 1
    case proposal = 2
    case dummyProposal = 3
}

/// The number stands last: who has it has all that came before.
extension Challenge: WireCodable {
    package static var encodedBytesMin: Int { 1 + 8 }
    package var encodedSizeHint: Int {
        if case .dummyProposal(let padding) = subject { 1 + 4 + padding.count + 8 } else { 1 + 24 + 8 }
    }

    package func encode(into writer: inout Writer) {
        switch subject {
        case .vote: writer.write(Tag.vote.rawValue)
        case .proposal(let epoch, let instance):
            writer.write(Tag.proposal.rawValue)
            writer.write(epoch.view.rawValue, epoch.regency.rawValue, instance.rawValue)
        case .dummyProposal(let padding):
            writer.write(Tag.dummyProposal.rawValue)
            writer.writeBytes(padding)
        }
        writer.write(number)
    }

    package init(from reader: inout Reader) throws(WireError) {
        let subject: Subject =
            switch try reader.enumeration(Tag.self, "challenge's subject") {
            case .vote: .vote
            case .proposal: .proposal(try Epoch(from: &reader), try reader.positive(Instance.self))
            case .dummyProposal: .dummyProposal(padding: try reader.bytes(Limits.paddingBytes))
            }
        self.init(subject, number: try reader.uint64())
    }
}

extension ChallengeResponse: WireCodable {
    package static var encodedBytesMin: Int { 8 + 1 }

    package func encode(into writer: inout Writer) {
        writer.write(number)
        writer.writeOptional(digest)
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(number: try reader.uint64(), digest: try reader.optional(Digest.self))
    }
}
