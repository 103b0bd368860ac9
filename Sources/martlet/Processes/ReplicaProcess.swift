// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MartletTypes

/// One replica of a group as a process of its own, a child of this one. It can be started again after it has ended.
final class ReplicaProcess: Sendable {
    let replica: ReplicaID
    private let child: ChildProcess

    /// `onLine` gets each line that the replica logs. `executable` is a martlet program, by default this very one.
    convenience init(
        _ replica: ReplicaID, in directory: GroupDirectory, executable: String? = nil, arguments: [String] = [],
        onLine: @escaping @Sendable (String) -> Void
    ) {
        let program = Program(
            executable: executable ?? Bundle.main.executablePath ?? CommandLine.arguments[0],
            arguments: ["replica", "--home", directory.home(of: replica), "--stop-with-input"] + arguments)
        self.init(replica, program, onLine: onLine)
    }

    /// What runs as a replica.
    struct Program: Sendable {
        let executable: String
        let arguments: [String]
    }

    init(_ replica: ReplicaID, _ program: Program, onLine: @escaping @Sendable (String) -> Void) {
        self.replica = replica
        child = ChildProcess(
            "replica \(replica)", executable: program.executable, arguments: program.arguments, onLine: onLine)
    }

    /// The system's number of the running process; nil before the start and after the end.
    var processIdentifier: Int32? { child.processIdentifier }

    /// Starts the process and returns once it exists, which is before the replica serves anyone.
    func start() async throws { try await child.start() }

    /// Writes a line to its input.
    func tell(_ line: String) { child.tell(line) }

    /// Waits until the process has ended; returns how its newest run ended, nil when it was never started.
    @discardableResult
    func waitUntilEnded() async -> ProcessEnding? { await child.waitUntilEnded() }

    /// Asks for a graceful stop and waits for it, for so long; then the process is killed.
    func stop(within patience: Duration = .seconds(10)) async { await child.stop(within: patience) }

    /// Lets it stand still, with all that it has.
    func pause() { child.pause() }

    func goOn() { child.goOn() }

    /// Kills the process as a crash would (`kill -9`), and waits until it is gone.
    func kill() async { await child.kill() }
}
