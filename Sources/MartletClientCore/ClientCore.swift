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
    let memberIDs: [ReplicaID]
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
    /// By position: when the replica was last asked for the views that follow.
    var viewsAsked: [Instant?]

    package init(configuration: ClientCoreConfiguration) {
        let view = configuration.view
        self.configuration = configuration
        rule = AcceptanceRule(view: view)
        memberIDs = view.members.map(\.id)
        links = LinkStates(n: view.n)
        signing = SigningDemand(isAlways: configuration.signsAlways, lasts: configuration.signingLasts)
        openings = Openings(base: configuration.openingNumberBase, concurrentMax: configuration.openingsMax)
        orderedWait = AdaptiveWait(min: configuration.retryMin, max: configuration.retryMax, seed: configuration.seed)
        readWait = AdaptiveWait(
            min: configuration.readFallbackMin, max: configuration.readFallbackMax, seed: configuration.seed)
        nextWarning = configuration.warnAfter
        viewsAsked = Array(repeating: nil, count: view.n)
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
        case .linkUp(let replica): onLinkUp(replica, &effects)
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

    // MARK: Messages

    /// What does not come from a member, or is not about something awaited, is dropped: it was answered already, or a
    /// liar made it up.
    private mutating func onMessage(_ verified: Verified<ReplicaToClientMessage>, _ effects: inout ClientEffects) {
        guard !isClosed, case .replica(let id) = verified.sender, let replica = configuration.view.index(of: id) else {
            return
        }
        switch verified.message {
        case .reply(let reply): onReply(reply, from: replica, &effects)
        case .readReply(let reply): onReadReply(reply, from: replica, &effects)
        case .refusal(let refusal): onRefusal(refusal, from: replica, &effects)
        case .views(let part): onViews(part, from: replica, &effects)
        case .receipt(let share): onReceiptShare(share, from: replica, &effects)
        case .status, .adaptation: break
        }
    }
}
