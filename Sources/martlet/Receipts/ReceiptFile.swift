// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MartletCrypto
import MartletTypes

/// A receipt in a file.
struct ReceiptFile {
    let path: String

    /// Makes the file, empty, before anything is done that the receipt will be of: where it cannot be written nothing is done at all.
    init(creating path: String) throws(CommandFailure) {
        do {
            try Data().write(to: URL(filePath: path), options: .withoutOverwriting)
        } catch {
            throw CommandFailure("the receipt \(path) cannot be written, so nothing was done: \(FileFailure(error))")
        }
        self.path = path
    }

    func write(_ receipt: Receipt) throws(CommandFailure) {
        do {
            try Data(receipt.fileBytes()).write(to: URL(filePath: path))
        } catch let error as ReceiptError {
            throw CommandFailure("the receipt \(path) cannot be written: \(error)")
        } catch {
            throw CommandFailure("the receipt \(path) cannot be written: \(FileFailure(error))")
        }
    }

    /// Nothing came of it.
    func discard() {
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            Console.note("\(path) is empty and cannot be removed: \(FileFailure(error))")
        }
    }

    /// No more of it is read than a receipt can have, and nothing but a file: others may be endless.
    static func read(_ path: String) throws -> Receipt {
        let bytes: Bytes
        do {
            let place = URL(filePath: path).resolvingSymlinksInPath()
            let attributes = try FileManager.default.attributesOfItem(atPath: place.path(percentEncoded: false))
            guard attributes[.type] as? FileAttributeType == .typeRegular else {
                throw CommandFailure("\(path) is not a file")
            }
            let handle = try FileHandle(forReadingFrom: place)
            defer { handle.closeFile() }
            bytes = Bytes(try handle.read(upToCount: Receipt.bytesMax + 1) ?? Data())
        } catch let failure as CommandFailure {
            throw failure
        } catch {
            throw CommandFailure("\(path) cannot be read: \(FileFailure(error))")
        }
        return try Receipt(fileBytes: bytes)
    }
}
