// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MartletTypes
import MartletWire

/// An operation on a group as a file, on its way from who proposes it past those who sign it to who submits it:
///
///     martlet operation 1
///     # What it asks for, for people; comments mean nothing.
///     group 0836b39b7870dde8…
///     AAAAAAAAAAEAAAAAAAAAAQ…
///
/// The last lines are the operation with its signatures as it travels, in base64.
struct OperationFile: Equatable {
    /// The longest file that is read.
    static let bytesMax = 64 << 10
    private static let title = "martlet operation"
    private static let format = 1
    private static let charactersPerLine = 76

    let group: Digest
    var operation: Reconfiguration

    init(group: Digest, operation: Reconfiguration) {
        self.group = group
        self.operation = operation
    }

    // MARK: Text

    var text: String {
        var lines = ["\(Self.title) \(Self.format)"]
        lines += OperationText(operation).lines.map { "# \($0)" }
        lines.append("# The lines below are what counts: see it with martlet admin show.")
        lines.append("group \(group.hexadecimal)")
        var rest = Substring(Data(operation.encoded()).base64EncodedString())
        while !rest.isEmpty {
            lines.append(String(rest.prefix(Self.charactersPerLine)))
            rest = rest.dropFirst(Self.charactersPerLine)
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Any bytes give an operation or an error that names the line.
    init(parsing bytes: some Collection<UInt8>, file: String) throws(ConfigurationError) {
        func complaint(_ line: Int, _ words: String) -> ConfigurationError {
            ConfigurationError(file: file, line: line, complaint: words)
        }
        guard bytes.count <= Self.bytesMax else {
            throw complaint(0, "it is longer than \(Self.bytesMax) bytes, and no operation is")
        }
        var lines: [(number: Int, text: String)] = []
        for (place, part) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            guard let text = String(validating: part, as: UTF8.self) else {
                throw complaint(place + 1, "it is not text")
            }
            let words = text.trimmingCharacters(in: .whitespacesAndNewlines)
            if place == 0 || !(words.isEmpty || words.hasPrefix("#")) { lines.append((place + 1, words)) }
        }
        try Self.check(title: lines.first?.text ?? "", complaint)
        guard lines.count > 1 else { throw complaint(0, "it ends before it names its group") }
        let words = lines[1].text.split(separator: " ")
        guard words.count == 2, words[0] == "group", let group = Digest(hexadecimal: String(words[1])) else {
            throw complaint(lines[1].number, "expected: group, and its id of 64 hexadecimal digits")
        }
        guard lines.count > 2 else { throw complaint(0, "it ends before its operation") }
        for line in lines[2...] {
            guard let odd = line.text.unicodeScalars.first(where: { !Self.isBase64($0) }) else { continue }
            throw complaint(
                line.number, "'\(ForeignText.shown(String(odd)))' does not belong into an operation in base64")
        }
        guard let data = Data(base64Encoded: lines[2...].map(\.text).joined()) else {
            throw complaint(lines[2].number, "the operation from here on is not whole")
        }
        self.group = group
        do throws(WireError) {
            operation = try Reconfiguration(decoding: Bytes(data))
        } catch {
            throw complaint(lines[2].number, "what is written here is no operation on a group: \(error)")
        }
    }

    private static func check(
        title: String, _ complaint: (Int, String) -> ConfigurationError
    ) throws(ConfigurationError) {
        guard title.hasPrefix(Self.title + " ") else {
            throw complaint(1, "it is no operation on a group: its first line is not '\(Self.title) \(format)'")
        }
        guard title == "\(Self.title) \(format)" else {
            let found = ForeignText.shown(String(title.dropFirst(Self.title.count + 1).prefix(20)))
            throw complaint(1, "it has the format \(found), and this program reads format \(format)")
        }
    }

    private static func isBase64(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "A"..."Z", "a"..."z", "0"..."9", "+", "/", "=": true
        default: false
        }
    }

    // MARK: Files

    static func read(_ path: String) throws -> OperationFile {
        let bytes: Data
        do {
            let handle = try FileHandle(forReadingFrom: URL(filePath: path))
            bytes = try handle.read(upToCount: bytesMax + 1) ?? Data()
            try handle.close()
        } catch {
            throw CommandFailure("the operation \(path) cannot be read: \(FileFailure(error))")
        }
        return try OperationFile(parsing: bytes, file: path)
    }

    /// Whoever reads the file meanwhile finds all of the old one or all of the new one.
    func write(to path: String, isNew: Bool) throws {
        if isNew, FileManager.default.fileExists(atPath: path) {
            throw CommandFailure("\(path) exists already, and nothing is overwritten: name another file")
        }
        do {
            try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw CommandFailure("\(path) cannot be written: \(FileFailure(error))")
        }
    }

    /// Whoever signs or submits it for one group must not take another one's.
    func require(group: Digest, of genesis: Genesis, file: String) throws {
        guard self.group != group else { return }
        throw CommandFailure(
            "\(file) is for another group: for the one with the id \(self.group.hexadecimal), and not for "
                + "\(ForeignText.shown(genesis.name)), which has the id \(group.hexadecimal)")
    }
}
