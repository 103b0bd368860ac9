// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes

/// A trace: what happens to one replica, line by line, and below each line, indented, what the replica does then. The
/// language is described in docs/TESTING.md.
struct Trace {
    let name: String
    let text: String

    /// The same text with the reactions that the core has now.
    func replayed() throws -> String {
        var runner = TraceRunner()
        var result: [String] = []
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line.hasPrefix(" ") { continue }
            result.append(String(line))
            do {
                if !line.isEmpty, !line.hasPrefix("#") { result += try runner.run(String(line)) }
            } catch {
                throw TraceError("\(name):\(number + 1): \(error)")
            }
        }
        return result.joined(separator: "\n")
    }
}

/// Carries out the lines of one trace.
struct TraceRunner {
    private var replica: TraceReplica?
    private var view: View?

    /// What the replica did; nothing for lines that only give names.
    mutating func run(_ line: String) throws -> [String] {
        var words = TraceWords(line)
        let verb = try words.next("a word")
        if verb == "group" {
            try begin(&words)
        } else {
            guard let replica, let view else { throw TraceError("a trace begins with 'group'") }
            if try define(verb, &words, replica, view) {
                try words.end()
                return []
            }
            try happen(verb, &words, replica, view)
        }
        try words.end()
        return replica?.takeLines() ?? []
    }

    private func define(
        _ verb: String, _ words: inout TraceWords, _ replica: TraceReplica, _ view: View
    ) throws -> Bool {
        var reader = TraceReader(view: view, names: replica.names)
        switch verb {
        case "request": try reader.defineRequest(&words)
        case "batch": try reader.defineBatch(&words)
        case "digest": try reader.names.addDigest(try words.next("a name"))
        case "stopdata": try reader.defineStopData(&words)
        case "bad-signer": replica.badSigners.insert(ReplicaID(UInt16(try words.number("replica"))))
        case "show-progress": replica.showsProgress = true
        case "wall-clock":
            replica.moveWallClock(milliseconds: try TraceWords.milliseconds(in: try words.next("a time")))
        default: return false
        }
        replica.names = reader.names
        return true
    }

    private func happen(_ verb: String, _ words: inout TraceWords, _ replica: TraceReplica, _ view: View) throws {
        let reader = TraceReader(view: view, names: replica.names)
        switch verb {
        case "client":
            let plain = try reader.names.request(try words.next("a request"))
            let proof = words.take("signed") ? RequestProof(digests: [plain.digest], signature: .absent) : nil
            let request = AdmittedRequest(request: plain.request, digest: plain.digest, proof: proof)
            try replica.step(.requests(Verified([request], sender: .client(request.id.client))))
        case "from":
            let number = try words.number("replica")
            guard number < view.n else { throw TraceError("there is no replica \(number)") }
            let sender = view.members[Int(number)].id
            try words.expect(":")
            try replica.step(.message(Group.verified(try reader.message(&words, from: sender), from: sender)))
        case "pass": try replica.pass(milliseconds: try TraceWords.milliseconds(in: try words.next("a time")))
        case "snapshot-taken":
            let instance = Instance(try words.number(after: "i", "instance"))
            try replica.step(.snapshotTaken(instance, try reader.names.digest(try words.next("a digest"))))
        case "installed":
            let instance = Instance(try words.number(after: "i", "instance"))
            try replica.step(
                .checkpointInstalled(
                    CheckpointImage(
                        instance: instance, time: Timestamp(1), view: view, sessions: [], openings: [])
                ))
        case "entropy":
            var drawn: [UInt64] = []
            while !words.isAtEnd { drawn.append(try words.number("a number")) }
            try replica.step(.entropy(drawn.reversed()))
        case "status": replica.tellStatus()
        default: throw TraceError("'\(verb)' is no line of a trace")
        }
    }

    // MARK: The first line

    /// `group n=4 f=1 byzantine window=4 checkpoint=8 replica=1`, and optionally `learner`, `tentative`, `request=`, `resend=`.
    private mutating func begin(_ words: inout TraceWords) throws {
        guard replica == nil else { throw TraceError("there is one group in a trace") }
        var numbers =
            ["n": 4, "f": 1, "window": 4, "checkpoint": 8, "replica": 1, "pipeline": 128, "omega": 0]
            as [String: UInt64]
        var times = ["request": 200, "resend": 60_000, "progress": 60_000] as [String: UInt64]
        var model = FaultModel.byzantine
        var mode = ReplicaMode.voter
        var isTentative = false
        while !words.isAtEnd {
            let word = try words.next("a setting")
            let parts = word.split(separator: "=").map(String.init)
            if word == "byzantine" || word == "crash" {
                model = word == "crash" ? .crash : .byzantine
            } else if word == "tentative" {
                isTentative = true
            } else if word == "learner" {
                mode = .learner
            } else if parts.count == 2, numbers[parts[0]] != nil {
                numbers[parts[0]] = try TraceWords.number(in: parts[1], after: "", parts[0])
            } else if parts.count == 2, times[parts[0]] != nil {
                times[parts[0]] = try TraceWords.milliseconds(in: parts[1])
            } else {
                throw TraceError("'\(word)' is no setting of a group")
            }
        }
        func number(_ name: String) -> Int { Int(numbers[name] ?? 0) }
        func time(_ name: String) -> Interval { .milliseconds(times[name] ?? 0) }
        var settings = GroupSettings()
        settings.window = number("window")
        settings.checkpointPeriod = number("checkpoint")
        settings.pipelineMax = number("pipeline")
        settings.measuringPermille = number("omega")
        settings.executesTentatively = isTentative
        let view = try Samples.view(n: number("n"), f: number("f"), model: model, settings: settings)
        guard number("replica") < view.n else { throw TraceError("there is no replica \(number("replica"))") }
        var configuration = CoreConfiguration(view: view, replica: view.members[number("replica")].id, mode: mode)
        configuration.timeouts.requestMin = time("request")
        configuration.timeouts.resend = time("resend")
        configuration.timeouts.progress = time("progress")
        self.view = view
        let made = TraceReplica(configuration)
        replica = made
        try made.begin()
    }
}
