// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Logging
import MartletCore
import MartletTransport
import MartletTypes
import Testing

@testable import martlet_cli

@Suite struct ReplicaFileTests {
    private func read(_ text: String) throws -> ReplicaFile {
        try ReplicaFile(YAMLDocument(text, file: "replica.yaml"), home: "group/replicas/2")
    }

    private func text() throws -> String {
        let genesis = try Sample.founding(4).genesis()
        return ReplicaFile.text(for: genesis.members[2], of: genesis)
    }

    @Test func othersMayBeDialledElsewhere() throws {
        let lines = try text() + "dial:\n  - {replica: 1, address: \"127.0.0.1:7777\"}\n"
        let file = try read(lines)
        #expect(file.dial.count == 1 && file.dial[0].replica == ReplicaID(1) && file.dial[0].address.port == 7777)
        #expect(try read(text()).dial.isEmpty)
        #expect(throws: ConfigurationError.self) { try read(lines + "  - {replica: 1, address: \"127.0.0.1:7778\"}\n") }
        #expect(throws: ConfigurationError.self) { try read(text() + "dial: [{replica: 1, address: nowhere}]\n") }
    }

    @Test func whatIsWrittenIsReadWithPathsFromTheHome() throws {
        let file = try read(text())
        #expect(file.replica == ReplicaID(2))
        #expect(file.keyPath == "group/replicas/2/replica.key")
        #expect(file.genesisPath == "group/replicas/2/../../genesis.yaml")
        #expect(file.listen == nil)
        #expect(file.logLevel == .info)
    }

    @Test func theExamplesInTheCommentsAreValid() throws {
        let commented = try text().split(separator: "\n").map { line in
            line.hasPrefix("# ") && line.contains(": ") && !line.contains("of ") && !line.contains("not ")
                ? line.dropFirst(2) : line == "# limits:" ? "limits:" : line
        }
        let file = try read(commented.joined(separator: "\n"))
        #expect(file.listen == Address(host: "0.0.0.0", port: 7002))
        #expect(file.limits.transport.clientConnectionsMax == 4096)
        #expect(file.dial.map(\.address) == [Address(host: "127.0.0.1", port: 7001)])
    }

    @Test func limitsAreTakenOver() throws {
        let file = try read(text() + "limits:\n  clientConnectionsMax: 9\n  requestMillisecondsMin: 50\n")
        #expect(file.limits.transport.clientConnectionsMax == 9)
        #expect(file.limits.timeouts.requestMin == .milliseconds(50))
    }

    @Test(arguments: [
        ("limits:\n  clientConnectionsMax: 0", 2, "must be from 1"),
        ("limits:\n  clientQueueBytesMax: 3", 2, "clientQueueBytesMax is 3"),
        ("limits:\n  backOffMillisecondsMin: 3000\n  backOffMillisecondsMax: 5", 2, "longer than"),
        ("limits:\n  requestMillisecondsMin: 3000\n  requestMillisecondsMax: 5", 2, "longer than"),
        ("limits:\n  clientConnections: 9", 2, "unknown setting 'clientConnections'"),
        ("logLevel: loud", 1, "must be one of trace"), ("listen: 7000", 1, "expected HOST:PORT"),
        ("lissten: a:1", 1, "did you mean 'listen'"), ("key: other", 1, "given twice"),
    ])
    func mistakesAreNamedWithTheirLine(addition: String, line: Int, words: String) throws {
        let text = try text()
        let error = try #require(throws: ConfigurationError.self) { try read(text + addition) }
        #expect(error.complaint.contains(words), "\(error)")
        #expect(error.line == text.count { $0 == "\n" } + line, "\(error)")
    }
}
