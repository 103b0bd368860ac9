// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Requests: from clients, and passed on by replicas (protocol §4).
extension ReplicaCore {
    /// So many bytes of bodies go into one message at most.
    static var forwardBytesMax: Int { 1 << 20 }
    /// So many requests are named in one message at most.
    static var entriesMax: Int { 1_024 }

    mutating func onRequests(_ requests: [AdmittedRequest], from sender: Principal, into effects: inout Effects) {
        guard case .client(let client) = sender else { return }
        for request in requests { onRequest(request, from: client, into: &effects) }
    }

    private mutating func onRequest(_ request: AdmittedRequest, from client: ClientID, into effects: inout Effects) {
        guard request.id.client == client else { return }
        switch sessions.standing(of: request.request, decided: decided) {
        case .ordered: effects.executions.append(.resend(request.id))
        case .opened(let session): effects.executions.append(.tellOpened(session, request.id))
        case .tooOld: refuse(request.id, .sequenceTooOld, into: &effects)
        case .sessionUnknown: refuse(request.id, .sessionUnknown, into: &effects)
        case .accessDenied: refuse(request.id, reasonToDeny, into: &effects)
        case .new:
            switch pool.add(request, at: now.monotonic) {
            case .added, .known:
                if strict.isOn, request.proof == nil, view.faultModel == .byzantine {
                    pool.noteAsked(request.id)
                    refuse(request.id, .signatureRequired, into: &effects)
                }
                noteArrival(of: request.id)
            case .conflicting: refuse(request.id, .conflicting, into: &effects)
            case .full: refuse(request.id, .overloaded, into: &effects)
            case .outdated: refuse(request.id, .viewEnded, into: &effects)
            }
        }
    }

    func refuse(_ id: RequestID, _ reason: RefusalReason, into effects: inout Effects) {
        guard mode == .voter else { return }
        let refusal = ClientRefusal(client: id.client, refusal: Refusal(request: id, reason: reason))
        if reason == .accessDenied {
            effects.executions.append(.refuse(refusal))
        } else {
            effects.refusals.append(refusal)
        }
    }

    mutating func onForwarded(_ forwards: [AdmittedForward], from member: ReplicaIndex) {
        for forward in forwards {
            guard sessions.standing(of: forward.admitted.request, decided: decided) == .new else { continue }
            // Only what its author has signed displaces anything.
            guard forward.admitted.proof == nil || makeRoom(for: forward.admitted.request) else { continue }
            if pool.hear(forward, from: member, at: now.monotonic) {
                vouchesToSend.append(BatchEntry(id: forward.admitted.id, digest: forward.admitted.digest))
            }
            noteArrival(of: forward.admitted.id)
        }
    }

    mutating func onVouches(_ vouches: Vouches, from member: ReplicaIndex) {
        for entry in vouches.entries where !sessions.isVoid(entry.id, decided: decided) {
            pool.vouch(entry, by: member)
            if pool.adopt(entry, at: now.monotonic) { vouchesToSend.append(entry) }
            noteArrival(of: entry.id)
        }
    }

    mutating func onFetchRequests(_ fetch: FetchRequests, from member: ReplicaIndex, into effects: inout Effects) {
        guard serving.allows(member, at: now.monotonic) else { return }
        var forwards: [ForwardedRequest] = []
        var size = 0
        for entry in fetch.entries where size < Self.forwardBytesMax {
            guard let forward = pool.forward(entry) else { continue }
            size += forward.request.payload.count + 128 + 32 * (forward.proof?.digests.count ?? 0)
            forwards.append(forward)
        }
        serving.note(size, to: member, at: now.monotonic)
        if !forwards.isEmpty { send(.forwarded(forwards), to: member, into: &effects) }
    }

    mutating func flushSignedLate(into effects: inout Effects) {
        guard mode == .voter else { return }
        let forwards = pool.takeSignedLate(at: now.monotonic, forwardBytesMax: Self.forwardBytesMax)
        if !forwards.isEmpty { effects.sends.append(Send(.forwarded(forwards), to: .others)) }
    }

