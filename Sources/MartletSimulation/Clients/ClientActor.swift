// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletClientCore
package import MartletTypes

/// What a client wants sent, and what it tells the checkers.
package struct ClientOutput {
    package enum Report: Sendable {
        case invoked(OperationID, Operation)
        /// The outcome that the client accepted; where it came through consensus, by which request.
        /// `reliesOn`: the result is of that instance, which may not be decided anywhere yet.
        case completed(OperationID, ServiceAnswer, request: RequestID?, reliesOn: Instance?)
        /// The receipt, of a request with that result, that it wanted; nil when it got none.
        case receipted(OperationID, ReceiptEvidence?, result: Bytes)
        /// The client has waited as long as it would. What it called may take effect at any time from then on, or never.
        case gaveUp(OperationID)
        /// The client cannot know; allowed only where its own rules say so.
        case unknown(OperationID, reason: String)
        /// An administrator's operation is done.
        case changed(ChangePlan)
        case operation(OperationDeed)
    }

    package var sends: [(receiver: ReplicaID, message: ClientMessage)] = []
    package var reports: [Report] = []

    package init() {}
}

/// What becomes of administrators' operations on the way.
package enum OperationDeed: String, Hashable, Sendable, CaseIterable {
    case refusedByNumber = "operation refused because of its number"
    case renumbered = "operation made anew with the next number"
    case repeated = "operation repeated in vain"
    case givenUp = "operation given up"
    case underSigned = "operation signed by too few"
}

/// Names an operation in its client's history.
package struct OperationID: Hashable, Sendable {
    package let client: Int
    package let number: Int

    package init(client: Int, number: Int) {
        self.client = client
        self.number = number
    }
}

/// A client of a world, honest or not.
package protocol ClientActor: AnyObject {
    /// When it wants to be woken; nil for never.
    var deadline: Instant? { get }
    /// It has nothing more to ask and waits for nothing. A client that means harm is always done.
    var isDone: Bool { get }
    var isHonest: Bool { get }
    func wake(at now: Instant, into output: inout ClientOutput)
    func receive(
        _ message: ReplicaToClientMessage, from replica: ReplicaID, at now: Instant, into output: inout ClientOutput)
    /// Its connection to that replica broke or is there again.
    func linkChanged(to replica: ReplicaID, _ link: ClientLink, at now: Instant, into output: inout ClientOutput)
}
