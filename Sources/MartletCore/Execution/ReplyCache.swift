// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// The kept replies of all sessions (protocol §4): replicated state, equal at all replicas after the same instance.
///
/// It follows the core's `SessionTable`: the core decides what is executed, opened and evicted, the cache keeps what
/// came of it. Copying it costs O(1) until one of the copies changes.
package struct ReplyCache: Sendable {
    private var sessions: [SessionID: SessionReplies] = [:]
    private let pipelineMax: Int

    package init(settings: GroupSettings) { self.pipelineMax = settings.pipelineMax }

    /// Takes over what an image kept.
    package init(image: CheckpointImage, settings: GroupSettings) {
        self.init(settings: settings)
        for record in image.sessions { sessions[record.id] = SessionReplies(record) }
    }

    package var sessionCount: Int { sessions.count }

    package var mostOfOneSession: Int {
        // any order: the highest of all
        sessions.values.map(\.count).max() ?? 0
    }

    /// The reply of a request that was ordered before. Whatever is kept no longer, or belongs to another client, is
    /// forgotten for the one who asks.
    package func reply(to id: RequestID) -> ReplyBody {
        kept(id)?.body ?? .replyForgotten
    }

    /// The same with what was executed, and when; nil when it is forgotten.
    package func kept(_ id: RequestID) -> KeptReply? {
        guard let session = sessions[id.session], session.client == id.client else { return nil }
        return session.reply(to: id.sequence, pipelineMax: pipelineMax)
    }

    /// Keeps the reply of an executed request, and drops what its client says that it has.
    package mutating func keep(_ body: ReplyBody, of request: Request, _ provenance: Provenance) {
        let isKept: Void? = sessions[request.id.session]?.keep(
            body, of: request, provenance, pipelineMax: pipelineMax)
        precondition(isKept != nil, "an operation was executed in a session that does not exist")
    }

    /// A new session of this client. A table that is full may evict even the session that was just opened.
    package mutating func open(_ session: SessionID, of client: ClientID, evicting evicted: [SessionID]) {
        let former = sessions.updateValue(SessionReplies(client: client), forKey: session)
        precondition(former == nil, "a session was opened twice")
        end(evicted)
    }

    /// These do not exist any more.
    package mutating func end(_ ended: [SessionID]) {
        for session in ended {
            let former = sessions.removeValue(forKey: session)
            precondition(former != nil, "a session that has ended did not exist")
        }
    }

    /// The session table's records, in their order, with the replies filled in.
    package func filling(_ records: [SessionRecord]) -> [SessionRecord] {
        precondition(records.count == sessions.count, "the session table and the kept replies differ")
        return records.map { record in
            guard let session = sessions[record.id], session.client == record.client else {
                preconditionFailure("the session table and the kept replies differ")
            }
            return session.filling(record, pipelineMax: pipelineMax)
        }
    }
}
