// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// What exactly a liar did, for the report.
package struct LiarDetail: Hashable, Sendable {
    package enum Deed: Hashable, Sendable {
        case mutation(MessageKind, Mutation)
        case named(String)
    }

    package let deed: Deed

    static func mutation(_ kind: MessageKind, _ mutation: Mutation) -> LiarDetail {
        LiarDetail(deed: .mutation(kind, mutation))
    }

    static func named(_ name: String) -> LiarDetail { LiarDetail(deed: .named(name)) }

    package var name: String {
        switch deed {
        case .mutation(let kind, let mutation): "\(kind.rawValue): \(mutation.rawValue)"
        case .named(let name): name
        }
    }
}
