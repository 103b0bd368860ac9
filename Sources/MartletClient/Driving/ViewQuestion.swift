// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTransport
import MartletTypes
import Synchronization

/// The question to a guide for the newest view, again and again until it tells nothing new.
final class ViewQuestion: Sendable {
    private struct State {
        var link: PeerLink?
        var isOver = false
        var waiting: CheckedContinuation<Void, Never>?
        /// The newest view that it said to know when the link came up.
        var newest = ViewNumber.genesis
        /// The newest that was known when it was last asked.
        var known = ViewNumber.genesis
    }

    private let verifier: ReplyVerifier<Ed25519Scheme>
    private let state = Mutex(State())

    init(verifier: ReplyVerifier<Ed25519Scheme>) { self.verifier = verifier }

    func begin(with link: PeerLink) {
        state.withLock { $0.link = link }
        link.start()
    }

    /// Returns when it has told what it knows, cannot be reached, or the time is up. To be called once.
    func wait() async {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if !state.isOver { state.waiting = continuation }
                return state.isOver
            }
            if isOver { continuation.resume() }
        }
    }

    func linkChanged(to linkState: PeerLinkState) {
        switch linkState {
        case .connected(let newest):
            state.withLock { $0.newest = newest }
            ask()
        case .refused, .failed: end()
        case .connecting, .closed: break
        }
    }

    /// Others may have told meanwhile what it was asked for.
    private func ask() {
        let known = verifier.newestView.number
        let (link, isAhead) = state.withLock { state in
            state.known = known
            return (state.link, state.newest > known)
        }
        guard isAhead else { return end() }
        link?.send([ViewGuide.question(after: known)])
    }

    func received(_ batch: FrameBatch) {
        batch.forEach { span in
            do {
                guard try ViewGuide.views(in: span, verifier) != nil else { return }
                if verifier.newestView.number > state.withLock({ $0.known }) { ask() } else { end() }
            } catch VerificationError.wrongView {
                // A view has just begun, which all are told of. What lies between is asked for already.
                return
            } catch {
                end()
            }
        }
    }

    /// To be called when the time is up.
    func end() {
        let waiting = state.withLock { state -> CheckedContinuation<Void, Never>? in
            defer {
                state.isOver = true
                state.link = nil
                state.waiting = nil
            }
            return state.waiting
        }
        waiting?.resume()
    }
}
