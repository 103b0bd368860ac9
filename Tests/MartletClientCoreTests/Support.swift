// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletClientCore

/// A client core with four replicas' worth of levers. Time moves only when told.
final class Rig {
    var core: ClientCore
    var effects = ClientEffects()
    var now = Instant.zero + .seconds(100)
    let view: View
    let client: ClientID
    private var nextCall: UInt64 = 1

    init(
        n: Int = 4, f: Int = 1, faultModel: FaultModel = .byzantine, unorderedReads: Bool = true, pipelineMax: Int = 8,
        configure: (inout ClientCoreConfiguration) -> Void = { _ in }
    ) {
        var settings = GroupSettings()
        settings.hasUnorderedReads = unorderedReads
        settings.pipelineMax = pipelineMax
        view = testView(n: n, f: f, faultModel: faultModel, settings: settings)
        client = ClientID(PublicKey(words: Words32(99, 0, 0, 0)))
        var configuration = ClientCoreConfiguration(view: view, client: client, openingNumberBase: 1_000)
        configure(&configuration)
        core = ClientCore(configuration: configuration)
    }

    // MARK: Doing

    func step(_ event: ClientEvent) { core.step(event, at: now, into: &effects) }

    func allUp() { for member in view.members { step(.linkUp(member.id)) } }

    @discardableResult
    func call(
        _ payload: Bytes = [1], kind: Call.Kind = .operation, session: UInt32 = 0, within: Interval? = nil
    ) -> CallID {
        let id = CallID(nextCall)
        nextCall += 1
        step(
            .call(
                Call(
                    id: id, session: SessionHandle(session), kind: kind, payload: payload,
                    deadline: within.map { now + $0 } ?? .distantFuture)))
        return id
    }

    func say(_ message: ReplicaToClientMessage, from replica: UInt16) {
        step(.message(Verified(message, sender: .replica(ReplicaID(replica)))))
    }

    func reply(
        _ request: Request, _ body: ReplyBody, from replicas: [UInt16], _ finality: Finality = .final,
        view: ViewNumber = .genesis
    ) {
        for replica in replicas {
            say(.reply(Reply(view: view, request: request.id, finality: finality, body: body)), from: replica)
        }
    }

    func answer(
        _ read: ReadRequest, _ result: Bytes, version: UInt64, from replicas: [UInt16], view: ViewNumber = .genesis
    ) {
        for replica in replicas {
            let reply = ReadReply(view: view, number: read.number, version: Instance(version), result: result)
            say(.readReply(reply), from: replica)
        }
    }

    func refuse(_ request: Request, _ reason: RefusalReason, from replicas: [UInt16]) {
        for replica in replicas { say(.refusal(Refusal(request: request.id, reason: reason)), from: replica) }
    }

    /// Lets time pass, with a step at each deadline.
    func pass(_ interval: Interval) {
        let end = now + interval
        while let due = core.nextDeadline, due <= end {
            now = max(now, due)
            step(.deadline)
        }
        now = end
    }

    /// All links up and session 0 open, named 5.`place`.
    func opened(session: UInt32 = 0, place: UInt32 = 0) -> SessionID {
        allUp()
        step(.open(SessionHandle(session)))
        let id = SessionID(instance: Instance(5), place: place)
        for request in takeRequests() where request.kind == .open { reply(request, .opened(id), from: [1, 2, 3]) }
        effects.sessionChanges.removeAll()
        return id
    }

    // MARK: Looking

    /// Takes all requests that were to be sent, to whomever.
    func takeRequests() -> [Request] {
        defer { effects.sends.removeAll() }
        return effects.sends.flatMap(\.requests)
    }

    func takeSends() -> [ClientSend] {
        defer { effects.sends.removeAll() }
        return effects.sends
    }

    func takeReads() -> [ClientRead] {
        defer { effects.reads.removeAll() }
        return effects.reads
    }

    func takeCompletions() -> [Completion] {
        defer { effects.completions.removeAll() }
        return effects.completions
    }

    func takeViewFetches() -> [ClientViewFetch] {
        defer { effects.viewFetches.removeAll() }
        return effects.viewFetches
    }

    func takeNotices() -> [ClientNotice] {
        defer { effects.notices.removeAll() }
        return effects.notices
    }

    func takeAudience() -> [UInt16]? {
        defer { effects.audience = nil }
        return effects.audience?.map(\.id.rawValue)
    }

    /// Whom the members at those places of the core's view are.
    func ids(_ set: ReplicaSet) -> [UInt16] { set.map { core.view[$0].id.rawValue } }

    func set(_ ids: UInt16...) -> ReplicaSet { ReplicaSet(ids.compactMap { view.index(of: ReplicaID($0)) }) }
}

/// By default at an address of its own and with a key of its own.
func testMember(_ id: UInt16, key: UInt64? = nil, port: Int? = nil) -> Member {
    Member(
        id: ReplicaID(id), key: PublicKey(words: Words32(key ?? UInt64(id), 0, 0, 0)), host: "localhost",
        port: port ?? 7000 + Int(id), isHeavy: false)
}

/// The proof of the next view, unsigned: it has these members, the first ones heavy, who lead in that order.
func following(
    _ view: View, members: [Member], f: Int? = nil, faultModel: FaultModel? = nil,
    change: (inout GroupSettings) -> Void = { _ in }
) -> ViewCertificate {
    var settings = view.settings
    change(&settings)
    let f = f ?? view.f
    let faultModel = faultModel ?? view.faultModel
    let heavy = QuorumRule(faultModel: faultModel, n: members.count, f: f).heavyCount
    let weighted = members.enumerated().map { $1.weighted(isHeavy: f > 0 && $0 < heavy) }
    do {
        let next = try View(
            group: view.group, number: view.number.next, faultModel: faultModel, f: f, members: weighted,
            leaderOrder: members.map(\.id), settings: settings, lastID: ReplicaID(.max))
        return ViewCertificate(view: view.number, last: Instance(10 * view.number.rawValue), next: next, shares: [])
    } catch {
        preconditionFailure("\(error)")
    }
}

/// Members 1 … n, the first ones heavy.
func testView(n: Int, f: Int, faultModel: FaultModel = .byzantine, settings: GroupSettings = GroupSettings()) -> View {
    let heavy = QuorumRule(faultModel: faultModel, n: n, f: f).heavyCount
    let members = (1...n).map { id in
        Member(
            id: ReplicaID(UInt16(id)), key: PublicKey(words: Words32(UInt64(id), 0, 0, 0)), host: "localhost",
            port: 7000 + id, isHeavy: f > 0 && id <= heavy)
    }
    do {
        return try View(
            group: .zero, number: .genesis, faultModel: faultModel, f: f, members: members,
            leaderOrder: members.map(\.id), settings: settings)
    } catch {
        preconditionFailure("\(error)")
    }
}

func tentative(_ regency: UInt64, _ instance: UInt64) -> Finality {
    .tentative(epoch: Epoch(view: .genesis, regency: Regency(regency)), instance: Instance(instance))
}

/// SplitMix64 (Steele, Lea and Flood, 2014): a test is its seed.
struct TestRandom: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }
}

extension Outcome {
    var bytes: Bytes? { if case .result(let bytes, _) = self { bytes } else { nil } }
    var certificate: ReplyCertificate? { if case .result(_, let certificate) = self { certificate } else { nil } }
}
