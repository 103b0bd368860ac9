// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// Links between documents lead somewhere, to the very heading; and so do the documents that source text names.
enum LinkRule {
    static func findings(in tree: SourceTree) -> [Finding] {
        tree.files.flatMap { file in
            if file.path.hasSuffix(".md") { return brokenLinks(in: file, of: tree) }
            return file.isSwift && tree.holds("docs") ? missingDocuments(in: file, of: tree) : []
        }
    }

    private static func brokenLinks(in file: SourceFile, of tree: SourceTree) -> [Finding] {
        var isCode = false
        return file.lines.flatMap { line -> [Finding] in
            if line.text.hasPrefix("```") { isCode.toggle() }
            guard !isCode else { return [] }
            return targets(in: line.text).compactMap { target in
                complaint(about: target, from: file, in: tree).map { Finding(file, line.number, $0) }
            }
        }
    }

    /// What stands in the parentheses of `[text](target)`.
    static func targets(in line: Substring) -> [Substring] {
        line.ranges(of: "](").compactMap { range in
            line[range.upperBound...].firstIndex(of: ")").map { line[range.upperBound..<$0] }
        }
    }

    private static func complaint(about target: Substring, from file: SourceFile, in tree: SourceTree) -> String? {
        guard !target.contains("://"), !target.hasPrefix("mailto:") else { return nil }
        let parts = target.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        let path = parts[0].isEmpty ? file.path : resolve(parts[0], from: file.path)
        guard tree.holds(path) else { return "the link \(target) leads nowhere" }
        guard parts.count == 2, let document = tree.files.first(where: { $0.path == path }), path.hasSuffix(".md")
        else {
            return nil
        }
        return anchors(in: document).contains(String(parts[1])) ? nil : "\(path) has no heading #\(parts[1])"
    }

    private static func resolve(_ target: Substring, from path: String) -> String {
        var parts = path.split(separator: "/").dropLast().map(String.init)
        for part in target.split(separator: "/") where part != "." {
            if part != ".." { parts.append(String(part)) } else if !parts.isEmpty { parts.removeLast() }
        }
        return parts.joined(separator: "/")
    }

    /// The anchors that headings get: lower case, words joined by hyphens, no punctuation.
    static func anchors(in document: SourceFile) -> [String] {
        document.lines.filter { $0.text.hasPrefix("#") }.map { line in
            let title = line.text.drop { $0 == "#" }.drop { $0 == " " }
            return String(
                title.lowercased().compactMap { character in
                    if character == " " { return "-" }
                    return character.isLetter || character.isNumber || "-_".contains(character) ? character : nil
                })
        }
    }

    private static func missingDocuments(in file: SourceFile, of tree: SourceTree) -> [Finding] {
        file.tokens.filter { $0.kind == .comment && $0.text.contains("docs/") }.flatMap { comment in
            documents(in: comment.text).filter { !tree.holds($0) }.map {
                Finding(file, comment.line, "there is no \($0)")
            }
        }
    }

    static func documents(in comment: String) -> [String] {
        comment.ranges(of: "docs/").compactMap { range in
            let rest = comment[range.lowerBound...].prefix { $0.isLetter || $0.isNumber || "/_-.".contains($0) }
            return rest.firstRange(of: ".md").map { String(rest[..<$0.upperBound]) }
        }
    }
}
