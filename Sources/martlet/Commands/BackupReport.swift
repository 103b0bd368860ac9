// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MartletReplica
import MartletTypes

/// What is in a backup.
struct BackupReport {
    let backup: Backup
    let file: String

    private var time: String {
        Date(timeIntervalSince1970: Double(backup.time.rawValue) / 1e6).formatted(.iso8601)
    }

    var table: String {
        var table = ConsoleTable([.init("backup"), .init(file)])
        table.add(["group", "\(ForeignText.shown(backup.genesis.name)), \(backup.origin.group.hexadecimal)"])
        table.add(["after instance", "\(backup.instance)"])
        table.add(["agreed time", time])
        table.add(["state", "\(backup.stateBytes) bytes in \(backup.chunks) chunks"])
        table.add(["digest", backup.origin.digest.hexadecimal])
        table.add(["signed by", "\(backup.signatures) members of view \(backup.view)"])
        table.add(["written by", "Martlet \(backup.software)"])
        return table.text
    }

    /// `passedOver`: what is wrong with a newer checkpoint.
    func tell(_ console: Console, _ sentence: String, passedOver: BackupError? = nil) {
        console.say("\(sentence)\n\n\(table)")
        console.report(
            .object([
                "ok": true, "file": .text(file), "group": .text(backup.origin.group.hexadecimal),
                "name": .text(backup.genesis.name), "instance": .integer(Int(clamping: backup.instance.rawValue)),
                "view": .integer(Int(clamping: backup.view.rawValue)), "time": .text(time),
                "stateBytes": .integer(backup.stateBytes), "chunks": .integer(backup.chunks),
                "digest": .text(backup.origin.digest.hexadecimal), "signatures": .integer(backup.signatures),
                "software": .text(backup.software),
                "passedOver": passedOver.map { .text($0.description) } ?? .null,
            ]))
    }
}
