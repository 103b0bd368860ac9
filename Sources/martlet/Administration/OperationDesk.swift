// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletClient
import MartletCrypto
import MartletTypes

/// Where operations on a running group are made, judged and ordered.
struct OperationDesk {
    let access: GroupAccess
    let limit: Duration
    /// The group as it was when it was last asked.
    let health: GroupHealth
    /// All views that are proved, the first one first.
    let views: [View]

    /// Asks the group for its newest view; throws when nobody answers.
    init(_ access: GroupAccess, within limit: Duration) async throws {
        self.access = access
        self.limit = limit
        (health, views) = try await access.survey(within: min(limit, .seconds(5)))
        guard !health.answering.isEmpty else { throw CommandFailure(health.sentence) }
    }

    var view: View { health.view }

    /// Those members that do not vote at present.
    var absent: [ReplicaID] {
        view.members.map(\.id).filter { id in
            health.reports.first { $0.member.id == id }?.status.map { $0.mode != .voter } ?? true
        }
    }

    // MARK: Signing

    /// With the signature of the command's own key, which must be an administrator's.
    func signed(_ operation: Reconfiguration) throws -> Reconfiguration {
        let key = access.key.publicKey
        guard view.administration.needed > 0 else {
            throw CommandFailure("the group has no administrators: nothing can be changed")
        }
        guard view.administration.keys.contains(key) else {
            throw CommandFailure(
                "the key \(key) is no administrator's of the group \(access.genesis.name): name another with --key-file"
            )
        }
        return AdministratorSealer(group: view.group, publicKey: key, key: access.key, scheme: Ed25519Scheme()).sign(
            operation)
    }

    /// For what is proposed, signed and submitted in one step.
    func requireOneKey() throws {
        guard view.administration.needed > 1 else { return }
        throw CommandFailure(
            "the group \(access.genesis.name) asks for the signatures of \(view.administration.needed) administrators: make a file with "
                + "martlet admin propose, have each of them do martlet admin sign, then martlet admin submit")
    }

    // MARK: Ordering

    /// Why the group would refuse it, or would not even hear it; nil when nothing speaks against it now.
    func complaint(about operation: Reconfiguration) -> String? {
        let text = OperationText(operation)
        if let odd = text.signatures(group: view.group).first(where: { !$0.isValid }) {
            return
                "the signature of \(odd.administrator) is not one of this operation: it was changed after it was signed, or signed for "
                + "something else"
        }
        if let done = viewMade(by: operation) { return "this very operation was done before: it made view \(done)" }
        if case .access = operation.operation, operation.number <= view.lastOperation {
            return
                "operation \(operation.number) was done before, this one or another: the next one has the number "
                + "\(view.lastOperation.next) (martlet status tells whom the group serves)"
        }
        do throws(ViewError) {
            _ = try view.successor(operation)
            return nil
        } catch {
            return error.description
        }
    }

    /// The view that it has made; nil also where views do not tell, as of operations on clients: what those change is not in them.
    func viewMade(by operation: Reconfiguration) -> ViewNumber? {
        if case .access = operation.operation { return nil }
        for (former, next) in zip(views, views.dropFirst()) where next.lastOperation == operation.number {
            guard former.lastOperation < operation.number else { continue }
            do throws(ViewError) {
                if try former.successor(operation) == next { return next.number }
            } catch {
                // Another one was done under that number.
                return nil
            }
        }
        return nil
    }

    /// Orders it, and returns the number of the view that follows. Throws with the reason when it is refused, here or by the group.
    func order(_ operation: Reconfiguration) async throws -> ViewNumber {
        if let complaint = complaint(about: operation) { throw CommandFailure("refused: \(complaint)") }
        let client = try access.client(deadline: limit)
        client.start()
        let outcome = try await client.openSession().execute(operation)
        await client.close()
        let result = try outcome.get()
        guard let number = UInt64(String(decoding: result, as: UTF8.self)) else {
            throw CommandFailure("the group's answer is no number of a view: \(PrintableBytes.shown(result))")
        }
        return ViewNumber(number)
    }
}
