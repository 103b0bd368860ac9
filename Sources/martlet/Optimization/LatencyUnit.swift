// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import MartletSimulation

/// In what the numbers of a file of latencies are given.
enum LatencyUnit: String, ExpressibleByArgument, CaseIterable {
    case oneWayMicroseconds = "us-oneway"
    case roundTripMilliseconds = "ms-rtt"

    var unit: LatencyMatrix.Unit { self == .oneWayMicroseconds ? .oneWayMicroseconds : .roundTripMilliseconds }
}
