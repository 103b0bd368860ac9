// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// Private keys at rest: one text file per key (its format is `KeyFileText`'s), for its owner alone.
public enum KeyFile {
    /// Writes a new file with mode 0600. An existing file is never overwritten, and nothing half-written stays behind.
    public static func create(at path: String, with key: SigningKey) throws(KeyFileError) {
        let file = try SecretFile(creating: path)
        do {
            try file.writeAll(Array(KeyFileText.text(of: key).utf8))
        } catch {
            file.remove()
            throw error
        }
        try SecretFile.syncDirectory(of: path)
    }

    /// Reads a key; refuses a file that others than its owner may read or change.
    public static func read(at path: String) throws(KeyFileError) -> SigningKey {
        let bytes = try SecretFile(reading: path).readAll(bytesMax: KeyFileText.bytesMax)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw KeyFileError(path, .malformed(line: 0, "it is not text"))
        }
        do {
            return try KeyFileText.key(in: text)
        } catch {
            throw KeyFileError(path, .malformed(line: error.line, error.text))
        }
    }
}
