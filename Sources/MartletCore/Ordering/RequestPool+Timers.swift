// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// The two stages of a request's timer (protocol §6): first it is forwarded to all, then, if it is signed, the regency ends.
/// Whoever gets a signed request can show it to everyone. Of an unsigned one the others may never know, whoever vouches for
/// it to whom: liars in league with a client would end one regency after the other. Where nobody lies (`crash` mode) all
/// believe each other.
extension RequestPool {
    /// What cannot end a regency is dropped after so many second stages; its client sends it again, and signs it.
    static let roundsMax = 8
    /// So many requests of one client wait for a signature at a time, and so many bytes.
    static let awaitingMax = 256
    private var awaitingBytesMax: Int { 2 * max(view.settings.clientShare.bytes, view.settings.requestBytesMax) }
    /// So often a request begins its first stage anew, because as many others of its client wait for a signature.
    static let restartsMax = 4

    package struct Expiry: Sendable {
        /// To be sent to everyone now.
        package var forwards: [ForwardedRequest] = []
        /// Their clients are to sign them.
        package var unsigned: [RequestID] = []
        /// A signed request stayed unordered for both stages.
        package var isRegencyOver = false
    }

    package func nextExpiry(timeout: Interval) -> Instant? {
        var earliest: Instant?
        for list in [firstStage, secondStage] {
            guard let place = list.first, let slot = slots[place] else { continue }
            earliest = min(earliest ?? .distantFuture, slot.since + timeout)
        }
        return earliest
    }

    /// What is not `.new` any more, ordered or of a session that turned out not to exist, just goes.
    package mutating func expire(
        at now: Instant, timeout: Interval, forwardBytesMax: Int, sessions: SessionTable
    ) -> Expiry {
        var expiry = Expiry()
        var size = 0
        for list in [\Self.secondStage, \Self.firstStage] {
            var rotations = self[keyPath: list].count
            while rotations > 0, let place = self[keyPath: list].first, let slot = slots[place],
                slot.since + timeout <= now, size < forwardBytesMax
            {
                rotations -= 1
                if sessions.standing(of: slot.request.request, decided: decided) != .new {
                    remove(slot.request.id)
                } else if slot.isSecondStage {
                    expireAgain(place, slot, at: now, &expiry, &size)
                } else {
                    expireFirst(place, slot, at: now, &expiry, &size)
                }
            }
        }
        return expiry
    }

    /// While as much else of its client waits for a signature, what is not signed begins the first stage anew, though not for
    /// ever: that much tells enough of a leader, and where too little is ordered in time, all that waits, signed and passed on
    /// by all to all, would make it less. Nor is it passed on then before it is signed: whoever signs nothing could have all
    /// that it pours in copied by all to all.
    private mutating func expireFirst(
        _ place: Int, _ slot: Slot, at now: Instant, _ expiry: inout Expiry, _ size: inout Int
    ) {
        let isToBeSigned = !isBelieved(slot) && !slot.isHearsay
        let muchIsOwed = isToBeSigned && owesMuch(besides: slot)
        if muchIsOwed, slot.restarts < Self.restartsMax {
            slots[place]?.restarts += 1
            return restartTimer(place, at: now)
        }
        if !muchIsOwed, !slot.isHearsay || canEndRegency(slot) { pass(on: place, in: &expiry, &size) }
        if isToBeSigned, !slot.awaitsSignature {
            expiry.unsigned.append(slot.request.id)
            noteAsked(slot.request.id)
        }
        firstStage.remove(place, links: &timerLinks)
        slots[place]?.isSecondStage = true
        slots[place]?.since = now
        secondStage.append(place, links: &timerLinks)
    }

    private func owesMuch(besides slot: Slot) -> Bool {
        var others = lanes[slot.lane].awaiting
        if slot.awaitsSignature {
            others.requests -= 1
            others.bytes -= slot.request.request.payload.count
        }
        return others.requests >= Self.awaitingMax || others.bytes >= awaitingBytesMax
    }

    /// What cannot end a regency does not stay for long; its client sends again what it still wants. What is known by the
    /// others' word alone is theirs to pass on, unless a regency ends for it: or else what one drops would come back with
    /// what another passes on, without end. What is not signed is passed on once: its client, which was asked, signs it, and
    /// whatever it sends again is signed. A leader must have been given a request before it can be to blame for it.
    private mutating func expireAgain(
        _ place: Int, _ slot: Slot, at now: Instant, _ expiry: inout Expiry, _ size: inout Int
    ) {
        let canEndRegency = canEndRegency(slot)
        guard canEndRegency || slot.rounds < Self.roundsMax else {
            remove(slot.request.id)
            return
        }
        let round = slot.rounds + 1
        if canEndRegency, !slot.isShown {
            pass(on: place, in: &expiry, &size)
        } else {
            if canEndRegency { expiry.isRegencyOver = true }
            if isForwardedAgain(in: round), canEndRegency || !slot.isHearsay && isBelieved(slot) {
                pass(on: place, in: &expiry, &size)
            }
        }
        slots[place]?.rounds = round
        restartTimer(place, at: now)
    }

