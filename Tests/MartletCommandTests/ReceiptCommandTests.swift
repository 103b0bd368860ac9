// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import MartletCrypto
import MartletKV
import MartletTypes
import Testing

@testable import martlet_cli

/// `martlet receipt verify`: what it takes, what it refuses and what it says.
@Suite struct ReceiptCommandTests {
    private let scratch: Scratch
    private let genesis: Genesis
    private let genesisFile: String
    private let client = ClientID(Sample.keys[6].publicKey)

    init() throws {
        scratch = try Scratch()
        genesisFile = try scratch.file("genesis.yaml", Sample.text())
        genesis = try GenesisFile.read(genesisFile)
    }

    private func receipt(
        _ operation: Bytes = KVOperation.put(key: [0x6B], value: [0x76]).payload,
        _ result: Bytes = KVResult.done.payload, by signers: [Int] = [0, 1, 3]
    ) -> Receipt {
        let group = Hashing.group(of: genesis)
        let request = Request(
            id: RequestID(
                client: client, session: SessionID(instance: Instance(3), place: 0), sequence: SequenceNumber(1)),
            kind: .operation, repliesKeptFrom: SequenceNumber(1), payload: operation)
        let provenance = Provenance(
            request: Hashing.digest(of: request, group: group), instance: Instance(17),
            time: Timestamp(1_700_000_000_000_000))
        let claim = ReceiptClaim(request: request.id, view: .genesis, provenance: provenance, result: result)
        let shares = signers.map { signer in
            let id = ReplicaID(UInt16(signer))
            let sealer = Sealer(group: group, replica: id, key: Sample.keys[signer], scheme: Ed25519Scheme())
            return SignatureShare(replica: id, signature: sealer.share(of: claim).signature)
        }
        return Receipt(
            group: group, chain: [], view: .genesis, request: request, result: result, instance: provenance.instance,
            time: provenance.time, shares: shares)
    }

    private func file(_ bytes: Bytes, _ name: String = "receipt") throws -> String {
        let path = scratch.path + "/" + name
        try Data(bytes).write(to: URL(filePath: path))
        return path
    }

    private func verify(_ file: String, _ arguments: [String] = []) async throws {
        let command = try #require(
            try ReceiptCommand.parseAsRoot(["verify", file, "--genesis", genesisFile] + arguments)
                as? ReceiptCommand.Verify)
        try await command.run()
    }

    private func complaint(_ file: String) -> String {
        do {
            _ = try ReceiptCommand.Verify.report(on: file, genesis)
            return "taken"
        } catch {
            return "\(error)"
        }
    }

    @Test func aReceiptIsVerifiedOfflineAndSaysWhatItShows() async throws {
        let file = try file(receipt().fileBytes())
        try await verify(file)
        try await verify(file, ["--json"])
        let table = try ReceiptCommand.Verify.report(on: file, genesis).table
        for words in [
            "sample, \(Hashing.group(of: genesis).hexadecimal)", "\(client)", "put k = v", "stored", "17",
            "2023-11-14T22:13:20Z", "replica 0, replica 1, replica 3", "3; a quorum weighs 3",
        ] {
            #expect(table.contains(words), "\(words) is not in\n\(table)")
        }
    }

    @Test func aForgedOneIsRefusedWithWhatIsWrong() async throws {
        let good = try receipt().fileBytes()
        // The value that was put, as it stands in the file.
        let place = try #require(good.indices.first { $0 > 5 && good[$0] == 0x76 && good[$0 - 5] == 0x6B })
        var forged = good
        forged[place] = 0x77
        let path = try file(forged)
        await #expect(throws: ExitCode(1)) { try await verify(path) }
        #expect(complaint(path).contains("replica 0 has not signed this"), "\(complaint(path))")
        let light = try file(receipt(by: [0, 1]).fileBytes(), "light")
        #expect(complaint(light).hasSuffix("its signers weigh 2, but a quorum weighs at least 3"))
        await #expect(throws: ExitCode(1)) { try await verify(light, ["--json"]) }
        let cut = try file(Bytes(good.dropLast(30)), "cut")
        #expect(complaint(cut).contains("it is damaged"), "\(complaint(cut))")
        let other = try scratch.file("other.yaml", Sample.text(7))
        await #expect(throws: ExitCode(1)) {
            let command = try #require(
                try ReceiptCommand.parseAsRoot(["verify", try file(good, "good"), "--genesis", other])
                    as? ReceiptCommand.Verify)
            try await command.run()
        }
    }

    @Test func whatIsNoReceiptIsRefused() throws {
        #expect(complaint(scratch.path + "/none").contains("No such file"), "\(complaint(scratch.path + "/none"))")
        #expect(complaint(scratch.path).hasSuffix("is not a file"))
        #expect(complaint("/dev/zero").hasSuffix("is not a file"))
        #expect(complaint(genesisFile).hasSuffix("it is no receipt"))
        #expect(complaint(try file([], "empty")).hasSuffix("it is no receipt"))
        let large = scratch.path + "/large"
        try Data().write(to: URL(filePath: large))
        let handle = try FileHandle(forWritingTo: URL(filePath: large))
        try handle.truncate(atOffset: 1 << 40)
        try handle.close()
        #expect(complaint(large).contains("larger than any receipt"))
        #expect(throws: (any Error).self) { try ReceiptCommand.parseAsRoot(["verify", large]) }
    }

    @Test func whatIsNoKeyValueOperationIsShownAsBytes() throws {
        let file = try file(receipt([0xFF, 0], [0x1B, 0x5B]).fileBytes())
        let table = try ReceiptCommand.Verify.report(on: file, genesis).table
        #expect(table.contains("2 bytes: 0xff00") && table.contains("2 bytes: 0x1b5b"), "\(table)")
    }

    @Test func operationsAreToldInAShortLine() {
        let long = Bytes(repeating: 0x61, count: 100_000)
        for operation in [
            KVOperation.put(key: [0x6B], value: long), .delete(key: [0x6B]), .increment(key: [0x6B], delta: -3),
            .compareAndSwap(key: [0x6B], expected: nil, replacement: long), .batch([.delete(key: [1])]),
            .get(key: [0x6B]), .scan(KVScan(from: [], to: nil, limit: 4)),
        ] {
            let words = KVWords.operation(operation.payload)
            #expect((5...200).contains(words?.count ?? 0), "\(words ?? "none")")
        }
        #expect(
            KVWords.operation(KVOperation.put(key: [0x0A], value: Bytes("\u{202E}x".utf8)).payload)
                == "put 0x0a = \\u{202e}x")
        for result in [
            KVResult.value(nil), .done, .deleted(existed: true), .swapped, .mismatch(current: [1]), .integer(4),
            .batch([.done]), .batchRefused(place: 1, reason: .refused(.full)), .refused(.notAnInteger),
            .page(KVPage(items: [], next: nil)),
        ] {
            #expect((1...200).contains(KVWords.result(result.payload)?.count ?? 0))
        }
    }
}
