// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Subprocess
import Synchronization
import SystemPackage

/// Another program as a child of this one. It can be started again after it has ended. Its input is held open, so that
/// it learns of it when this process is gone.
final class ChildProcess: Sendable {
    /// What a person calls it.
    let name: String
    private let executable: String
    private let arguments: [String]
    private let onLine: @Sendable (String) -> Void
    private let state = Mutex(State())

    private struct State {
        /// Set as long as the process is known to run.
        var processIdentifier: Int32?
        /// Of the newest start.
        var ending: Task<ProcessEnding, Never>?
        var input: AsyncStream<String>.Continuation?
    }

    /// `onLine` gets each line that it writes.
    init(
        _ name: String, executable: String, arguments: [String], onLine: @escaping @Sendable (String) -> Void
    ) {
        self.name = name
        self.executable = executable
        self.arguments = arguments
        self.onLine = onLine
    }

    /// The system's number of the running process; nil before the start and after the end.
    var processIdentifier: Int32? { state.withLock { $0.processIdentifier } }

    /// Starts the process and returns once it exists.
    func start() async throws {
        precondition(processIdentifier == nil, "\(name) runs already")
        let (starts, starter) = AsyncThrowingStream<Void, any Error>.makeStream()
        let (lines, input) = AsyncStream<String>.makeStream()
        let ending = Task {
            let ending = await run(lines) { starter.yield() }
            state.withLock { $0.processIdentifier = nil }
            starter.finish(throwing: CommandFailure("\(name) cannot be started: \(ending)"))
            return ending
        }
        state.withLock { state in
            state.ending = ending
            state.input = input
        }
        for try await _ in starts { return }
    }

    /// Writes a line to its input.
    func tell(_ line: String) { state.withLock { _ = $0.input?.yield(line + "\n") } }

    /// Waits until the process has ended; returns how its newest run ended, nil when it was never started.
    @discardableResult
    func waitUntilEnded() async -> ProcessEnding? { await state.withLock { $0.ending }?.value }

    /// Asks for a graceful stop and waits for it, for so long; then the process is killed.
    func stop(within patience: Duration = .seconds(10)) async {
        send(SIGTERM)
        let killer = Task {
            try await Task.sleep(for: patience)
            send(SIGKILL)
        }
        await waitUntilEnded()
        killer.cancel()
    }

    /// Kills the process as a crash would (`kill -9`), and waits until it is gone.
    func kill() async {
        send(SIGKILL)
        await waitUntilEnded()
    }

    /// Lets it stand still, with all that it has.
    func pause() { send(SIGSTOP) }

    func goOn() { send(SIGCONT) }

    /// A process is signalled only while it is known to run, so that its number cannot be another's.
    private func send(_ signal: Int32) {
        state.withLock { state in
            if let processIdentifier = state.processIdentifier { _ = Glibc.kill(processIdentifier, signal) }
        }
    }

    // MARK: The child

    private func run(_ lines: AsyncStream<String>, onStart: @Sendable () -> Void) async -> ProcessEnding {
        do {
            let result = try await Subprocess.run(
                .path(FilePath(executable)), arguments: .init(arguments), platformOptions: options,
                input: .inputWriter, output: .sequence, error: .combinedWithOutput
            ) { execution in
                state.withLock { $0.processIdentifier = execution.processIdentifier.value }
                onStart()
                let writer = execution.standardInputWriter
                let telling = Task { for await line in lines { _ = try await writer.write(line) } }
                defer { telling.cancel() }
                for try await line in execution.standardOutput.strings() { onLine(line) }
            }
            return switch result.terminationStatus {
            case .exited(let code): .exited(code)
            case .signaled(let signal): .signaled(signal)
            }
        } catch {
            return .failed("\(error)")
        }
    }

    private var options: PlatformOptions {
        var options = PlatformOptions()
        // A Ctrl-C on the terminal is for the parent, which then stops its children in order.
        options.processGroupID = 0
        return options
    }
}
