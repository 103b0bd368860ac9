// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTypes

@testable import MartletCore

/// Views: what may follow one, who says so, and which instances belong to which.
extension CoreWorld {
    // MARK: What is known

    var formerView: ViewNumber { ViewNumber(max(1, view.number.rawValue - 1)) }

    /// The view that the instance belongs to, by all that is proved.
    func owner(of instance: Instance) -> View {
        var number = verifier.view.number
        while let entry = verifier.views.entry(number) {
            if instance >= entry.first { return entry.view }
            number = ViewNumber(number.rawValue - 1)
        }
        return view
    }

    /// That of the next instance; nothing is wrong if another view is yet to be proved.
    mutating func viewAfter(_ instance: Instance) -> View {
        let owner = owner(of: instance.next)
        guard owner.number == verifier.view.number, source.chance(40) else { return owner }
        return drawSuccessor(of: owner) ?? owner
    }

    // MARK: Plans

    /// Mostly one that can follow.
    mutating func drawPlan(after view: View) -> ViewPlan {
        let plan = view.plan
        let turn = source.number(below: view.n)
        var settings = plan.settings
        switch source.number(below: 8) {
        case 0, 1, 2:
            let order = Array(plan.leaderOrder[turn...] + plan.leaderOrder[..<turn])
            return ViewPlan(heavy: plan.heavy, leaderOrder: order, settings: settings)
        case 3:
            let members = view.members.map(\.id)
            let heavy = (members[turn...] + members[..<turn]).prefix(plan.heavy.count).sorted()
            return ViewPlan(heavy: heavy, leaderOrder: plan.leaderOrder, settings: settings)
        case 4:
            settings.window = 1 + source.number(below: 8)
            settings.batchRequestsMax = 1 + source.number(below: 8)
        case 5:
            settings.isPinned.toggle()
            settings.goalPermille = 1_000 + source.number(below: 40)
            settings.hasUnorderedReads.toggle()
        case 6: settings.pipelineMax += 1
        default: return ViewPlan(heavy: [], leaderOrder: plan.leaderOrder, settings: settings)
        }
        return ViewPlan(heavy: plan.heavy, leaderOrder: plan.leaderOrder, settings: settings)
    }

    mutating func drawSuccessor(of view: View) -> View? {
        let plan = drawPlan(after: view)
        do throws(ViewError) { return try view.successor(plan) } catch { return nil }
    }

    // MARK: What members say

    /// Mostly what follows indeed, said by some.
    mutating func sayInstalls() {
        var install = awaitedInstall
        if install == nil || source.chance(24) {
            let last = source.chance(128) ? status.decided : certifiableInstance()
            install = drawSuccessor(of: view).map { Install(view: view.number, last: last, next: $0) }
        }
        guard let install else { return }
        for sender in source.subset(of: others) { say(.install(install), from: sender) }
    }

    /// Certificates of what follows: of views that are proved, of the one that the core awaits, or made up; in order or not.
    mutating func sayViews() {
        var certificates = verifier.views.chain(after: source.chance(128) ? formerView : view.number).certificates
        if let awaited = awaitedInstall, source.chance(200) {
            certificates.append(certificate(of: awaited))
        } else if source.chance(100) {
            var (newest, last) = (verifier.view, certifiableInstance())
            for _ in 0...source.number(below: 3) {
                guard let next = drawSuccessor(of: newest) else { break }
                certificates.append(certificate(of: Install(view: newest.number, last: last, next: next)))
                (newest, last) = (next, last + source.number(below: 3))
            }
        }
        if source.chance(40) { certificates.reverse() }
        say(.views(ViewChainPart(certificates: certificates)), from: member())
    }

    mutating func askForViews() {
        let after = source.chance(200) ? formerView : ViewNumber(source.number(near: view.number.rawValue))
        say(.fetchViews(FetchViews(after: after)), from: member())
    }

    /// What the members say when they have executed what the core has.
    private var awaitedInstall: Install? {
        core.successor.map { Install(view: view.number, last: status.decided, next: $0) }
    }

    private func certificate(of install: Install) -> ViewCertificate {
        ViewCertificate(view: install.view, last: install.last, next: install.next, shares: shares())
    }

    /// All go on together to the view that follows.
    mutating func enterFollowingView() {
        guard let install = awaitedInstall else { return }
        for sender in others { say(.install(install), from: sender) }
    }

    // MARK: Reconfiguring

    /// An administrator's operation, in the core's pool and alone in a batch for the next instance.
    mutating func reconfigure() {
        guard let session = source.choose(sessions) else { return openSession() }
        let operation = Reconfiguration(
            view: source.chance(230) ? view.number : ViewNumber(source.number(near: view.number.rawValue)),
            number: source.chance(230) ? view.lastOperation.next : OperationNumber(1),
            operation: .arrange(drawPlan(after: view)),
            shares: source.chance(250)
                ? [AdministratorShare(administrator: CoreShape.administrator, signature: .absent)] : [])
        let client = source.chance(230) ? clients[session] : nil
        order(
            Request(
                id: RequestID(
                    client: client ?? CoreWorld.client(0), session: session, sequence: nextSequence()),
                kind: .reconfiguration(operation), repliesKeptFrom: SequenceNumber(0), payload: []))
    }

    private mutating func openSession() {
        order(
            Request(
                id: RequestID(client: CoreWorld.client(0), session: .none, sequence: nextSequence()), kind: .open,
                repliesKeptFrom: SequenceNumber(0), payload: []))
    }

    private mutating func order(_ request: Request) {
        keep(request)
        submit(request, isSigned: true)
        guard status.leader != me else { return }
        let entry = BatchEntry(id: request.id, digest: Hashing.digest(of: request, group: view.group))
        remember(Batch(instance: status.decided.next, born: epoch, time: now.wall, entries: [entry]))
    }
}
