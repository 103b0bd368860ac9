// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// The client's side of protocol §4 as one value: what is sent to whom and when, which replies are enough, and what
/// became of each call. No clock, no bytes, no keys, no sockets.
///
/// A call ends exactly once, in one of three outcomes (`Outcome`). It waits until its session is open, its session's
/// pipeline has room and some replica can be reached; from then on it counts as sent.
package struct ClientCore: ~Copyable {
    var configuration: ClientCoreConfiguration
    var rule: AcceptanceRule
    /// By position.
    var memberIDs: [ReplicaID]
    var now = Instant.zero
    var isStarted = false
    var isClosed = false

    var links: LinkStates
    var signing: SigningDemand
    var sessions: [ClientSessionState] = []
    var handles = SessionIndex()
    var openings: Openings

    /// Calls and openings, in slots that are used again.
    var calls: [PendingCall] = []
    var freeSlots: [Int] = []
    /// Without openings.
    var unfinishedCalls = 0
    /// Keys: a slot + 1, and 0 for the notice of what is being waited for.
    var timers = TimerHeap()
    var orderedWait: AdaptiveWait
    var readWait: AdaptiveWait
    var nextWarning: Interval

    package init(configuration: ClientCoreConfiguration) {
        let view = configuration.view
        self.configuration = configuration
        rule = AcceptanceRule(view: view)
        memberIDs = view.members.map(\.id)
        links = LinkStates(view: view)
        signing = SigningDemand(isAlways: configuration.signsAlways, lasts: configuration.signingLasts)
        openings = Openings(base: configuration.openingNumberBase, concurrentMax: configuration.openingsMax)
        orderedWait = AdaptiveWait(min: configuration.retryMin, max: configuration.retryMax, seed: configuration.seed)
        readWait = AdaptiveWait(
            min: configuration.readFallbackMin, max: configuration.readFallbackMax, seed: configuration.seed)
        nextWarning = configuration.warnAfter
    }

    /// Takes one event. `now` must not go back; a driver that has many events hands them in one after the other with the
    /// same effects.
    package mutating func step(_ event: consuming ClientEvent, at now: Instant, into effects: inout ClientEffects) {
        self.now = max(self.now, now)
        if !isStarted {
            isStarted = true
            links.begin(at: now)
        }
        switch event {
        case .call(let call): submit(call, &effects)
        case .message(let message): onMessage(message, &effects)
        case .open(let handle): open(handle, &effects)
        case .linkUp(let replica, let newestView): onLinkUp(replica, newestView, &effects)
        case .linkDown(let replica): onLinkDown(replica)
        case .linkDenied(let replica): onLinkDenied(replica, &effects)
        case .deadline: onDeadline(&effects)
        case .close: close(&effects)
        }
    }

    /// When to step `.deadline` next; nil when nothing is timed.
    package var nextDeadline: Instant? { timers.earliest }

    /// How many calls are not finished.
    package var unfinishedCallCount: Int { unfinishedCalls }

    /// The newest view that is proved: positions in effects are those of its members.
    package var view: View { configuration.view }

    /// Whom to keep links to: the members by position, and then former ones that may still know the way to the newest view.
    package var audience: [Member] { links.audience }

    // MARK: Messages

    /// What does not come from a member, or is not about something awaited, is dropped: it was answered already, or a
    /// liar made it up. Views are proved, so that former members may tell of them too.
    private mutating func onMessage(_ verified: Verified<ReplicaToClientMessage>, _ effects: inout ClientEffects) {
        guard !isClosed, case .replica(let id) = verified.sender else { return }
        if case .views(let part) = verified.message, links.contains(id) { return onViews(part, from: id, &effects) }
        guard let replica = configuration.view.index(of: id) else { return }
        switch verified.message {
        case .reply(let reply): onReply(reply, from: replica, &effects)
        case .readReply(let reply): onReadReply(reply, from: replica, &effects)
        case .refusal(let refusal): onRefusal(refusal, from: replica, &effects)
        case .receipt(let share): onReceiptShare(share, from: replica, &effects)
        case .views, .status, .adaptation: break
        }
    }
}
