// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// The text of a key file:
///
///     # Martlet private key. Keep it secret: whoever has it can act in its owner's name.
///     # public key: 64 hexadecimal digits
///     martlet-key 1
///     64 hexadecimal digits
///
/// Lines that begin with `#` and empty lines mean nothing, except that a stated public key must be the seed's own. The
/// first other line names the format and its version, the second is the private seed.
enum KeyFileText {
    static let format = "martlet-key"
    static let version = "1"
    static let publicKeyLabel = "# public key:"
    /// A longer file is no key file.
    static let bytesMax = 4096

    struct Complaint: Error {
        let line: Int
        let text: String
    }

    static func text(of key: SigningKey) -> String {
        guard let seed = Words32(bytes: key.seed) else { preconditionFailure("an Ed25519 seed has 32 bytes") }
        return """
            # Martlet private key. Keep it secret: whoever has it can act in its owner's name.
            \(publicKeyLabel) \(key.publicKey)
            \(format) \(version)
            \(seed.hexadecimal)

            """
    }

    static func key(in text: String) throws(Complaint) -> SigningKey {
        var stated: (key: PublicKey, line: Int)?
        var content: [(text: Substring, line: Int)] = []
        for (place, rest) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let line = trimmed(rest)
            if line.hasPrefix(publicKeyLabel) {
                stated = (try publicKey(in: line, at: place + 1), place + 1)
            } else if !line.isEmpty && !line.hasPrefix("#") {
                content.append((line, place + 1))
            }
        }
        try checkHeader(content.first)
        guard content.count > 1 else { throw Complaint(line: 0, text: "the private seed is missing") }
        guard content.count == 2 else {
            throw Complaint(line: content[2].line, text: "nothing may follow the private seed")
        }
        let key = try signingKey(in: content[1].text, at: content[1].line)
        if let stated, stated.key != key.publicKey {
            throw Complaint(line: stated.line, text: "this public key is not that of the private seed below")
        }
        return key
    }

    // MARK: One line

    private static func checkHeader(_ header: (text: Substring, line: Int)?) throws(Complaint) {
        guard let header else { throw Complaint(line: 0, text: "it is empty") }
        let words = header.text.split(separator: " ")
        guard words.count == 2, words[0] == format else {
            throw Complaint(line: header.line, text: "expected \"\(format) \(version)\"")
        }
        guard words[1] == version else {
            throw Complaint(line: header.line, text: "this program knows version \(version) of key files only")
        }
    }

    private static func publicKey(in line: Substring, at number: Int) throws(Complaint) -> PublicKey {
        guard let key = PublicKey(hexadecimal: String(trimmed(line.dropFirst(publicKeyLabel.count)))) else {
            throw Complaint(line: number, text: "a public key is 64 hexadecimal digits")
        }
        return key
    }

    private static func signingKey(in line: Substring, at number: Int) throws(Complaint) -> SigningKey {
        guard let words = Words32(hexadecimal: String(line)), let key = SigningKey(seed: words.bytes) else {
            // The line itself is a secret, so it is not shown.
            throw Complaint(line: number, text: "a private seed is 64 hexadecimal digits")
        }
        return key
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return text.drop { $0.isWhitespace }
    }
}
