// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// What the records of earlier runs tell (protocol §7), by the view that it is about: a replica that is made anew applies it as
/// it gets to each of them again.
package struct Restoration: Sendable {
    /// What is told of one instance in one view.
    struct InstanceFacts: Sendable {
        let instance: Instance
        var batches: [KnownBatch] = []
        var wrote: RegencyDigest?
        var accepted: RegencyDigest?
        /// Each digest with the highest regency, by ascending digest.
        var writeSet: [RegencyDigest] = []
        var decision: DecisionCertificate?
    }

    /// By ascending view; within one by ascending instance.
    private var views: [(number: ViewNumber, instances: [InstanceFacts])] = []
    /// Of all views that follow the genesis, from the second on, as far as they were proved.
    package private(set) var chain: [ViewCertificate] = []
    /// The highest that was entered; nil when nothing was written down yet.
    package private(set) var epoch: Epoch?
    package private(set) var sync: Sync?
    /// The stable checkpoints that are told of, the oldest first.
    package private(set) var stable: [CheckpointCertificate] = []
    package private(set) var incarnation: UInt64 = 0
    /// The state to begin with, and which stable checkpoint it is; nil for the very first one.
    package private(set) var base: (image: CheckpointImage, certificate: CheckpointCertificate)?

    package init() {}

    package var isEmpty: Bool { epoch == nil }

    /// What happens twice, because the log tells it again, is told once.
    package mutating func add(_ record: LogRecord) {
        switch record {
        case .incarnation(let number): incarnation = number
        case .view(let certificate):
            if chain.last.map({ $0.next.number == certificate.view }) ?? true { chain.append(certificate) }
        case .entered(let entered):
            guard entered > epoch ?? Epoch(view: .genesis, regency: .none) else { return }
            epoch = entered
            sync = nil
        case .synced(let received): if received.epoch == epoch { sync = received }
        case .batch(let digest, let body):
            change(body.batch.instance, in: body.batch.born.view) { facts in
                if !facts.batches.contains(where: { $0.digest == digest }) {
                    facts.batches.append(KnownBatch(digest, body))
                }
            }
        case .wrote(let vote):
            let wrote = RegencyDigest(regency: vote.epoch.regency, digest: vote.digest)
            change(vote.instance, in: vote.epoch.view) { facts in
                if facts.wrote?.regency ?? .none <= wrote.regency { facts.wrote = wrote }
                guard !facts.writeSet.contains(where: { $0.digest == wrote.digest && $0.regency > wrote.regency })
                else {
                    return
                }
                facts.writeSet.removeAll { $0.digest == wrote.digest }
                let place = facts.writeSet.firstIndex { $0.digest > wrote.digest } ?? facts.writeSet.count
                facts.writeSet.insert(wrote, at: place)
            }
        case .accepted(let vote):
            let accepted = RegencyDigest(regency: vote.epoch.regency, digest: vote.digest)
            change(vote.instance, in: vote.epoch.view) { facts in
                if facts.accepted?.regency ?? .none <= accepted.regency { facts.accepted = accepted }
            }
        case .decided(let certificate):
            change(certificate.instance, in: certificate.epoch.view) { $0.decision = certificate }
        case .stable(let certificate):
            if certificate.instance > stable.last?.instance ?? .zero { stable.append(certificate) }
        }
    }

    private mutating func change(_ instance: Instance, in view: ViewNumber, _ body: (inout InstanceFacts) -> Void) {
        var place = views.lastIndex { $0.number <= view } ?? -1
        if place < 0 || views[place].number != view {
            place += 1
            views.insert((view, []), at: place)
        }
        // Most of what is told is about one of the last instances.
        var index = views[place].instances.lastIndex { $0.instance <= instance } ?? -1
        if index < 0 || views[place].instances[index].instance != instance {
            index += 1
            views[place].instances.insert(InstanceFacts(instance: instance), at: index)
        }
        body(&views[place].instances[index])
    }

    // MARK: - To begin with

    /// The newest stable checkpoint of which there is a snapshot; `isKept` says whether there is.
    package func newestStable(_ isKept: (CheckpointCertificate) -> Bool) -> CheckpointCertificate? {
        stable.last { isKept($0) }
    }

    package mutating func begin(with image: CheckpointImage, _ certificate: CheckpointCertificate) {
        base = (image, certificate)
        for place in views.indices { views[place].instances.removeAll { $0.instance <= image.instance } }
    }

    /// Whether nothing is missing of what is told: from the state to begin with on there is something about each instance, since votes
    /// are in order, and each decision follows the one before, up to the newest stable checkpoint. The log goes only where a snapshot has
    /// come, so that otherwise one is gone, or a part of the log.
    package var isComplete: Bool {
        let begin = base?.image.instance ?? .zero
        var (last, decided) = (begin, begin)
        for (number, instances) in views {
            let end = end(of: number)
            for facts in instances where facts.instance > begin && facts.instance <= end {
                guard facts.instance <= last.next else { return false }
                last = max(last, facts.instance)
                guard facts.decision != nil else { continue }
                guard facts.instance == decided.next else { return false }
                decided = facts.instance
            }
        }
        return stable.last?.instance ?? .zero <= decided
    }

    /// What was voted for beyond it in that view is void.
    private func end(of view: ViewNumber) -> Instance { chain.first { $0.view == view }?.last ?? .max }

    /// The newest instance that an earlier run may have answered for: its reads that are not ordered have to wait for that. What it
    /// had accepted beyond the end of a view is void.
    package var lastAnswered: Instance {
        var last = base?.image.instance ?? .zero
        for (number, instances) in views {
            let end = end(of: number)
            for facts in instances.reversed() where facts.instance <= end {
                guard facts.accepted != nil || facts.decision != nil else { continue }
                last = max(last, facts.instance)
                break
            }
        }
        return last
    }

    // MARK: - To go on

    /// What is told of that view's instances.
    func facts(of view: ViewNumber) -> [InstanceFacts] { views.first { $0.number == view }?.instances ?? [] }

    /// Whether there is nothing to tell of any view after that one.
    func ends(with view: ViewNumber) -> Bool { view >= epoch?.view ?? .genesis }
}

extension KnownBatch {
    /// As it was written down.
    fileprivate init(_ digest: Digest, _ body: BatchBody) {
        self.init(ResolvedBatch(batch: body.batch, digest: digest, bodies: body.bodies))
        for place in bodies.indices where bodies[place] == nil { standIn(at: place) }
    }
}
