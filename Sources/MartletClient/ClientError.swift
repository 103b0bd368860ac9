// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

public import MartletTypes

/// Why a call has no result, or a client cannot be made.
public enum ClientError: Error, Hashable, Sendable, CustomStringConvertible {
    /// It did not take effect and never will.
    case failed(FailureReason)
    /// It may have taken effect, or take effect later.
    case outcomeUnknown(UnknownReason)
    /// The group keeps so many sessions of one client only; more would evict each other.
    case tooManySessions(max: Int)
    case invalidConfiguration(String)

    public var description: String {
        switch self {
        case .failed(let reason): "failed for sure: \(reason)"
        case .outcomeUnknown(let reason): "outcome unknown: \(reason)"
        case .tooManySessions(let max): "this client has \(max) sessions already, the most that the group keeps for one"
        case .invalidConfiguration(let complaint): complaint
        }
    }
}

extension Outcome {
    /// The result, or why there is none.
    public func get() throws(ClientError) -> Bytes {
        switch self {
        case .result(let result, _): return result
        case .failed(let reason): throw .failed(reason)
        case .unknown(let reason): throw .outcomeUnknown(reason)
        }
    }
}
