// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// Whether an operation is to have a receipt.
struct ReceiptOption: ParsableArguments {
    /// The exit status of an operation that took effect and has no receipt.
    static let missingStatus: Int32 = 4

    @Option(
        name: .customLong("receipt"),
        help: "Have the group sign the result, and write the receipt into this file. Nothing is written over.")
    var path: String?
}
