// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MartletTypes
import Subprocess
import Synchronization
import SystemPackage

/// One replica of a group as a process of its own, a child of this one. It can be started again after it has ended.
final class ReplicaProcess: Sendable {
    let replica: ReplicaID
    private let home: String
    private let arguments: [String]
    private let onLine: @Sendable (String) -> Void
    private let current = Mutex<Run?>(nil)

    /// One life of the process.
    private struct Run {
        let processIdentifier: Int32
        let ending: Task<ProcessEnding, Never>
    }

    /// `onLine` gets each line that the replica logs.
    init(
        _ replica: ReplicaID, in directory: GroupDirectory, arguments: [String] = [],
        onLine: @escaping @Sendable (String) -> Void
    ) {
        self.replica = replica
        home = directory.home(of: replica)
        self.arguments = arguments
        self.onLine = onLine
    }

    /// The system's number of the running process; nil before the start and after the end.
    var processIdentifier: Int32? { current.withLock { $0?.processIdentifier } }

    /// Starts the process and returns once it exists, which is before the replica serves anyone.
    func start() async throws {
        precondition(processIdentifier == nil, "the replica runs already")
        let (starts, starter) = AsyncThrowingStream<Int32, any Error>.makeStream()
        let ending = Task {
            let ending = await run { starter.yield($0) }
            starter.finish(throwing: CommandFailure("replica \(replica) cannot be started: \(ending)"))
            current.withLock { $0 = nil }
            return ending
        }
        for try await processIdentifier in starts {
            current.withLock { $0 = Run(processIdentifier: processIdentifier, ending: ending) }
            return
        }
    }

    /// Waits until the process has ended; returns at once when none runs.
    @discardableResult
    func waitUntilEnded() async -> ProcessEnding? { await current.withLock { $0 }?.ending.value }

    /// Asks for a graceful stop and waits for it, for so long; then the process is killed.
    func stop(within patience: Duration = .seconds(10)) async {
        guard let run = current.withLock({ $0 }) else { return }
        send(SIGTERM)
        let killer = Task {
            try await Task.sleep(for: patience)
            send(SIGKILL)
        }
        _ = await run.ending.value
        killer.cancel()
    }

    /// Kills the process as a crash would (`kill -9`), and waits until it is gone.
    func kill() async {
        guard let run = current.withLock({ $0 }) else { return }
        send(SIGKILL)
        _ = await run.ending.value
    }

    /// A process is signalled only while it is known to run, so that its number cannot be another's.
    private func send(_ signal: Int32) {
        current.withLock { run in
            if let run { _ = Glibc.kill(run.processIdentifier, signal) }
        }
    }

    // MARK: The child

    private func run(onStart: @Sendable (Int32) -> Void) async -> ProcessEnding {
        do {
            let result = try await Subprocess.run(
                .path(FilePath(Self.executable)),
                arguments: .init(["replica", "--home", home, "--stop-with-input"] + arguments),
                platformOptions: options, input: .inputWriter, output: .sequence, error: .combinedWithOutput
            ) { execution in
                onStart(execution.processIdentifier.value)
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

    /// This very program.
    private static var executable: String { Bundle.main.executablePath ?? CommandLine.arguments[0] }
}
