// swift-tools-version: 6.2
// Martlet. SPDX-License-Identifier: Apache-2.0

import PackageDescription

/// What every target is compiled with: Swift 6 mode, explicit and internal imports, checked memory safety, and no
/// warning left standing.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
    .product(name: "NIOSSL", package: "swift-nio-ssl"),
]
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let certificates: [Target.Dependency] = [
    .product(name: "X509", package: "swift-certificates"),
    .product(name: "SwiftASN1", package: "swift-asn1"),
]
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let signals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let yaml: Target.Dependency = .product(name: "Yams", package: "Yams")
let histogram: Target.Dependency = .product(name: "Histogram", package: "hdrhistogram-swift")
let subprocess: Target.Dependency = .product(name: "Subprocess", package: "swift-subprocess")
let deques: Target.Dependency = .product(name: "DequeModule", package: "swift-collections")
let system: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")

/// A library target; arrows go only to a lower layer (docs/ARCHITECTURE.md has the map, TidyTests holds it).
func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies, resources: resources, swiftSettings: strict)
}

let package = Package(
    name: "martlet",
    products: [
        .library(name: "Martlet", targets: ["Martlet"]),
        .library(name: "MartletKV", targets: ["MartletKV"]),
        .library(name: "MartletTestKit", targets: ["MartletTestKit"]),
        .library(name: "MartletSimulation", targets: ["MartletSimulation"]),
        .executable(name: "martlet", targets: ["martlet-cli"]),
        .executable(name: "martlet-attack", targets: ["martlet-attack"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.0"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.5.0"),
    ],
    targets: [
        // Layer 0
        library("MartletTypes"),
        // Layer 1
        library("MartletWire", ["MartletTypes"]),
        library("MartletOptimizer", ["MartletTypes"]),
        library("MartletTestKit", ["MartletTypes"]),
        // Layer 2
        library("MartletCrypto", ["MartletTypes", "MartletWire", crypto]),
        library("MartletCore", ["MartletTypes"]),
        library("MartletClientCore", ["MartletTypes"]),
        library("MartletTransport", ["MartletTypes", "MartletWire", crypto, logging] + nio + certificates),
        library("MartletLog", ["MartletTypes", "MartletWire"]),
        library("MartletKV", ["MartletTypes", "MartletWire"]),
        library("MartletRelay", ["MartletTypes"] + nio.prefix(2)),
        // Layer 3
        library(
            "MartletReplica",
            [
                "MartletCore", "MartletCrypto", "MartletLog", "MartletOptimizer", "MartletTransport", "MartletWire",
                "MartletTypes", deques, lifecycle, logging,
            ]),
        library(
            "MartletClient",
            ["MartletClientCore", "MartletCrypto", "MartletTransport", "MartletWire", "MartletTypes", logging] + nio),
        library(
            "MartletSimulation",
            [
                "MartletCore", "MartletClientCore", "MartletCrypto", "MartletKV", "MartletLog", "MartletOptimizer",
                "MartletWire", "MartletTypes",
            ]),
        // The embedder's one import
        library("Martlet", ["MartletReplica", "MartletClient", "MartletCrypto", "MartletTypes"]),
        // Layer 5
        .executableTarget(
            name: "martlet-cli",
            dependencies: [
                "MartletReplica", "MartletClient", "MartletSimulation", "MartletKV", "MartletCrypto", "MartletLog",
                "MartletTransport",
                "MartletWire", "MartletTypes", "MartletCore", "MartletClientCore", "MartletOptimizer", "MartletRelay",
                arguments, yaml, logging, histogram, subprocess, lifecycle, signals, system,
            ],
            path: "Sources/martlet",
            swiftSettings: strict),
        .executableTarget(
            name: "martlet-attack",
            dependencies: [
                "MartletCore", "MartletCrypto", "MartletKV", "MartletOptimizer", "MartletTransport", "MartletWire",
                "MartletTypes", arguments, logging,
            ] + nio,
            swiftSettings: strict),
        tests(
            "MartletCommandTests",
            [
                "martlet-cli", "martlet-attack", "MartletClient", "MartletCore", "MartletCrypto", "MartletKV",
                "MartletLog", "MartletOptimizer", "MartletReplica",
                "MartletSimulation", "MartletTestKit", "MartletTransport", "MartletTypes", logging,
            ] + nio.prefix(1), resources: [.copy("Scenarios")]),
        tests("MartletWireTests", ["MartletWire", "MartletTypes"], resources: [.copy("Vectors")]),
        tests("MartletTypesTests", ["MartletTypes"]),
        tests("MartletTestKitTests", ["MartletTestKit", "MartletKV", "MartletTypes"]),
        tests("MartletOptimizerTests", ["MartletOptimizer", "MartletSimulation", "MartletTypes"]),
        tests("MartletCoreTests", ["MartletCore", "MartletTypes"], resources: [.copy("Traces")]),
        tests(
            "MartletTransportTests",
            ["MartletTransport", "MartletWire", "MartletTypes", crypto, logging] + nio),
        tests("MartletCryptoTests", ["MartletCrypto", "MartletTypes", "MartletWire"]),
        tests("MartletLogTests", ["MartletLog", "MartletSimulation", "MartletTypes", "MartletWire"]),
        tests("MartletSimulationTests", ["MartletSimulation", "MartletCore", "MartletLog", "MartletTypes"]),
        tests("TidyTests", []),
        tests("MartletRelayTests", ["MartletRelay", "MartletTypes"] + nio.prefix(2)),
        tests("MartletKVTests", ["MartletKV", "MartletTypes", "MartletWire"]),
        tests(
            "MartletReplicaTests",
            [
                "MartletReplica", "MartletCrypto", "MartletTransport", "MartletWire", "MartletTypes", lifecycle,
                logging,
            ] + nio),
        // As an embedder sees it: the public interface, and ports from NIO.
        tests("MartletTests", ["Martlet", logging] + nio.prefix(2)),
        tests("MartletClientCoreTests", ["MartletClientCore", "MartletTypes"]),
        tests(
            "MartletClientTests",
            [
                "MartletClient", "MartletClientCore", "MartletReplica", "MartletCrypto", "MartletTransport",
                "MartletWire", "MartletTypes", logging,
            ] + nio),
    ]
)
