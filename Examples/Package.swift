// swift-tools-version: 6.2
// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

// A package of its own, as an embedder's would be: it sees the public interface of Martlet and nothing else.
let package = Package(
    name: "martlet-examples",
    dependencies: [
        .package(name: "martlet", path: ".."),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    ],
    targets: [
        .executableTarget(
            name: "Counter",
            dependencies: [
                .product(name: "Martlet", package: "martlet"), .product(name: "Logging", package: "swift-log"),
            ],
            path: "Counter",
            swiftSettings: [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)]),
        .testTarget(
            name: "CounterTests",
            dependencies: [
                "Counter", .product(name: "Martlet", package: "martlet"),
                .product(name: "MartletTestKit", package: "martlet"),
            ],
            path: "CounterTests",
            swiftSettings: [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)]),
    ]
)
