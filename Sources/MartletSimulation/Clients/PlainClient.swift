// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// A client written by hand, until the library's own core is driven here.
package final class PlainClient: ClientActor {
    private struct Pending {
        let id: OperationID
        let operation: Operation
        let request: Request
        var replies: [(body: ReplyBody, voters: ReplicaSet)] = []
    }

    package let isHonest = true
    package private(set) var deadline: Instant? = .zero
    package var isDone: Bool { isFinished && pending.isEmpty }

    private let client: Int
    private let plan: ClientPlan
    private let id: ClientID
    private let view: View
    private let until: Instant
    private let encode: (Operation) -> Bytes
    private var workload: Workload
    private var random: SeededRandom
    private var session: SessionID?
    private var opening: Pending?
    private var pending: [Pending] = []
    private var started = 0
    private var isFinished = false
    private var nextCall = Instant.zero
    private var retryAt = Instant.distantFuture

    package init(
        client: Int, plan: ClientPlan, id: ClientID, view: View, until: Instant, workload: Workload,
        encode: @escaping (Operation) -> Bytes, random: SeededRandom
    ) {
        self.client = client
        self.plan = plan
        self.id = id
        self.view = view
        self.until = until
        self.workload = workload
        self.encode = encode
        self.random = random
    }

    package func wake(at now: Instant, into output: inout ClientOutput) {
        if session == nil, opening == nil {
            let request = Request(
                id: RequestID(client: id, session: .none, sequence: SequenceNumber(1)), kind: .open,
                repliesKeptFrom: SequenceNumber(0), payload: [])
            opening = Pending(id: OperationID(client: client, number: -1), operation: .get(key: 0), request: request)
            send(request, at: now, into: &output)
        }
        if retryAt <= now {
            if let opening { send(opening.request, at: now, into: &output) }
            for call in pending { send(call.request, at: now, into: &output) }
        }
        while let session, !isFinished, nextCall <= now, hasRoom {
            call(session, at: now, into: &output)
        }
        schedule(at: now)
    }

    private func call(_ session: SessionID, at now: Instant, into output: inout ClientOutput) {
        started += 1
        let operation = workload.next()
        let kept = pending.map(\.request.id.sequence).min() ?? SequenceNumber(UInt64(started))
        let request = Request(
            id: RequestID(client: id, session: session, sequence: SequenceNumber(UInt64(started))),
            kind: operation.isRead ? .orderedRead : .operation, repliesKeptFrom: kept, payload: encode(operation))
        let call = Pending(id: OperationID(client: client, number: started), operation: operation, request: request)
        pending.append(call)
        output.reports.append(.invoked(call.id, operation))
        send(request, at: now, into: &output)
        nextCall = now + random.interval(upTo: plan.thinkMax)
        isFinished = started >= plan.operationsMax || (started >= plan.operationsMin && now >= until)
    }

    private func send(_ request: Request, at now: Instant, into output: inout ClientOutput) {
        for place in 0..<view.n {
            output.sends.append(
                (ReplicaIndex(place), .requests(RequestBundle(requests: [request], signature: nil))))
        }
        retryAt = now + .milliseconds(60)
    }

    private var hasRoom: Bool {
        let lowest = pending.map(\.request.id.sequence.rawValue).min() ?? UInt64(started + 1)
        return pending.count < plan.pipeline
            && UInt64(started + 1) < lowest + UInt64(view.settings.pipelineMax)
    }

    private func schedule(at now: Instant) {
        deadline = nil
        if opening != nil || !pending.isEmpty { deadline = retryAt }
        if session != nil, !isFinished, hasRoom {
            deadline = min(deadline ?? .distantFuture, max(now, nextCall))
        }
    }

    package func receive(
        _ message: ReplicaToClientMessage, from replica: ReplicaIndex, at now: Instant,
        into output: inout ClientOutput
    ) {
        guard case .reply(let reply) = message else { return }
        if reply.request == opening?.request.id, let body = count(reply, replica, in: &opening) {
            guard case .opened(let session) = body else { return }
            self.session = session
            opening = nil
        }
        guard let place = pending.firstIndex(where: { $0.request.id == reply.request }) else {
            return wake(at: now, into: &output)
        }
        var call: Pending? = pending[place]
        let body = count(reply, replica, in: &call)
        if let call { pending[place] = call }
        if let body {
            let call = pending.remove(at: place)
            if case .result(let bytes) = body {
                output.reports.append(
                    .completed(call.id, RegisterCodec.outcome(of: bytes), request: call.request.id))
            } else {
                output.reports.append(.unknown(call.id, reason: "\(body)"))
            }
        }
        wake(at: now, into: &output)
    }

    private func count(_ reply: Reply, _ replica: ReplicaIndex, in call: inout Pending?) -> ReplyBody? {
        guard call != nil else { return nil }
        var place = call?.replies.firstIndex { $0.body == reply.body }
        if place == nil {
            call?.replies.append((reply.body, ReplicaSet()))
            place = (call?.replies.count ?? 1) - 1
        }
        guard let place else { return nil }
        call?.replies[place].voters.insert(replica)
        guard let voters = call?.replies[place].voters, view.isQuorum(voters) else { return nil }
        return reply.body
    }
}
