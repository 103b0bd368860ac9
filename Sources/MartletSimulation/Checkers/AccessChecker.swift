// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletCore
package import MartletTypes

/// Who is served (protocol §4, §8), computed from the agreed history alone, with plain sets: nothing of a client that the group does not
/// serve at that place of the history has any effect, it is told so and nothing else, and nobody else is told so.
package struct AccessChecker: Sendable {
    private var isOpen: Bool
    private var admitted: Set<ClientID>
    private var expelled: Set<ClientID> = []
    private var administrators: Set<PublicKey>

    package init(_ access: ClientAccess, administrators: [PublicKey]) {
        switch access {
        case .open: (isOpen, admitted) = (true, [])
        case .allowList(let keys): (isOpen, admitted) = (false, Set(keys.map { ClientID($0) }))
        }
        self.administrators = Set(administrators)
    }

    package func check(_ history: [Execution], at now: Instant) -> [Violation] {
        var state = self
        var violations: [Violation] = []
        for execution in history {
            for step in execution.steps {
                let isDenied = step.verdict == .refuse(.accessDenied)
                if isDenied == state.serves(step.request.id.client) {
                    violations.append(
                        Violation(
                            .access, at: now,
                            "\(step.request.id) in instance \(execution.instance): \(step.verdict), and its client is "
                                + (isDenied ? "served" : "not served")))
                }
                guard case .reconfigure(.follows) = step.verdict, case .reconfiguration(let it) = step.request.kind
                else { continue }
                state.follow(it.operation)
            }
        }
        return violations
    }

    private func serves(_ client: ClientID) -> Bool {
        administrators.contains(client.key) || !expelled.contains(client) && (isOpen || admitted.contains(client))
    }

    private mutating func follow(_ operation: GroupOperation) {
        switch operation {
        case .administer(let administration): administrators = Set(administration.keys)
        case .access(.policy(let policy)): isOpen = policy == .open
        case .access(.admit(let grants)): for grant in grants { admit(grant.client) }
        case .access(.expel(let clients)): for client in clients { expel(client) }
        case .access(.forget(let clients)):
            admitted.subtract(clients)
            expelled.subtract(clients)
        case .access(.replace(let former, let client)):
            admit(client)
            expel(former)
        case .arrange, .add, .remove, .tolerate, .update, .upgrade: break
        }
    }

    private mutating func admit(_ client: ClientID) {
        admitted.insert(client)
        expelled.remove(client)
    }

    private mutating func expel(_ client: ClientID) {
        admitted.remove(client)
        expelled.insert(client)
    }
}
