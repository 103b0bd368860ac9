// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Logging
import MartletClient
import MartletCrypto
import MartletTypes
import MartletWire
import Synchronization

/// One class of attack upon a fresh group of four: honest load before, during and after it, then the judgement.
struct AttackRun {
    static let writers = 24

    let kind: AttackClass
    /// Of the attack; the stretches before and after it are shorter.
    let seconds: Int
    let directory: String
    /// A martlet program and the hostile one.
    let executable: String?
    let attacker: String
    /// Show what the replicas log at the level notice and above.
    var tellsLog = false

    private var calmSeconds: Int { max(1, seconds * 3 / 8) }

    /// Founds, starts, attacks, judges, and puts away.
    func run(_ say: @escaping @Sendable (String) -> Void) async throws -> AttackResult {
        let acts = ActCount()
        let group = try found(acts, say)
        let outsider = try outsider(of: group, acts)
        do {
            try await group.start()
            try await outsider?.start()
            let result = try await attack(group, outsider, acts, say)
            await outsider?.stop(within: .seconds(1))
            await group.stop()
            return result
        } catch {
            await outsider?.kill()
            await group.stop()
            throw error
        }
    }

    // MARK: Who takes part

    private func found(_ acts: ActCount, _ say: @escaping @Sendable (String) -> Void) throws -> LocalGroup {
        var settings = GroupSettings()
        // Who leads is to be changed by what the leader does, not by how far away it is: or the hostile one loses its place
        // before it has begun.
        settings.isPinned = true
        let group = try LocalGroup(
            in: directory, name: "attack", replicas: 4, settings: settings, executable: executable,
            arguments: ["--log-level", "notice"],
            program: { id, directory in
                guard let behaviour = kind.member, id == ReplicaID(0) else { return nil }
                return ReplicaProcess.Program(
                    executable: attacker,
                    arguments: ["member"] + access(directory, key: directory.home(of: id) + "/replica.key")
                        + ["--replica", "\(id)", behaviour])
            },
            onLine: { id, line in
                if kind.member != nil, id == ReplicaID(0) { acts.read(line) }
                if tellsLog { say("  \(id): \(line)") }
            })
        let genesis = URL(filePath: group.directory.path + "/genesis.bin")
        try Data(group.genesis.encoded()).write(to: genesis, options: .withoutOverwriting)
        return group
    }

    private func outsider(of group: LocalGroup, _ acts: ActCount) throws -> ChildProcess? {
        guard let outsider = kind.outsider else { return nil }
        let key = group.directory.path + "/outsider.key"
        try KeyFile.create(at: key, with: SigningKey())
        return ChildProcess(
            "the outsider", executable: attacker,
            arguments: ["outsider"] + access(group.directory, key: key) + [outsider], onLine: { acts.read($0) })
    }

    private func access(_ directory: GroupDirectory, key: String) -> [String] {
        ["--genesis", directory.path + "/genesis.bin", "--key", key]
    }

    private var honest: [ReplicaID] {
        (0..<4).map { ReplicaID(UInt16($0)) }.filter { kind.member == nil || $0 != ReplicaID(0) }
    }

    // MARK: The course of it

    private func attack(
        _ group: LocalGroup, _ outsider: ChildProcess?, _ acts: ActCount, _ say: @Sendable (String) -> Void
    ) async throws -> AttackResult {
        let (times, load, histories) = try await group.withClient { client in
            let load = try AttackLoad(on: client, writers: Self.writers)
            async let running = load.run()
            let times: AttackCourse
            do {
                times = try await course(group, outsider, load, say)
            } catch {
                load.stop()
                throw error
            }
            load.stop()
            return (times, load, await running)
        }
        say("\(kind.rawValue): reading back and comparing")
        let judge = SafetyJudge(
            group: group, view: try group.genesis.firstView(group: Hashing.group(of: group.genesis)), honest: honest)
        return AttackResult(
            kind: kind, course: times, samples: load.samples, acts: acts.count,
            regency: try await group.reports().compactMap(\.status?.epoch.regency).max() ?? .first,
            failures: histories.flatMap(\.failures), violations: try await judge.violations(histories))
    }

    private func course(
        _ group: LocalGroup, _ outsider: ChildProcess?, _ load: AttackLoad, _ say: @Sendable (String) -> Void
    ) async throws -> AttackCourse {
        say("\(kind.rawValue): \(kind.summary); without it for \(calmSeconds) s")
        try await waitForLoad(load)
        let before = AttackLoad.now
        try await Task.sleep(for: .seconds(calmSeconds))
        let memory = MemoryWatch(honest.compactMap { group.process($0) })
        say("\(kind.rawValue): under attack for \(seconds) s")
        let start = AttackLoad.now
        let members = kind.member == nil ? [] : [group.process(ReplicaID(0))]
        for member in members { member?.tell("begin") }
        outsider?.tell("begin")
        if kind == .restarts {
            try await restart(group, until: .now + .seconds(seconds), memory)
        } else {
            try await watch(memory, until: .now + .seconds(seconds))
        }
        let end = AttackLoad.now
        for member in members { member?.tell("end") }
        outsider?.tell("end")
        try await Task.sleep(for: .seconds(calmSeconds))
        return AttackCourse(
            before: before, start: start, end: end, after: AttackLoad.now, memoryGrowthBytes: memory.growthBytes)
    }

    private func waitForLoad(_ load: AttackLoad) async throws {
        let limit = ContinuousClock.now + .seconds(30)
        while load.sampleCount < Self.writers * 20 {
            guard ContinuousClock.now < limit else { throw CommandFailure("the group does not answer") }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    private func watch(_ memory: MemoryWatch, until end: ContinuousClock.Instant) async throws {
        while ContinuousClock.now < end {
            try await Task.sleep(for: .milliseconds(200))
            memory.look()
        }
    }

    /// Kills the first leader and starts it again, for as long as the attack lasts. It comes back without its votes.
    private func restart(
        _ group: LocalGroup, until end: ContinuousClock.Instant, _ memory: MemoryWatch
    ) async throws {
        let process = group.process(ReplicaID(0))
        while ContinuousClock.now < end {
            await process?.kill()
            try await Task.sleep(for: .milliseconds(500))
            try await process?.start()
            try await watch(memory, until: min(end, .now + .seconds(1)))
        }
    }
}

/// When what happened.
struct AttackCourse: Sendable {
    let before: Instant
    let start: Instant
    let end: Instant
    let after: Instant
    /// Of the honest replica that grew most.
    let memoryGrowthBytes: Int
}

/// How often the hostile processes say that they acted.
final class ActCount: Sendable {
    private let total = Mutex(0)

    var count: Int { total.withLock { $0 } }

    func read(_ line: String) {
        let words = line.split(separator: " ")
        guard words.count == 2, words[0] == "acts", let count = Int(words[1]) else { return }
        total.withLock { $0 += count }
    }
}
