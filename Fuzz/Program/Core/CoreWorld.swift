// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTypes
import MartletWire

@testable import MartletCore

/// One real core among members, clients, clocks and stages that a fuzzer plays.
struct CoreWorld: ~Copyable {
    let view: View
    let me: ReplicaID
    let verifier: Verifier<TrustingScheme>
    private let sealer: Sealer<TrustingScheme>
    /// Whether the core's own messages and the stages' answers come back at once, or when the fuzzer says.
    private let isPrompt: Bool
    var source: ByteSource
    private var core: ReplicaCore
    private var effects = Effects()
    private(set) var now = ClockReading(monotonic: Instant(1_000_000_000), wall: Timestamp(1_700_000_000_000_000))
    private(set) var status: CoreStatus
    private var ledger = VoteLedger()

    // What has been said so far, for the fuzzer to say again.
    var batches: [Batch] = []
    var requests: [Request] = []
    var sessions: [SessionID] = []
    var stopDatas: [StopData] = []
    var snapshots: [(Instance, Digest)] = []

    // What is on its way back to the core.
    private var loopback: [PeerMessage] = []
    private var orders: [ExecutionOrder] = []
    private var checks: [DecisionCertificate] = []
    private var executed = Instance.zero
    private var lastTime = Timestamp.zero

    init(_ bytes: Bytes) {
        source = ByteSource(bytes)
        let shape = CoreShape(&source)
        view = shape.view
        me = shape.view.members[source.number(below: shape.view.n)].id
        isPrompt = source.chance(192)
        verifier = Verifier(view: shape.view, scheme: TrustingScheme(), rememberedSignaturesMax: 0)
        sealer = Sealer(group: shape.view.group, replica: me, key: TrustingScheme.NoKey(), scheme: TrustingScheme())
        var configuration = CoreConfiguration(view: shape.view, replica: me, mode: shape.mode)
        configuration.pendingPerClientMax = CoreShape.pendingPerClientMax
        configuration.pendingMax = CoreShape.pendingMax
        configuration.decisionsBytesMax = 4096
        core = ReplicaCore(configuration, at: now, into: &effects)
        status = core.status
        act(before: core.status)
    }

    var others: [ReplicaID] { view.members.map(\.id).filter { $0 != me } }
    var epoch: Epoch { status.epoch }

    // MARK: Driving

    mutating func step(_ event: consuming Event) {
        let before = core.status
        core.step(event, at: now, into: &effects)
        act(before: before)
    }

    /// What another member says, if the verifier lets it pass. (In its own name only the loopback link speaks.)
    mutating func say(_ message: PeerMessage, from member: ReplicaID) {
        guard member != me else { return }
        let verified: VerifiedMessage
        do throws(VerificationError) {
            verified = try verifier.verify(message, from: member)
        } catch {
            return
        }
        step(.message(verified))
    }

    mutating func pass(_ interval: Interval) {
        now.monotonic = now.monotonic + interval
        now.wall = Timestamp(now.wall.rawValue &+ interval.nanoseconds / 1_000)
        if let deadline = core.nextDeadline, deadline <= now.monotonic { step(.deadline) }
    }

    mutating func setWall(_ time: UInt64) { now.wall = Timestamp(min(time, 1 << 62)) }

    /// Lets so many of the things that wait come back.
    mutating func bringBack(_ count: Int) {
        for _ in 0..<count {
            if !loopback.isEmpty {
                step(.message(sealer.loopback(loopback.removeFirst())))
            } else if !checks.isEmpty {
                answer(checks.removeFirst())
            } else if !orders.isEmpty {
                carryOut(orders.removeFirst())
            } else {
                return
            }
        }
    }

    // MARK: The stages

    private mutating func act(before: CoreStatus) {
        status = core.status
        ledger.take(effects.sends, before: before, after: status)
        core.checkBounds()
        hold(effects.sends.count <= 4096 && effects.checks.count <= 4096, "a storm of effects")
        for send in effects.sends { note(send) }
        orders += effects.executions
        checks += effects.checks
        effects.removeAll()
        // Bounded: a core that answers itself for ever is in error.
        var rounds = 0
        while isPrompt, !isActing, !loopback.isEmpty || !orders.isEmpty || !checks.isEmpty {
            isActing = true
            bringBack(1)
            isActing = false
            rounds += 1
            hold(rounds < 20_000, "it never comes to rest")
        }
    }

    private var isActing = false

    private mutating func note(_ send: Send) {
        switch send.destination {
        case .others: break
        case .everyone: loopback.append(send.message)
        case .replica(let id): if id == me { loopback.append(send.message) }
        }
        switch send.message {
        case .propose(let propose): remember(propose.batch)
        case .stopData(let data): stopDatas = stopDatas.suffix(11) + [data]
        default: break
        }
    }

    mutating func remember(_ batch: Batch) {
        if !batches.contains(batch) { batches = batches.suffix(31) + [batch] }
    }

    /// Leaves out some shares, as if their signatures were not valid.
    private mutating func answer(_ certificate: DecisionCertificate) {
        let mask = source.byte()
        let kept = certificate.shares.enumerated().filter { mask >> UInt8($0.offset % 8) & 1 == 0 }.map(\.element)
        step(
            .certificateChecked(
                DecisionCertificate(
                    epoch: certificate.epoch, instance: certificate.instance, digest: certificate.digest, shares: kept))
        )
    }

    private mutating func carryOut(_ order: ExecutionOrder) {
        switch order {
        case .execute(let execution):
            hold(execution.instance == executed.next, "executed out of order")
            hold(execution.time > lastTime, "agreed time stands still")
            executed = execution.instance
            lastTime = execution.time
            for case .open(let session, _) in execution.steps.map(\.verdict) {
                sessions = sessions.suffix(7) + [session]
            }
            step(.executed(upTo: executed))
        case .snapshot(let instance, _, _, _):
            let digest = Digest(words: Words32(instance.rawValue, 1, 1, source.chance(16) ? 2 : 1))
            snapshots = snapshots.suffix(3) + [(instance, digest)]
            step(.snapshotTaken(instance, digest))
        case .install(let state): install(state)
        case .resend, .tellOpened, .serve, .forgetSnapshots: break
        }
    }

    private mutating func install(_ state: CheckpointState) {
        do {
            let image = try CheckpointImage(decoding: state.state)
            executed = image.instance
            lastTime = image.time
            step(.checkpointInstalled(image))
        } catch {
            // The driver gives up: a quorum certified bytes that are no state.
            orders.removeAll()
        }
    }
}
