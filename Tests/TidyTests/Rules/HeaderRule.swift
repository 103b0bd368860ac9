// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// Every source file begins with the project's name, its licence and an empty line.
enum HeaderRule {
    private static let lines = [
        "// Martlet, adaptive Byzantine fault-tolerant replication.",
        "// SPDX-License-Identifier: Apache-2.0",
        "",
    ]

    static func findings(in file: SourceFile) -> [Finding] {
        // A manifest begins with the version of its tools.
        guard file.isSwift, !file.path.hasSuffix("Package.swift") else { return [] }
        for (place, line) in lines.enumerated() {
            let found = file.lines.dropFirst(place).first?.text ?? ""
            if found != line { return [Finding(file, place + 1, "expected \"\(line)\" in the header")] }
        }
        return []
    }
}
