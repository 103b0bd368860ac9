// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Foundation
import Logging
import MartletClient
import MartletKV
import MartletTransport
import MartletTypes
import NIOCore
import Synchronization
import Testing

@testable import martlet_cli

/// Whoever has the file that the group was founded with, and nothing else, is served after a hundred changes of the group: processes of
/// the built program, changed by the administrator's commands.
@Suite(.serialized) struct ManyViewsTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// A client that hears and does nothing between `fallAsleep` and `wake`: all that its loop would do waits.
    private final class Sleeper: Sendable {
        private let held: Mutex<Client?>
        private let loops = EventLoops(threadCount: 1)
        private let loop: any EventLoop
        private let night = DispatchSemaphore(value: 0)

        init(of group: LocalGroup) throws {
            loop = loops.next()
            var configuration = ClientConfiguration(
                genesis: group.genesis, key: group.clientKey,
                logger: Logger(label: "sleeper") { _ in SwiftLogNoOpLogHandler() })
            configuration.eventLoop = loop
            let client = try Client(configuration)
            client.start()
            held = Mutex(client)
        }

        func openSession() throws -> ClientSession { try #require(held.withLock { $0 }).openSession() }

        func fallAsleep() { loop.execute { [night] in night.wait() } }
        func wake() { night.signal() }

        func close() async {
            wake()
            await held.withLock { $0.take() }?.close()
            await loops.shutDown()
        }
    }

    private func withGroup(_ body: (LocalGroup, Sleeper) async throws -> Void) async throws {
        var settings = GroupSettings()
        settings.isDurable = true
        // All views are the administrator's.
        settings.measuringPermille = 0
        let executable: String = try #require(BuiltProgram.path())
        let group = try LocalGroup(
            in: scratch.path + "/group", name: "views", replicas: 4, settings: settings,
            limits: [("farewellMilliseconds", 500)], executable: executable)
        try await group.stopping {
            try await group.start(within: .seconds(60))
            let sleeper = try Sleeper(of: group)
            do {
                try await body(group, sleeper)
            } catch {
                await sleeper.close()
                throw error
            }
            await sleeper.close()
        }
    }

    private func martlet(_ arguments: String..., in group: LocalGroup) async throws -> (
        text: String, status: ProcessEnding?
    ) {
        try await BuiltProgram.run(arguments + ["--group", group.directory.path])
    }

    /// By `martlet admin replace`; returns when the old one's process has ended by itself.
    private func replace(_ old: UInt16, by new: UInt16, in group: LocalGroup) async throws {
        let (member, process) = try group.makeNewcomer(ReplicaID(new))
        try await process.start()
        let done = try await martlet(
            "admin", "replace", "--replaces", "\(old)", "--replica", "\(new)", "--key", "\(member.key)", "--address",
            "127.0.0.1:\(member.port)", "--wait", "--timeout", "60", in: group)
        try #require(done.status == .exited(0), "\(done.text)")
        #expect(done.text.contains("replica \(new) is a member, in view"))
        try await Replacement(group: group, old: ReplicaID(old)).waitForEnd()
        group.forget(ReplicaID(old))
    }

    /// Another window, by what the commands do; the view that follows.
    private func changeWindow(of group: LocalGroup) async throws -> ViewNumber {
        let desk = try await OperationDesk(GroupAccess(group.directory), within: .seconds(30))
        var settings = desk.view.settings
        settings.window = settings.window == 16 ? 17 : 16
        let plan = desk.view.plan
        let operation = GroupOperation.arrange(
            ViewPlan(heavy: plan.heavy, leaderOrder: plan.leaderOrder, settings: settings))
        return try await desk.order(desk.signed(Reconfiguration(after: desk.view, operation)))
    }

    @Test(.timeLimit(.minutes(8))) func aHundredViewsLaterTheFirstFileStillSuffices() async throws {
        try await withGroup { group, sleeper in
            let store = try KVClient(sleeper.openSession())
            try await store.put(Bytes("a".utf8), Bytes("before".utf8))
            sleeper.fallAsleep()
            for window in [20, 21] {
                let done = try await martlet("admin", "settings", "--window", "\(window)", in: group)
                #expect(done.status == .exited(0), "\(done.text)")
            }
            // Of those that the file lists one is left.
            for place in 0..<3 as Range<UInt16> { try await replace(place, by: 4 + place, in: group) }
            var view = ViewNumber.genesis
            while view < ViewNumber(101) { view = try await changeWindow(of: group) }

            let fresh = try await martlet("kv", "get", "a", in: group)
            #expect(fresh.status == .exited(0) && fresh.text.hasSuffix("before"), "\(fresh.text)")
            let status = try await BuiltProgram.run(["status", group.directory.path])
            #expect(status.status == .exited(0) && status.text.contains("4 of 4 replicas answer"), "\(status.text)")
            sleeper.wake()
            try await store.put(Bytes("a".utf8), Bytes("after".utf8))
            #expect(try await store.get(Bytes("a".utf8)) == Bytes("after".utf8))

            try await replace(3, by: 7, in: group)
            try await beyondTheFile(group, store)
        }
    }

    /// Nobody whom the file lists is there any more.
    private func beyondTheFile(_ group: LocalGroup, _ store: KVClient) async throws {
        let lost = try await martlet("kv", "get", "a", "--timeout", "5", in: group)
        #expect(lost.status == .exited(1), "\(lost.text)")
        #expect(
            lost.text.contains(
                "if all that this client knows of have been replaced, name a replica that is there now: --via HOST:PORT"
            ),
            "\(lost.text)")
        let blind = try await BuiltProgram.run(["status", group.directory.path])
        #expect(
            blind.text.contains("If all that the genesis lists have been replaced, name one that is there now: --via"),
            "\(blind.text)")
        let via = try #require(group.contacts.last)
        let found = try await martlet("kv", "get", "a", "--via", "\(via)", in: group)
        #expect(found.status == .exited(0) && found.text.hasSuffix("after"), "\(found.text)")
        let changed = try await martlet("admin", "settings", "--window", "22", "--via", "\(via)", in: group)
        #expect(changed.status == .exited(0), "\(changed.text)")
        let status = try await BuiltProgram.run(["status", group.directory.path, "--via", "\(via)"])
        #expect(status.status == .exited(0) && status.text.contains("4 of 4 replicas answer"), "\(status.text)")
        // Who was there meanwhile has followed, and needs no help.
        #expect(try await store.get(Bytes("a".utf8)) == Bytes("after".utf8))
    }
}
