// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MartletTypes
import MartletWire
import Testing

/// The format is frozen: each kind's bytes are kept in `Vectors/NAME.hex` and compared byte for byte. A difference means
/// that replicas of two versions would not understand each other, or would sign and hash different bytes.
///
/// A new kind: add it to `Kinds`, then run once with `MARTLET_WRITE_VECTORS=1` in the environment, which writes the
/// files that are missing and never changes one that is there. To change the format on purpose, raise
/// `WireFormat.version` and delete the files by hand.
@Suite struct VectorTests {
    @Test(arguments: Kinds.all)
    func messagesAreWrittenAsEver(_ kind: Kind) throws {
        var bytes: Bytes = []
        // Several samples in one file, each after its length, so that optional parts are seen present and absent.
        for seed in 100..<106 as Range<UInt64> {
            var generator = Generator(seed: seed)
            let sample = kind.sample(&generator)
            bytes += length(sample.count) + sample
        }
        try compare(kind.name, bytes)
    }

    @Test func whatIsSignedIsWrittenAsEver() throws {
        var generator = Generator(seed: 200)
        let group = Digest.sample(&generator)
        let replica = Principal.replica(.sample(&generator))
        let statements: [(String, Statement, Principal)] = [
            ("accept", .accept(.sample(&generator)), replica),
            ("checkpoint", .checkpoint(.sample(&generator)), replica),
            ("stopData", .stopData(.sample(&generator)), replica),
            ("sync", .sync(.sample(&generator)), replica),
            (
                "requests", .requests([.sample(&generator), .sample(&generator)]),
                .client(.sample(&generator))
            ),
            ("install", .install(.sample(&generator)), replica),
            ("reconfiguration", .reconfiguration(.sample(&generator)), .client(.sample(&generator))),
            ("operation", .operation(.sample(&generator)), replica),
            ("receipt", .receipt(.sample(&generator)), replica),
        ]
        for (name, statement, sender) in statements {
            try compare("signed-\(name)", statement.bytes(group: group, sender: sender))
        }
    }

    @Test func whatIsHashedIsWrittenAsEver() throws {
        var generator = Generator(seed: 300)
        let group = Digest.sample(&generator)
        try compare("hashed-request", HashInput.request(.sample(&generator), group: group).bytes)
        try compare(
            "hashed-rejoin",
            HashInput.request(
                .rejoin(
                    Rejoin(view: ViewNumber(3), incarnation: 0x0102_0304_0506_0708), number: SequenceNumber(5),
                    by: .sample(&generator)), group: group
            ).bytes)
        try compare("hashed-batch", HashInput.batch(.sample(&generator), group: group).bytes)
        try compare("hashed-genesis", HashInput.genesis(.sample(&generator)).bytes)
        try compare("hashed-view", HashInput.view(.sample(&generator)).bytes)
        try compare("hashed-chunk", HashInput.chunk([1, 2, 3]).bytes)
        try compare("hashed-node", HashInput.node(.sample(&generator), .sample(&generator)).bytes)
        try compare(
            "hashed-manifest",
            HashInput.manifest(root: .sample(&generator), imageChunks: 1, chunks: 3, bytes: 77).bytes)
        try compare("hashed-result", HashInput.result([1, 2, 3]).bytes)
    }

    /// Every kept file belongs to something that is still compared.
    @Test func noVectorIsLeftOver() throws {
        let signed = [
            "accept", "checkpoint", "stopData", "sync", "requests", "install", "reconfiguration", "operation",
            "receipt",
        ]
        .map { "signed-\($0)" }
        let hashed = ["request", "rejoin", "batch", "genesis", "view", "chunk", "node", "manifest", "result"].map {
            "hashed-\($0)"
        }
        let known = Set((Kinds.all.map(\.name) + signed + hashed).map { "\($0).hex" })
        let kept = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
        #expect(kept.filter { $0.hasSuffix(".hex") && !known.contains($0) } == [])
    }

    // MARK: - Files

    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Vectors")

    private func length(_ count: Int) -> Bytes {
        [UInt8(truncatingIfNeeded: count >> 8), UInt8(truncatingIfNeeded: count)]
    }

    private func compare(_ name: String, _ bytes: Bytes) throws {
        let file = Self.folder.appending(path: "\(name).hex")
        let text = Self.hexadecimal(bytes)
        let isThere = FileManager.default.fileExists(atPath: file.path)
        if !isThere, ProcessInfo.processInfo.environment["MARTLET_WRITE_VECTORS"] == "1" {
            try text.write(to: file, atomically: true, encoding: .utf8)
            return
        }
        try #require(isThere, "no vector \(name).hex: run once with MARTLET_WRITE_VECTORS=1")
        let kept = try String(contentsOf: file, encoding: .utf8)
        #expect(kept == text, "\(name) is not written as it was")
    }

    /// Lines of 32 bytes.
    private static func hexadecimal(_ bytes: Bytes) -> String {
        var text = ""
        for start in stride(from: 0, to: bytes.count, by: 32) {
            for byte in bytes[start..<min(start + 32, bytes.count)] {
                text += byte < 16 ? "0" + String(byte, radix: 16) : String(byte, radix: 16)
            }
            text += "\n"
        }
        return text
    }
}
