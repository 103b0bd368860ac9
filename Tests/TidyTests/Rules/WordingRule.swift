// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// What no text of the package holds: marks of unfinished work, paths of one machine, words about the tools that the
/// project was made with. The words are put together here, so that this file keeps its own rule.
enum WordingRule {
    private static let marks = ["TO" + "DO", "FIX" + "ME", "XX" + "X:"]
    private static let folders = ["root", "home", "work", "tmp"]
    private static let tools = [
        "clau" + "de", "anthro" + "pic", "open" + "ai", "chat" + "gpt", "co" + "pilot", "language " + "model",
        "ai-" + "generated", "coding " + "agent", "sub" + "agent",
    ]

    static func findings(in file: SourceFile) -> [Finding] {
        file.lines.flatMap { line in complaints(about: line.text).map { Finding(file, line.number, $0) } }
    }

    static func complaints(about line: Substring) -> [String] {
        guard !line.isEmpty else { return [] }
        let lowercased = line.lowercased()
        var complaints = marks.filter { line.contains($0) }.map { "\($0): an open matter is an issue" }
        complaints += folders.filter { holdsPath("/\($0)/", in: line) }.map { "/\($0)/ is a path of one machine" }
        complaints += tools.filter { lowercased.contains($0) }.map { "\($0): the project speaks only of itself" }
        return complaints
    }

    /// A path is absolute when nothing that belongs to a name stands before it.
    private static func holdsPath(_ path: String, in line: Substring) -> Bool {
        guard line.contains(path) else { return false }
        return line.ranges(of: path).contains { range in
            guard range.lowerBound > line.startIndex else { return true }
            let before = line[line.index(before: range.lowerBound)]
            return !before.isLetter && !before.isNumber && !"_.-)}>*\"$/".contains(before)
                || before == "\"" || before == "/" && line[..<range.lowerBound].hasSuffix("file://"[...])
        }
    }
}
