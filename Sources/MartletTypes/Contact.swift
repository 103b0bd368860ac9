// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// Where somebody of a group listens who may be asked for views, beside those that the genesis lists: nobody knows with which key, and
/// what is told there has to prove itself.
public struct Contact: Hashable, Sendable {
    public var host: String
    public var port: Int

    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// The most that a configuration may name.
    package static let countMax = 64
}
