// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

// The one import of an embedder: the service to write (`StateMachine`), the replica that runs it, the client that asks
// it, and the keys by which all know each other.
@_exported public import MartletClient
@_exported public import MartletCrypto
@_exported public import MartletReplica
@_exported public import MartletTypes
