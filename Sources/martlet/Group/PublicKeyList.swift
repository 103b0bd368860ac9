// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MartletCrypto
import MartletTypes

/// Public keys as a person names them: by their digits, or by a file.
enum PublicKeyList {
    /// 64 hexadecimal digits, or the name of a key file.
    static func key(_ text: String) throws -> PublicKey {
        if let key = PublicKey(hexadecimal: text) { return key }
        guard FileManager.default.fileExists(atPath: text) else {
            throw CommandFailure("'\(text)' is neither a public key (64 hexadecimal digits) nor a key file")
        }
        return try KeyFile.read(at: text).publicKey
    }

    /// A text file with one public key a line; empty lines and what follows `#` mean nothing.
    static func keys(inFile file: String) throws -> [PublicKey] {
        let text: String
        do {
            text = try String(contentsOfFile: file, encoding: .utf8)
        } catch {
            throw CommandFailure("the list of keys \(file) cannot be read: \(FileFailure(error))")
        }
        return try keys(in: text, file: file)
    }

    static func keys(in text: String, file: String) throws(ConfigurationError) -> [PublicKey] {
        var keys: [PublicKey] = []
        for (place, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let word = line.prefix { $0 != "#" }.filter { !$0.isWhitespace }
            guard !word.isEmpty else { continue }
            guard let key = PublicKey(hexadecimal: String(word)) else {
                throw ConfigurationError(
                    file: file, line: place + 1, complaint: "'\(word)' is not a public key (64 hexadecimal digits)")
            }
            guard !keys.contains(key) else {
                throw ConfigurationError(file: file, line: place + 1, complaint: "this key is listed twice")
            }
            keys.append(key)
        }
        return keys
    }
}
