// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// Files that break a rule on purpose.
enum Planted {
    static func swift(_ text: String, in target: String = "MartletCore") -> SourceFile {
        SourceFile(path: "Sources/\(target)/Planted.swift", text: text)
    }

    static func document(_ text: String, at path: String = "docs/PLANTED.md") -> SourceFile {
        SourceFile(path: path, text: text)
    }
}
