// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletOptimizer
import MartletTypes

@testable import MartletCore

/// Measuring, reporting and calculating.
extension CoreWorld {
    // MARK: Operations

    /// A member's report, mostly a new one.
    mutating func drawOperation(by member: ReplicaID) -> Request {
        let index = view.index(of: member) ?? ReplicaIndex(0)
        let number = source.chance(220) ? nextSequence() : SequenceNumber(source.number(near: 1))
        let request = Request.measure(
            drawReport(of: index), in: source.chance(240) ? view.number : formerView, number: number,
            by: view[index].key)
        keep(request)
        return request
    }

    /// All distances from one byte.
    private mutating func drawReport(of member: ReplicaIndex) -> LatencyReport {
        let byte = UInt32(source.byte())
        let distances = (0..<view.n).map { place -> LinkLatency in
            if place == member.position { return .zero }
            return byte == 255
                ? .missing : LinkLatency((byte * UInt32(place * 7 + member.position * 13 + 5)) % 97 * 1_000)
        }
        return LatencyReport(
            proposals: distances.map { $0.isMissing || byte % 5 == 0 ? $0 : LinkLatency($0.rawValue * 2) },
            votes: distances,
            late: ReplicaSet(
                (0..<view.n).filter { byte % 3 == 0 && $0 != member.position && byte >> ($0 % 8) & 1 == 1 }
                    .map { ReplicaIndex($0) }),
            took: byte % 7 == 0 ? .missing : LinkLatency(byte * 500))
    }

    mutating func sayOperations() {
        for sender in source.subset(of: others) {
            let known = requests.last {
                $0.kind == .measure && view.index(of: $0.id.client.key) == view.index(of: sender)
            }
            let request = source.chance(40) ? known ?? drawOperation(by: sender) : drawOperation(by: sender)
            say(.operation(ReplicaOperation(request: request)), from: sender)
        }
    }

    // MARK: Challenges

    mutating func sayChallenges() {
        let (instance, epoch) = (drawInstance(), drawEpoch())
        let subject: Challenge.Subject =
            switch source.number(below: 3) {
            case 0: .vote
            case 1: .proposal(epoch, instance)
            default: .dummyProposal(padding: Bytes(repeating: 0, count: Int(source.byte()) * 5))
            }
        let senders = source.subset(of: others)
        for sender in senders { say(.challenge(Challenge(subject, number: UInt64(source.byte()))), from: sender) }
    }

    /// To what the core has asked, or nearly.
    mutating func respond() {
        for _ in 0...source.number(below: 8) {
            guard let (asked, challenge) = source.choose(challenges) else { return }
            var digest: Digest?
            if case .proposal(_, let instance) = challenge.subject { digest = self.digest(for: instance) }
            if source.chance(24) { digest = nil }
            let number = source.chance(24) ? UInt64(source.byte()) : challenge.number
            say(
                .challengeResponse(ChallengeResponse(number: number, digest: digest)),
                from: source.chance(24) ? member() : asked)
        }
    }

    // MARK: Calculations

    /// The one that waits longest is done. The outcome is a function of the input: whoever calculates gets the same.
    mutating func calculateNext() {
        guard !calculations.isEmpty else { return }
        let task = calculations.removeFirst()
        let outcome = Calculation.outcome(of: task.input, in: task.view)
        outcomes = outcomes.suffix(3) + [outcome]
        step(.calculated(outcome))
    }

    /// Again, or as it would come of an input that the core does not have.
    mutating func calculateAnother() {
        guard let outcome = source.choose(outcomes) else { return }
        let view = source.chance(100) ? ViewNumber(source.number(near: outcome.view.rawValue)) : outcome.view
        let instance =
            view == outcome.view ? outcome.instance : Instance(source.number(near: outcome.instance.rawValue))
        guard view == outcome.view || core.calculations.input?.instance != instance else { return }
        step(
            .calculated(
                CalculationOutcome(
                    view: view, instance: instance, reason: outcome.reason, leaderOrder: outcome.leaderOrder,
                    heavy: outcome.heavy, predictions: outcome.predictions)))
    }

    // MARK: Checkpoints

    /// What a checkpoint after that instance may hold: of members in the order of their ids.
    mutating func drawAdaptation(after instance: Instance, in view: View) -> AdaptationImage {
        guard view.settings.measuringPermille > 0, source.chance(160) else { return .empty }
        let reports = view.members.indices.map { place in
            let report = source.chance(200) ? drawReport(of: ReplicaIndex(place)) : nil
            return ReportRecord(
                replica: view.members[place].id, number: SequenceNumber(UInt64(source.byte())),
                instance: report == nil ? .zero : instance - source.number(below: 8), report: report)
        }
        let experience = drawExperience(after: instance, in: view)
        guard source.chance(128) else {
            return AdaptationImage(reports: reports, experience: experience, calculation: nil)
        }
        let period = UInt64(view.settings.calculationPeriod)
        let calculated = Instance(max(1, instance.rawValue / period) * period)
        let leader = view.members[source.number(below: view.n)].id
        return AdaptationImage(
            reports: reports, experience: experience,
            calculation: CalculationInput(
                view: source.chance(220) ? view.number : formerView, instance: calculated, leader: leader,
                excluded: view.members.map(\.id).filter { $0 != leader }.suffix(source.number(below: view.f + 1)),
                reports: reports.map(\.report), experience: experience))
    }

    /// As it can be after that instance.
    private mutating func drawExperience(after instance: Instance, in view: View) -> Experience {
        var experience = Experience()
        guard source.chance(128) else { return experience }
        for member in view.members where source.chance(64) {
            let times = source.number(below: Suspicion.timesMax + 1)
            experience.suspicions.append(
                Suspicion(
                    replica: member.id, accusations: [instance], accusers: 1 + source.number(below: view.n),
                    times: times,
                    since: times == 0 ? .zero : instance,
                    until: times == 0 ? .zero : instance + source.number(below: 64)))
        }
        experience.suspicions.sort { $0.replica < $1.replica }
        let heavy = view.plan.heavy
        if source.chance(128) {
            let decided = view.members.map(\.id).sorted().map {
                FormerAssignment.MemberTime(replica: $0, microseconds: UInt64(source.byte()) * 500)
            }
            experience.former = FormerAssignment(
                leader: drawMember(view), heavy: heavy, predicted: UInt64(source.byte()) * 500, decided: decided,
                judged: source.number(below: Experience.trialCalculations + 1))
        }
        if source.chance(128) {
            experience.rejected = [
                RejectedAssignment(
                    leader: drawMember(view), heavy: heavy, until: instance + 1 + source.number(below: 64))
            ]
        }
        experience.setbacks = source.number(below: Experience.setbacksMax + 1)
        experience.changed = source.chance(128) ? .zero : Instance(UInt64(source.number(below: 64)))
        return experience
    }

    private mutating func drawMember(_ view: View) -> ReplicaID { view.members[source.number(below: view.n)].id }
}
