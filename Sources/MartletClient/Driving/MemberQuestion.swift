// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTransport
import MartletTypes
import MartletWire
import Synchronization

/// An answer, by whom, and the view that it is about.
struct Told<Value: Sendable>: Sendable {
    let value: Value
    let replica: ReplicaID
    let view: ViewNumber
}

/// The question to one replica; the first answer counts. Views that it is ahead are asked for first, and it again then, so that who
/// asks knows the view that the answer is about, and whom else to ask.
final class MemberQuestion<Value: Sendable>: Sendable {
    typealias Answer = MemberAnswer<Value>.Answer

    private struct State {
        var link: PeerLink?
        var asked: Instant?
        var answer: Answer?
        var waiting: CheckedContinuation<Answer, Never>?
        /// The newest view when it was last asked.
        var newest: ViewNumber?
        /// The newest that it said to know when the link came up.
        var known = ViewNumber.genesis
    }

    private let member: Member
    private let query: ClientMessage
    private let verifier: ReplyVerifier<Ed25519Scheme>
    private let reading: @Sendable (ReplicaToClientMessage) -> Told<Value>?
    private let state = Mutex(State())

    init(
        member: Member, query: ClientMessage, verifier: ReplyVerifier<Ed25519Scheme>,
        reading: @escaping @Sendable (ReplicaToClientMessage) -> Told<Value>?
    ) {
        self.member = member
        self.query = query
        self.verifier = verifier
        self.reading = reading
    }

    func begin(with link: PeerLink) {
        state.withLock { $0.link = link }
        link.start()
    }

    func answer() async -> Answer {
        await withCheckedContinuation { continuation in
            let known = state.withLock { state in
                if state.answer == nil { state.waiting = continuation }
                return state.answer
            }
            if let known { continuation.resume(returning: known) }
        }
    }

    func linkChanged(to linkState: PeerLinkState) {
        switch linkState {
        case .connected(let view):
            state.withLock { $0.known = view }
            ask()
        case .refused, .failed:
            end(.unreachable("\(linkState)"))
        case .connecting, .closed:
            break
        }
    }

    private func ask() {
        let newest = verifier.newestView.number
        let link = state.withLock { state in
            if state.asked == nil { state.asked = ClientEngine.now }
            state.newest = newest
            return state.link
        }
        link?.send([ClientMessage.fetchViews(FetchViews(after: newest)).encoded(), query.encoded()])
    }

    func received(_ batch: FrameBatch) {
        batch.forEach { span in
            do {
                let message = try ReplicaToClientMessage(decoding: span)
                let verified = try verifier.verify(message, from: member.id)
                if let told = reading(verified.message) { take(told) }
            } catch VerificationError.wrongView {
                // A view has just begun, which all are told of. What lies between is asked for already.
                return
            } catch {
                end(.unreachable("its answer makes no sense: \(error)"))
            }
        }
    }

    private func take(_ told: Told<Value>) {
        guard told.replica == member.id else { return end(.unreachable("it calls itself replica \(told.replica)")) }
        let (asked, newest, itsNewest) = state.withLock {
            ($0.asked ?? ClientEngine.now, $0.newest ?? .genesis, max($0.known, told.view))
        }
        // Ahead of what is known, and it has just told more: there may be more still.
        let known = verifier.newestView.number
        if itsNewest > known, known > newest { return ask() }
        end(.value(told.value, roundTrip: ClientEngine.now.since(asked)))
    }

    func timeIsUp() {
        let wasAsked = state.withLock { $0.asked != nil }
        end(.unreachable(wasAsked ? "connected, but it does not answer" : "no connection in time"))
    }

    private func end(_ answer: Answer) {
        let waiting = state.withLock { state -> CheckedContinuation<Answer, Never>? in
            guard state.answer == nil else { return nil }
            state.answer = answer
            state.link = nil
            return state.waiting
        }
        waiting?.resume(returning: answer)
    }
}
