// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// Asks the leader to order something that does nothing, so that the sender sees how long ordering takes, and everyone for an
/// echo at once, so that it sees how far away they are (protocol §9, slow leaders).
package struct Probe: Hashable, Sendable {
    package let sequence: SequenceNumber

    package init(sequence: SequenceNumber) { self.sequence = sequence }
}

/// The answer to a probe.
package struct ProbeEcho: Hashable, Sendable {
    package let sequence: SequenceNumber

    package init(sequence: SequenceNumber) { self.sequence = sequence }
}

extension BatchEntry {
    /// A member's probe as a batch lists it: a request of a session that never exists, so that it is void, needs no body and
    /// nobody's word, and leaves no trace in the state.
    package static func probe(_ sequence: SequenceNumber, of member: PublicKey) -> BatchEntry {
        let id = RequestID(client: ClientID(member), session: .ofProbes, sequence: sequence)
        return BatchEntry(id: id, digest: .zero)
    }
}