    /// A request of a session that is not known here yet ends no regency: perhaps it never will be, or this replica is
    /// behind.
    private func canEndRegency(_ slot: Slot) -> Bool {
        isBelieved(slot) && slot.request.id.session.instance <= decided
    }

    private mutating func pass(on place: Int, in expiry: inout Expiry, _ size: inout Int) {
        guard let slot = slots[place] else { return }
        if canEndRegency(slot) { slots[place]?.isShown = true }
        if let late = signedLate.firstIndex(of: place) { signedLate.remove(at: late) }
        size += forwardSize(slot)
        expiry.forwards.append(forwarded(slot))
    }

    /// Its client is asked to sign it. What came from others only is not counted: nobody is to be read from without bounds
    /// for that.
    package mutating func noteAsked(_ id: RequestID) {
        guard let place = place(of: id), let slot = slots[place], !slot.awaitsSignature, !slot.isHearsay,
            !isBelieved(slot)
        else { return }
        slots[place]?.awaitsSignature = true
        noteAwaiting(slot, by: 1)
    }

    /// A new regency restarts every timer, each at the stage it has reached. What was not forwarded yet keeps its first
    /// stage: the new leader may not have got it, and two expiries must not fall into one, as they would where the others
    /// vouched for it meanwhile.
    package mutating func restartTimers(at now: Instant) {
        for list in [firstStage, secondStage] {
            var place = list.first
            while let candidate = place {
                slots[candidate]?.since = now
                place = list.next(after: candidate, links: timerLinks)
            }
        }
    }

    /// Whether everyone who is handed it believes that it is its client's.
    func isBelieved(_ slot: Slot) -> Bool { slot.isSigned || view.faultModel == .crash }

    /// The others may have got it without: what comes signed after it was forwarded is forwarded again at once, and the leader
    /// has the whole second stage from there.
    mutating func sign(_ place: Int, _ request: AdmittedRequest, at now: Instant) {
        guard let before = slots[place] else { return }
        let isWaiting = before.proposedIn == .zero
        if isWaiting { dequeue(place) }
        if before.awaitsSignature { noteAwaiting(before, by: -1) }
        slots[place]?.awaitsSignature = false
        slots[place]?.isSigned = true
        slots[place]?.request = request
        if isWaiting { enqueue(place) }
        guard before.isSecondStage else { return }
        restartTimer(place, at: now)
        signedLate.append(place)
    }

    package var hasSignedLate: Bool { !signedLate.isEmpty }

    /// What `sign` has put aside, within so many bytes; the rest waits for the next call, and its time begins then.
    package mutating func takeSignedLate(at now: Instant, forwardBytesMax: Int) -> [ForwardedRequest] {
        guard !signedLate.isEmpty else { return [] }
        var size = 0
        let due = signedLate.prefix { place in
            defer { size += slots[place].map(forwardSize) ?? 0 }
            return size < forwardBytesMax
        }
        signedLate.removeFirst(due.count)
        for place in due {
            if let slot = slots[place], canEndRegency(slot) { slots[place]?.isShown = true }
            restartTimer(place, at: now)
        }
        return due.compactMap { slots[$0].map(forwarded) }
    }

    /// Begins the same stage anew.
    private mutating func restartTimer(_ place: Int, at now: Instant) {
        guard let isSecondStage = slots[place]?.isSecondStage else { return }
        slots[place]?.since = now
        if isSecondStage {
            secondStage.remove(place, links: &timerLinks)
            secondStage.append(place, links: &timerLinks)
        } else {
            firstStage.remove(place, links: &timerLinks)
            firstStage.append(place, links: &timerLinks)
        }
    }

    /// Its client itself has sent what only others had told of: it goes through both stages from here, as any such.
    mutating func noteSentItself(_ place: Int, at now: Instant) {
        guard let slot = slots[place], slot.isHearsay else { return }
        slots[place]?.isHearsay = false
        noteHearsay(slot, by: -1)
        guard slot.isSecondStage, !isBelieved(slot) else { return }
        secondStage.remove(place, links: &timerLinks)
        slots[place]?.isSecondStage = false
        slots[place]?.since = now
        slots[place]?.rounds = 0
        firstStage.append(place, links: &timerLinks)
    }

    /// At the first, second, fourth, eighth … expiry of the second stage: all that waits, sent again and again, would fill
    /// narrow links and keep what ends the waiting from arriving.
    private func isForwardedAgain(in round: Int) -> Bool { round & (round - 1) == 0 }

    /// In bytes, roughly: with the digests that a signature covers.
    private func forwardSize(_ slot: Slot) -> Int {
        slot.request.request.payload.count + 128 + (slot.request.proof.map { 96 + 32 * $0.digests.count } ?? 0)
    }

    private func forwarded(_ slot: Slot) -> ForwardedRequest {
        ForwardedRequest(request: slot.request.request, isVouched: true, proof: slot.request.proof)
    }
}
