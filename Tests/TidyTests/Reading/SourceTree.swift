// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The package's files as they lie in its folder.
struct SourceTree {
    let files: [SourceFile]
    private let paths: Set<String>

    init(files: [SourceFile], folders: [String] = []) {
        self.files = files
        paths = Set(files.map(\.path) + folders)
    }

    func holds(_ path: String) -> Bool { paths.contains(path) }

    /// The tree that this very file belongs to, read once.
    static let here: Result<SourceTree, any Error> = Result { try SourceTree(at: root) }

    private static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// What builds and runs leave behind; never part of the package.
    private static func isLeftover(_ name: String) -> Bool {
        [".git", ".swiftpm", "Package.resolved"].contains(name) || name.hasPrefix(".build")
            || name.hasPrefix("martlet-demo") || name.hasSuffix(".profraw")
    }

    private init(at root: URL) throws {
        var files: [SourceFile] = []
        var folders: [String] = []
        func read(_ folder: URL, _ prefix: String) throws {
            for name in try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() {
                guard !Self.isLeftover(name) else { continue }
                let (entry, path) = (folder.appending(path: name), prefix + name)
                // A link leads to what is read where it lies.
                if try entry.resourceValues(forKeys: [.isSymbolicLinkKey]).isSymbolicLink == true { continue }
                var isFolder: ObjCBool = false
                guard unsafe FileManager.default.fileExists(atPath: entry.path, isDirectory: &isFolder) else {
                    continue
                }
                if isFolder.boolValue {
                    folders.append(path)
                    try read(entry, path + "/")
                } else if let text = String(validating: try Data(contentsOf: entry), as: UTF8.self) {
                    files.append(SourceFile(path: path, text: text))
                }
            }
        }
        try read(root, "")
        self.init(files: files, folders: folders)
    }
}
