// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// Decisions that a stable checkpoint covers, kept for members that fetch an older one: an unbroken run of consecutive instances,
/// the newest that its bytes allow. For nothing else: what the protocol claims and votes for rests on `InstanceWindow` alone.
package struct DecisionArchive: Sendable {
    package struct Kept: Sendable {
        package let batch: KnownBatch
        /// Checked, if there is one.
        package var certificate: DecisionCertificate?
        /// Of which the signatures are not checked yet; nil when nothing here proves it to others.
        package fileprivate(set) var unchecked: DecisionCertificate?
        fileprivate var isBeingChecked = false
        let bytes: Int
    }

    private let bytesMax: Int
    /// Those before `head` are gone: what is at the front goes often, and the rest is long.
    private var decisions: [Kept?] = []
    private var head = 0
    /// Of the checkpoints among them, ascending: whoever follows them lacks the votes, and may forget nothing without.
    private var stable: [CheckpointCertificate] = []
    package private(set) var first = Instance.zero
    package private(set) var bytes = 0

    package init(bytesMax: Int) { self.bytesMax = bytesMax }

    package var count: Int { decisions.count - head }
    package var isEmpty: Bool { count == 0 }
    private var end: Instance { first + count }

    package func contains(_ instance: Instance) -> Bool { instance >= first && instance < end }

    package subscript(instance: Instance) -> Kept? { contains(instance) ? decisions[place(of: instance)] : nil }

    private func place(of instance: Instance) -> Int { head + instance.distance(beyond: first) }

    /// In order; what is not all there breaks the run. `owner` is the view of that instance.
    package mutating func append(_ instance: ConsensusInstance, owner: View) {
        guard let digest = instance.decided, let batch = instance.completeBatch(digest) else { return removeAll() }
        // What is being checked already comes back as that: of more shares the others would seem to be wrong.
        let checking = instance.certificate == nil ? instance.checking.flatMap { $0.digest == digest ? $0 : nil } : nil
        let proof = instance.certificate ?? checking ?? instance.uncheckedCertificate(owner)
        if instance.number != end { removeAll() }
        if isEmpty { first = instance.number }
        let kept = Kept(
            batch: batch, certificate: instance.certificate, unchecked: proof, isBeingChecked: checking != nil,
            bytes: batch.bytes + 256 * (batch.bodies.count + (proof?.shares.count ?? 0) + 1))
        decisions.append(kept)
        bytes += kept.bytes
    }

    package mutating func note(stable certificate: CheckpointCertificate) {
        guard contains(certificate.instance) else { return }
        stable.append(certificate)
    }

    /// The newest checkpoint below that instance.
    package func stable(below instance: Instance) -> CheckpointCertificate? {
        stable.last { $0.instance < instance }
    }

    /// The oldest go that are too many; after each run of appending.
    package mutating func trim() {
        var (excess, surplus) = (bytes - bytesMax, 0)
        while excess > 0, surplus < count {
            excess -= decisions[head + surplus]?.bytes ?? 0
            surplus += 1
        }
        removeFirst(surplus)
    }

    package mutating func drop(through instance: Instance) {
        guard instance >= first else { return }
        removeFirst(min(count, instance.next.distance(beyond: first)))
    }

    package mutating func removeAll() { removeFirst(count) }

    private mutating func removeFirst(_ count: Int) {
        guard count > 0 else { return }
        for place in head..<head + count {
            bytes -= decisions[place]?.bytes ?? 0
            decisions[place] = nil
        }
        head += count
        first = first + count
        if head * 2 >= decisions.count {
            decisions.removeFirst(head)
            head = 0
        }
        stable.removeAll { $0.instance < first }
    }

    // MARK: Checking signatures

    package enum Check {
        case begin(DecisionCertificate)
        case isUnderWay
        /// Nothing here proves that decision.
        case none
    }

    /// Of a decision whose certificate is not checked.
    package mutating func beginCheck(of instance: Instance) -> Check {
        guard contains(instance) else { return .none }
        let place = place(of: instance)
        guard let unchecked = decisions[place]?.unchecked else { return .none }
        guard decisions[place]?.isBeingChecked == false else { return .isUnderWay }
        decisions[place]?.isBeingChecked = true
        return .begin(unchecked)
    }

    /// Without the shares that are not valid, whose makers it returns. What is left may be no proof any more: then this replica's word
    /// is all that there is.
    package mutating func endCheck(_ checked: DecisionCertificate, isQuorum: Bool) -> [ReplicaID] {
        guard contains(checked.instance) else { return [] }
        let place = place(of: checked.instance)
        guard let kept = decisions[place], kept.isBeingChecked, let asked = kept.unchecked,
            asked.epoch == checked.epoch, asked.digest == checked.digest
        else { return [] }
        decisions[place]?.isBeingChecked = false
        if isQuorum {
            decisions[place]?.certificate = checked
        } else {
            decisions[place]?.unchecked = nil
        }
        return asked.shares.filter { !checked.shares.contains($0) }.map(\.replica)
    }
}
