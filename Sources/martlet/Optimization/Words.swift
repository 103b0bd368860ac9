// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import MartletOptimizer

/// `--objective`.
enum ObjectiveWord: String, ExpressibleByArgument, CaseIterable {
    case consensus
    case client
}

/// `--replies`.
enum RepliesWord: String, ExpressibleByArgument, CaseIterable {
    case quorum
    case weak
    case tentative

    var replies: ClientModel.Replies {
        switch self {
        case .quorum: .quorum
        case .weak: .weakCertificate
        case .tentative: .tentativeQuorum
        }
    }
}

/// `--window`.
enum WindowWord: String, ExpressibleByArgument, CaseIterable {
    case one
    case many

    var window: ClientModel.Window { self == .one ? .one : .many }
}

/// `--search`.
enum SearchWord: String, ExpressibleByArgument, CaseIterable {
    case exhaustive
    case heuristic

    var method: SearchMethod { self == .exhaustive ? .exhaustive : .heuristic }
}
