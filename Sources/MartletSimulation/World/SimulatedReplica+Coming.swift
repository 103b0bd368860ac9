// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletCrypto
import MartletTypes

/// Replicas that come and go, and those that are robbed of their keys.
extension SimulatedReplica {
    /// Its process starts for the first time, and no view lists it as far as it knows.
    func start(at now: Instant) {
        hasStarted = true
        isUp = true
        wait()
    }

    func wait() {
        isWaiting = true
        peers = []
        inbox.removeAll()
        effects.removeAll()
    }

    /// The newest view that it knows of lists it.
    var isListed: Bool { verifier.view.replica(id) != nil }
    /// One before did, so that none ever will.
    var isOut: Bool { !isListed && verifier.views.isListed(id) }

    /// Follows from here on, with a number of its own.
    func begin(at now: Instant) {
        mode = .learner
        if disk == nil || number == 0 { number = max(1, entropy.next()) }
        let first = view.number.next
        var chain: [ViewCertificate] = []
        var next = first
        while let certificate = verifier.views.certificate(of: next) {
            chain.append(certificate)
            next = next.next
        }
        begin(chain, nil, at: now)
    }

    /// As a process ends that is told to.
    func leave() {
        crash()
        hasLeft = true
    }

    /// It starts with that key next.
    func take(_ key: SimulatedScheme.PrivateKey) { nextKey = key }

    /// It starts with that one.
    func takeNextKey() {
        guard let nextKey else { return }
        ownKey = nextKey
        keysTaken += 1
        sealer = makeSealer(nextKey)
        self.nextKey = nil
    }

    func waitToSteal() {
        isThief = true
        (isUp, hasClientLinks) = (false, false)
    }

    /// It was robbed by now: this one goes on with a fresh memory and the old key.
    func steal() { isUp = true }

    /// Whether it would take that one's connection, or connect to it: it has the key that the newest view says of those, among
    /// what this one knows, that list it.
    func lists(_ other: SimulatedReplica) -> Bool {
        if keyBook.newest != verifier.view.number {
            var keys: [ReplicaID: PublicKey] = [:]
            for view in verifier.views.all { for member in view.audience { keys[member.id] = member.key } }
            keyBook = (verifier.view.number, keys)
        }
        return keyBook.keys[other.id] == other.key
    }

    static func groupOfItsOwn(_ id: ReplicaID, _ key: PublicKey, _ settings: GroupSettings) -> View {
        do {
            return try View(
                group: Digest(words: Words32(0, 0, 0, 0)), number: .genesis, faultModel: .byzantine, f: 0,
                members: [Member(id: id, key: key, host: "nowhere", port: 1, isHeavy: false)], leaderOrder: [id],
                settings: settings)
        } catch {
            preconditionFailure("one replica is a group: \(error)")
        }
    }

    static func core(
        _ id: ReplicaID, _ view: View, _ chain: [ViewCertificate], _ key: PublicKey?, _ mode: ReplicaMode,
        _ incarnation: UInt64, _ versions: ProtocolVersions, _ access: AccessTable, _ timeouts: Timeouts,
        _ memory: MemoryChecker.Limits, _ now: ClockReading, _ effects: inout Effects, _ restoration: Restoration? = nil
    ) -> ReplicaCore {
        var configuration = CoreConfiguration(
            view: view, replica: id, mode: mode, incarnation: incarnation,
            seed: UInt64(id.slot) + now.monotonic.rawValue)
        configuration.chain = chain
        configuration.key = key
        configuration.versions = versions
        configuration.access = access
        configuration.timeouts = timeouts
        configuration.pendingPerClientMax = memory.pendingPerClientMax
        configuration.archiveBytesMax = memory.archiveBytesMax
        return ReplicaCore(configuration, restoring: restoration, at: now, into: &effects)
    }

    func crash() {
        isUp = false
        isPaused = false
        incarnation += 1
        inbox.removeAll()
        executionInbox.removeAll()
        executionEffects.removeAll()
        waitingReads.removeAll()
        armed = nil
        gate = DurabilityGate()
        records.removeAll()
        unsynced.removeAll()
        isLogBroken = false
        written = .start
        rewritten = nil
        heldSends.removeAll()
        isWriting = false
        disk?.crash()
    }
}
