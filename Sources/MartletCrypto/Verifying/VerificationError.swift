// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// Why a message is dropped. Whoever speaks may send any of them, so none is a reason to stop.
package enum VerificationError: Error, Hashable, Sendable {
    /// The sender belongs to no view that is known, or a signer not to the view that it signs for.
    case notMember(ReplicaID)
    /// Of another view, which may be newer than this replica's: count it, it may tell that one is behind.
    case wrongView(ViewNumber)
    /// Regency or instance 0, or a number beyond any that can be reached.
    case numberOutOfRange
    case tooManyRequests(Int)
    case payloadTooLarge(RequestID)
    /// An opening that names a session, an operation that names none, sequence 0, or a payload where there must be none.
    case malformedRequest(RequestID)
    /// An operation on the group that too few administrators have signed, or others.
    case notAuthorised(RequestID)
    /// A request in another client's name.
    case foreignClient(RequestID)
    case invalidSignature
    case invalidCertificate(Instance)
    /// A dummy proposal that is larger than any proposal.
    case paddingTooLong(Int)
    /// The bodies are not those that the batch lists, one for one.
    case bodiesDiffer(Instance)
    case notConsecutive(Instance)
    /// The list of a checkpoint's chunks is not the one that its digest names.
    case manifestDiffers(Instance)
    /// StopData sent by another than its author.
    case notAuthor(ReplicaID)
    case stopData(ReplicaID, StopDataComplaint)
    /// SYNC holds StopData of this member for another epoch.
    case collectOfAnotherEpoch(ReplicaID)
    /// SYNC holds several StopData of this member.
    case collectRepeated(ReplicaID)
    /// The authors of SYNC's StopData are no quorum.
    case collectsNoQuorum
}

extension VerificationError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notMember(let replica): "replica \(replica) does not belong to the view"
        case .wrongView(let view): "it is of view \(view)"
        case .numberOutOfRange: "it names a regency, an instance or a time that cannot be"
        case .tooManyRequests(let count): "it holds \(count) requests, more than allowed"
        case .payloadTooLarge(let id): "the payload of request \(id) is larger than allowed"
        case .malformedRequest(let id): "request \(id) contradicts itself"
        case .notAuthorised(let id): "request \(id) lacks the signatures of the group's administrators"
        case .foreignClient(let id): "request \(id) is in another client's name"
        case .invalidSignature: "its signature is not valid"
        case .invalidCertificate(let instance): "its certificate of instance \(instance) proves nothing"
        case .paddingTooLong(let count): "it has \(count) bytes of padding, more than any proposal"
        case .bodiesDiffer(let instance): "its bodies are not those of the batch of instance \(instance)"
        case .notConsecutive(let instance): "instance \(instance) does not follow the one before it"
        case .manifestDiffers(let instance):
            "its list of chunks is not that of the checkpoint after instance \(instance)"
        case .notAuthor(let replica): "replica \(replica) is not the author of this StopData"
        case .stopData(let author, let complaint): "the StopData of replica \(author): \(complaint)"
        case .collectOfAnotherEpoch(let author): "it holds StopData of replica \(author) for another epoch"
        case .collectRepeated(let author): "it holds several StopData of replica \(author)"
        case .collectsNoQuorum: "the authors of its StopData are no quorum"
        }
    }
}
