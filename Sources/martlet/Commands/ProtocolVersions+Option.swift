// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import MartletTypes

extension ProtocolVersions {
    /// `1-2`, or `1`: some of those that this program speaks.
    init(option text: String) throws {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false).map { UInt16($0) }
        guard let lowest = parts.first ?? nil, let highest = parts.last ?? nil, parts.count <= 2, lowest <= highest
        else { throw ValidationError("'\(text)' are no versions: write them as 1-2, or 1") }
        let versions = ProtocolVersions(lowest: lowest, highest: highest)
        guard versions.limited(to: .supported) == versions else {
            throw ValidationError("this program speaks protocol version \(Self.supported), not \(versions)")
        }
        self = versions
    }
}
