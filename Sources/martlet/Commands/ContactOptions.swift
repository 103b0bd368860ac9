// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// Whom commands ask for the newest view beside those that the genesis lists.
struct ContactOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Where a replica of the group listens, beside those of the genesis: needed once all of these have been replaced. May be repeated.",
            valueName: "host:port"),
        transform: { try Address($0) })
    var via: [Address] = []
}
