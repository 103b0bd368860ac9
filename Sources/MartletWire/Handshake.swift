// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// As what a connection is opened. Which key it was opened with, the channel tells.
package enum Role: Hashable, Sendable {
    case replica(ReplicaID)
    case client
}

/// The first message on a connection, from whoever opened it. Its own format never changes in its first fields, so that
/// any two versions can tell each other that they do not fit.
package struct Hello: Hashable, Sendable {
    package let versions: ProtocolVersions
    package let group: Digest
    package let role: Role
    /// The newest view that the sender knows.
    package let view: ViewNumber

    package init(versions: ProtocolVersions = .supported, group: Digest, role: Role, view: ViewNumber) {
        self.versions = versions
        self.group = group
        self.role = role
        self.view = view
    }
}

/// Why a connection is not taken.
package enum HelloRefusal: UInt8, Hashable, Sendable, CaseIterable {
    case versionUnsupported = 1
    /// The replica belongs to another group.
    case wrongGroup = 2
    /// The key of the channel is not the key of the replica that it claims to be.
    case notThatReplica = 3
    /// The group does not serve this client.
    case accessDenied = 4
    /// Over the limit of connections, of this principal or in all.
    case tooManyConnections = 5
    case shuttingDown = 6
}

/// The answer to a `Hello`.
package enum HelloAnswer: Hashable, Sendable {
    /// The version to speak from now on, and the newest view that the sender knows.
    case accepted(version: UInt16, view: ViewNumber)
    /// With a few words for a person: `refused` cuts them to what may be sent.
    case refused(HelloRefusal, text: String)

    /// A refusal whose text is cut to its limit, at a whole character.
    package static func refused(_ reason: HelloRefusal, _ text: String) -> HelloAnswer {
        var short = text
        while short.utf8.count > Limits.refusalTextBytes.max { short.removeLast() }
        return .refused(reason, text: short)
    }
}
