// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// What each target may import: the arrows of docs/ARCHITECTURE.md, which go only to a lower layer.
enum AllowedImports {
    private static let collections: Set = [
        "Collections", "BitCollections", "DequeModule", "HashTreeCollections", "HeapModule", "OrderedCollections",
    ]
    private static let system: Set = ["Darwin", "Glibc", "Musl", "Synchronization"]
    private static let foundation: Set = ["Dispatch", "Foundation", "FoundationEssentials"]
    private static let nio: Set = ["NIOConcurrencyHelpers", "NIOCore", "NIOPosix", "NIOSSL"]

    /// By the folder of the target below Sources.
    static let table: [String: Set<String>] = [
        // Layer 0
        "MartletTypes": collections,
        // Layer 1
        "MartletWire": ["MartletTypes"],
        "MartletOptimizer": ["MartletTypes"],
        "MartletTestKit": ["MartletTypes"],
        // Layer 2
        "MartletCrypto": system.union(["Crypto", "MartletTypes", "MartletWire"]),
        "MartletCore": collections.union(["MartletTypes"]),
        "MartletClientCore": collections.union(["MartletTypes"]),
        "MartletTransport": system.union(foundation).union(nio).union([
            "Crypto", "Logging", "MartletTypes", "MartletWire", "SwiftASN1", "X509",
        ]),
        "MartletLog": ["Darwin", "Glibc", "MartletTypes", "MartletWire", "Musl"],
        "MartletKV": ["MartletTypes", "MartletWire"],
        "MartletRelay": ["MartletTypes", "NIOCore", "NIOPosix", "Synchronization"],
        // Layer 3
        "MartletReplica": system.union(foundation).union(collections).union([
            "Logging", "MartletCore", "MartletCrypto", "MartletLog", "MartletOptimizer", "MartletTransport",
            "MartletTypes", "MartletWire", "Metrics", "ServiceLifecycle",
        ]),
        "MartletClient": system.union(foundation).union(collections).union(nio).union([
            "Logging", "MartletClientCore", "MartletCrypto", "MartletTransport", "MartletTypes", "MartletWire",
        ]),
        "MartletSimulation": collections.union([
            "MartletClientCore", "MartletCore", "MartletCrypto", "MartletKV", "MartletLog", "MartletOptimizer",
            "MartletTypes", "MartletWire", "Synchronization",
        ]),
        "Martlet": ["MartletClient", "MartletCrypto", "MartletReplica", "MartletTypes"],
        // Layer 5
        "martlet": system.union(foundation).union([
            "ArgumentParser", "Histogram", "Logging", "MartletClient", "MartletClientCore", "MartletCore",
            "MartletCrypto", "MartletKV", "MartletLog", "MartletOptimizer", "MartletRelay", "MartletReplica",
            "MartletSimulation", "MartletTransport",
            "MartletTypes", "MartletWire", "ServiceLifecycle", "Subprocess", "SystemPackage", "UnixSignals", "Yams",
        ]),
        // Hostile peers: they stand beside everything, and nothing stands on them (SeparationRule).
        "martlet-attack": system.union(foundation).union(nio).union([
            "ArgumentParser", "Logging", "MartletCore", "MartletCrypto", "MartletKV", "MartletOptimizer",
            "MartletTransport", "MartletTypes", "MartletWire",
        ]),
    ]
}
