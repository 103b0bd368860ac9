// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MartletCrypto
import MartletTypes
import Testing

@Suite("Key files")
struct KeyFileTests {
    /// A directory of the test's own, gone after it.
    final class Directory {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("martlet-\(UUID().uuidString)").path

        init() throws {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        }

        deinit {
            do {
                try FileManager.default.removeItem(atPath: path)
            } catch {
                print("could not remove \(path): \(error)")
            }
        }

        func file(_ name: String) -> String { path + "/" + name }

        func write(_ text: String, mode: Int = 0o600) throws -> String {
            let file = file(UUID().uuidString)
            try Data(text.utf8).write(to: URL(fileURLWithPath: file))
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
            return file
        }
    }

    static let key = TestGroup.key(7)
    static var text: String {
        """
        # Martlet private key. Keep it secret: whoever has it can act in its owner's name.
        # public key: \(key.publicKey)
        martlet-key 1
        \(String(repeating: "07", count: 32))

        """
    }

    func problem(reading path: String) -> KeyFileError.Problem? {
        do {
            _ = try KeyFile.read(at: path)
            return nil
        } catch {
            // What a person is told always names the file.
            #expect(error.description.contains(path))
            return error.problem
        }
    }

    @Test("what is created is read again, by its owner alone, in exactly the documented form")
    func roundTrip() throws {
        let directory = try Directory()
        let path = directory.file("a.key")
        try KeyFile.create(at: path, with: Self.key)
        #expect(try KeyFile.read(at: path).seed == Self.key.seed)
        #expect(try String(contentsOfFile: path, encoding: .utf8) == Self.text)
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
    }

    @Test("a key is never overwritten, not through a dangling link either")
    func exclusive() throws {
        let directory = try Directory()
        let path = directory.file("a.key")
        try KeyFile.create(at: path, with: Self.key)
        #expect(throws: KeyFileError.self) { try KeyFile.create(at: path, with: SigningKey()) }
        #expect(try KeyFile.read(at: path).seed == Self.key.seed)

        let link = directory.file("link.key")
        let target = directory.file("nowhere")
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: target)
        do {
            try KeyFile.create(at: link, with: Self.key)
            Issue.record("written through a link")
        } catch {
            #expect(error.problem == .exists)
        }
        #expect(!FileManager.default.fileExists(atPath: target))
    }

    @Test(
        "a file open to group or others is refused, saying what to do",
        arguments: [0o640, 0o604, 0o644, 0o620, 0o610, 0o601])
    func permissions(mode: Int) throws {
        let directory = try Directory()
        let path = try directory.write(Self.text, mode: mode)
        #expect(problem(reading: path) == .permissionsTooOpen(mode: UInt16(mode)))
        do {
            _ = try KeyFile.read(at: path)
        } catch {
            #expect(error.description.contains("chmod 600 \(path)"))
            #expect(error.description.contains(String(mode, radix: 8)))
        }
        try FileManager.default.setAttributes([.posixPermissions: 0o400], ofItemAtPath: path)
        #expect(problem(reading: path) == nil)
    }

    @Test("a missing file, a directory and a device are told apart from damage")
    func notAFile() throws {
        let directory = try Directory()
        #expect(problem(reading: directory.file("none")) == .missing)
        #expect(problem(reading: directory.path) == .notAFile)
        #expect(problem(reading: "/dev/null") == .notAFile)
        do {
            try KeyFile.create(at: directory.file("no/such/a.key"), with: Self.key)
            Issue.record("created without a directory")
        } catch {
            guard case .system(operation: "create", _) = error.problem else {
                Issue.record("\(error)")
                return
            }
        }
    }

    @Test("comments, empty lines, blanks and line ends of other systems do not matter")
    func tolerated() throws {
        let directory = try Directory()
        let seed = String(repeating: "07", count: 32)
        for text in [
            "martlet-key 1\n\(seed)", "martlet-key 1\r\n\(seed)\r\n",
            "\n# mine\n\nmartlet-key 1\n# it\n  \(seed)  \n\n",
        ] {
            #expect(problem(reading: try directory.write(text)) == nil)
        }
    }

    @Test("each kind of damage is named with its line")
    func malformed() throws {
        let directory = try Directory()
        let seed = String(repeating: "07", count: 32)
        let foreign = TestGroup.key(8).publicKey
        let cases: [(String, Int)] = [
            ("", 0),
            ("# only a comment\n", 0),
            ("martlet-key 1\n", 0),
            ("\(seed)\n", 1),
            ("martlet-key 2\n\(seed)\n", 1),
            ("martlet-key\n\(seed)\n", 1),
            ("martlet-key 1\n\(seed.dropLast())\n", 2),
            ("martlet-key 1\n\(seed)0\n", 2),
            ("martlet-key 1\n\(seed.dropLast())g\n", 2),
            ("martlet-key 1\n\(seed)\n\(seed)\n", 3),
            ("# public key: 12\nmartlet-key 1\n\(seed)\n", 1),
            ("# public key: \(foreign)\nmartlet-key 1\n\(seed)\n", 1),
            (String(repeating: "#", count: 5000), 0),
        ]
        for (text, expected) in cases {
            guard case .malformed(let line, let complaint) = problem(reading: try directory.write(text)) else {
                Issue.record("taken: \(text)")
                continue
            }
            #expect(line == expected, "\(complaint)")
            #expect(!complaint.contains("0707"))
        }
    }

    @Test("bytes that are no text are refused")
    func notText() throws {
        let directory = try Directory()
        let path = try directory.write("")
        try Data([0xff, 0xfe, 0x00]).write(to: URL(fileURLWithPath: path))
        #expect(problem(reading: path) == .malformed(line: 0, "it is not text"))
    }
}
