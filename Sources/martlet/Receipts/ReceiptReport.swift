// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MartletCrypto
import MartletTypes

/// What a receipt shows.
struct ReceiptReport {
    let file: String
    let genesis: Genesis
    let receipt: CheckedReceipt

    private var time: String {
        Date(timeIntervalSince1970: Double(receipt.time.rawValue) / 1e6).formatted(.iso8601)
    }

    private var group: String { Hashing.group(of: genesis).hexadecimal }

    var table: String {
        var table = ConsoleTable([.init("receipt"), .init(file)])
        table.add(["group", "\(ForeignText.shown(genesis.name)), \(group)"])
        table.add(["client", "\(receipt.client)"])
        table.add(["operation", operationWords])
        table.add(["result", resultWords])
        table.add(["instance", "\(receipt.instance)"])
        table.add(["agreed time", time])
        table.add(["view", "\(receipt.viewNumber)"])
        table.add(["signed by", signers])
        table.add(["weight", "\(receipt.weight); a quorum weighs \(receipt.quorumWeight)"])
        return table.text
    }

    func tell(_ console: Console) {
        console.say("\(file) is good: the group of that genesis executed this.\n\n\(table)")
        console.report(
            .object([
                "ok": true, "file": .text(file), "group": .text(group), "name": .text(genesis.name),
                "client": .text("\(receipt.client)"),
                "operation": .object(["hex": .text(PrintableBytes.hexadecimal(receipt.operation))]),
                "operationWords": KVWords.operation(receipt.operation).map { .text($0) } ?? .null,
                "result": .object(["hex": .text(PrintableBytes.hexadecimal(receipt.result))]),
                "resultWords": KVWords.result(receipt.result).map { .text($0) } ?? .null,
                "instance": .integer(Int(clamping: receipt.instance.rawValue)), "time": .text(time),
                "view": .integer(Int(clamping: receipt.viewNumber.rawValue)),
                "signers": .list(receipt.signers.map { .integer(Int($0.rawValue)) }),
                "weight": .integer(receipt.weight), "quorumWeight": .integer(receipt.quorumWeight),
            ]))
    }

    private var signers: String {
        receipt.signers.map { "replica \($0)" }.joined(separator: ", ")
    }

    /// Which service it was for the receipt does not say: the words are those of the key-value service where they fit.
    private var operationWords: String { KVWords.operation(receipt.operation) ?? bytes(receipt.operation) }
    private var resultWords: String { KVWords.result(receipt.result) ?? bytes(receipt.result) }

    private func bytes(_ bytes: Bytes) -> String { "\(bytes.count) bytes: \(KVWords.shown(bytes))" }
}
