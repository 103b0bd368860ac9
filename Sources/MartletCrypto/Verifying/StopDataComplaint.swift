// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// Which rule (protocol §6) a StopData breaks.
package enum StopDataComplaint: Error, Hashable, Sendable {
    case wrongView
    /// There is no StopData for the first regency: nothing was before it.
    case firstRegency
    case notMember
    /// A certificate of another view, of regency 0 or of instance 0.
    case certificateOutOfRange
    case tooManyClaims
    case claimsNotAscending
    /// At or below base − W, or beyond the last instance that may be voted for.
    case claimOutOfRange(Instance)
    /// A vote of regency 0, or of one that has not been when the StopData was made.
    case regencyOutOfRange(Instance)
    case writeSetNotAscending(Instance)
}

extension StopDataComplaint: CustomStringConvertible {
    package var description: String {
        switch self {
        case .wrongView: "it is of another view"
        case .firstRegency: "the first regency begins without one"
        case .notMember: "its author does not belong to this view"
        case .certificateOutOfRange: "a certificate is of another view, of no regency or of no instance"
        case .tooManyClaims: "it names more instances than can be voted in"
        case .claimsNotAscending: "its instances are not in order"
        case .claimOutOfRange(let instance): "instance \(instance) cannot be in it"
        case .regencyOutOfRange(let instance): "a vote for instance \(instance) is of no earlier regency"
        case .writeSetNotAscending(let instance): "the write set of instance \(instance) is not in order"
        }
    }
}