    mutating func flushVouches(into effects: inout Effects) {
        guard !vouchesToSend.isEmpty else { return }
        var rest = vouchesToSend[...]
        while mode == .voter, !rest.isEmpty {
            effects.sends.append(Send(.vouches(Vouches(entries: Array(rest.prefix(Self.entriesMax)))), to: .others))
            rest = rest.dropFirst(Self.entriesMax)
        }
        vouchesToSend.removeAll(keepingCapacity: true)
    }

    // MARK: What proposals lack

    mutating func noteArrival(of id: RequestID) {
        guard !wantedRequests.isEmpty, wantedRequests.contains(id) else { return }
        wantedRequests.remove(id)
        isResolvingDue = true
    }

    /// What proposals lack is to be found out anew: some of them do not run any more.
    mutating func forgetWantedRequests() {
        guard !wantedRequests.isEmpty else { return }
        wantedRequests.removeAll(keepingCapacity: true)
        isResolvingDue = true
    }

    /// Looks again for bodies and vouches that running proposals lack.
    mutating func resolveRunning() {
        guard isResolvingDue else { return }
        isResolvingDue = false
        var instance = decided.next
        while instance < window.end, instance <= keepLimit {
            if let digest = window[instance].proposed?.digest { resolve(instance, digest) }
            instance = instance.next
        }
    }

    /// Fills in what the pool knows of a batch's requests.
    mutating func resolve(_ instance: Instance, _ digest: Digest) {
        guard let place = window[instance].batches.firstIndex(where: { $0.digest == digest }),
            window[instance].batches[place].missing > 0 || window[instance].batches[place].unproven > 0
        else { return }
        // Only a proposal is looked at again when a request arrives.
        let isProposed = window[instance].proposed?.digest == digest
        var known = window[instance].batches[place]
        window[instance].batches[place].bodies = []
        known.unproven = 0
        for (index, entry) in known.batch.entries.enumerated() {
            // What will not be executed is nobody's word, and its content does not matter.
            let isVoid = sessions.isVoid(entry.id, in: instance, decided: decided)
            switch pool.find(entry) {
            case .authentic(let request): known.take(request, at: index)
            case .unproven(let request) where isVoid: known.take(request, at: index)
            case .missing where isVoid: known.standIn(at: index)
            case .unproven(let request):
                known.take(request, at: index)
                known.unproven += 1
                if isProposed { wantedRequests.insert(entry.id) }
            case .missing:
                known.unproven += 1
                if isProposed { wantedRequests.insert(entry.id) }
            }
        }
        window[instance].batches[place] = known
        if known.unproven > 0, missingDeadline == nil {
            missingDeadline = now.monotonic + configuration.timeouts.missingRequest
        }
    }

    /// Asks all others for the bodies and vouches that running proposals still lack.
    mutating func askForMissingRequests(into effects: inout Effects) {
        missingDeadline = nil
        guard mode == .voter else { return }
        var instance = decided.next
        while instance < window.end, instance <= keepLimit {
            defer { instance = instance.next }
            guard let digest = window[instance].proposed?.digest, let known = window[instance].batch(digest),
                known.unproven > 0, window[instance].wrote?.regency != regency
            else { continue }
            let lacking = known.batch.entries.filter {
                if case .authentic = pool.find($0) { return false }
                return !sessions.isVoid($0.id, in: instance, decided: decided)
            }
            guard !lacking.isEmpty else { continue }
            effects.notices.append(.requestsMissing(instance, count: lacking.count))
            watch.noteLack()
            let asked = Array(lacking.prefix(Self.entriesMax))
            effects.sends.append(Send(.fetchRequests(FetchRequests(entries: asked)), to: .others))
            missingDeadline = now.monotonic + configuration.timeouts.resend
        }
        if missingDeadline == nil { wantedRequests.removeAll() }
    }
}
