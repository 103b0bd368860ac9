// swift-tools-version: 6.2
// Martlet. SPDX-License-Identifier: Apache-2.0

import PackageDescription

// A package of its own, because everything in it is compiled for libFuzzer and AddressSanitizer; what comes from others
// is not. `Sources` is a link to the sources of the package above, of which each target takes what it needs:
// so declarations of `package` access are seen, and nothing has to be opened for fuzzing.

let sanitizers = ["-sanitize=fuzzer,address"]

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    // What is internal can be reached in an optimised build too. (Strict memory safety is the main build's to check.)
    .unsafeFlags(sanitizers + ["-enable-testing", "-parse-as-library"]),
]

func library(_ name: String, _ dependencies: [Target.Dependency], sources: [String]? = nil) -> Target {
    .target(
        name: name, dependencies: dependencies, path: "Sources/\(name)", sources: sources, swiftSettings: settings)
}

let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let nio: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let yaml: Target.Dependency = .product(name: "Yams", package: "Yams")

let package = Package(
    name: "martlet-fuzz",
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
    ],
    targets: [
        library("MartletTypes", []),
        library("MartletWire", ["MartletTypes"]),
        library("MartletCrypto", ["MartletTypes", "MartletWire", crypto]),
        library("MartletCore", ["MartletTypes"]),
        library("MartletOptimizer", ["MartletTypes"]),
        library("MartletKV", ["MartletTypes", "MartletWire"]),
        // Of the transport what reads bytes.
        library(
            "MartletTransport", ["MartletTypes", "MartletWire", nio],
            sources: ["Frames/FrameBatch.swift", "Frames/FrameParser.swift", "Frames/Greeting.swift"]),
        // Of the command line what reads files.
        .target(
            name: "MartletFiles",
            dependencies: ["MartletCrypto", "MartletTypes", yaml],
            path: "Sources/martlet",
            sources: [
                "Configuration/ConfigurationError.swift", "Configuration/GenesisFile.swift",
                "Configuration/GenesisFile+Text.swift", "Configuration/GroupSettingsTable.swift",
                "Configuration/MemberList.swift", "Configuration/Spelling.swift", "Configuration/YAMLDocument.swift",
                "Configuration/YAMLMap.swift", "Configuration/YAMLValue.swift", "Group/Address.swift",
                "Group/FaultBudget.swift", "Reporting/CommandFailure.swift", "Reporting/FileFailure.swift",
                "Reporting/JSONValue.swift",
            ],
            swiftSettings: settings),
        .target(name: "LibFuzzer", path: "LibFuzzer"),
        .executableTarget(
            name: "martlet-fuzz",
            dependencies: [
                "LibFuzzer", "MartletCore", "MartletCrypto", "MartletFiles", "MartletKV", "MartletOptimizer",
                "MartletTransport", "MartletTypes", "MartletWire", nio,
            ],
            path: "Program",
            swiftSettings: settings,
            linkerSettings: [.unsafeFlags(sanitizers + ["-use-ld=lld"])]),
    ]
)
