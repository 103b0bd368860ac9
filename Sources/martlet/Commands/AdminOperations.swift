// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import MartletCrypto
import MartletTypes

/// An operation on a group as a person asks for it.
protocol AdminOperation: ParsableArguments {
    static var commandName: String { get }
    static var abstract: String { get }
    /// Nil where nobody joins: there is nothing to wait for then.
    static var joins: Bool { get }
    /// What it asks for, in the group as it is.
    func operation(on view: View) throws -> GroupOperation
}

extension AdminOperation {
    static var joins: Bool { false }
}

/// Who joins.
struct NewcomerOptions: ParsableArguments {
    @Option(
        name: [.customLong("replica"), .customLong("id")], help: "Its id (default: the next one that was never given).")
    var replica: UInt16?
    @Option(help: "Its public key, as martlet key show prints it, or a key file.") var key: String
    @Option(help: "Where the others reach it: HOST:PORT.") var address: String

    func learner(in view: View, replacing replaced: UInt16?) throws -> Learner {
        let address = try Address(address)
        guard replica != nil || view.lastID.rawValue < .max else {
            throw CommandFailure("all ids of replicas have been given")
        }
        let id = replica.map { ReplicaID($0) } ?? view.lastID.next
        return Learner(
            Member(id: id, key: try PublicKeyList.key(key), host: address.host, port: address.port, isHeavy: false),
            replacing: replaced.map { ReplicaID($0) })
    }
}

struct AddOperation: AdminOperation {
    static let commandName = "add"
    static let abstract = "Add a replica: it follows until it has caught up, then it is a member."
    static let joins = true

    @OptionGroup var newcomer: NewcomerOptions
    @Option(help: "The member that leaves when it is admitted.") var replaces: UInt16?

    func operation(on view: View) throws -> GroupOperation { .add(try newcomer.learner(in: view, replacing: replaces)) }
}

struct ReplaceOperation: AdminOperation {
    static let commandName = "replace"
    static let abstract = "Add a replica in the place of another one, which leaves when it is admitted."
    static let joins = true

    @OptionGroup var newcomer: NewcomerOptions
    @Option(help: "The member that leaves when it is admitted.") var replaces: UInt16

    func operation(on view: View) throws -> GroupOperation { .add(try newcomer.learner(in: view, replacing: replaces)) }
}

struct RemoveOperation: AdminOperation {
    static let commandName = "remove"
    static let abstract = "Remove a member, or give up a learner."

    @Option(help: "Its id.") var replica: UInt16

    func operation(on view: View) -> GroupOperation { .remove(ReplicaID(replica)) }
}

struct TolerateOperation: AdminOperation {
    static let commandName = "tolerate"
    static let abstract = "Tolerate another number, or another kind, of faults."

    @Option(help: "How many members may be faulty.") var faults: Int
    @Option(help: "What a faulty member may do: byzantine (anything) or crash (stop); as before by default.")
    var faultModel: String?

    func validate() throws {
        guard faultModel.map({ FaultModel($0) != nil }) ?? true else {
            throw ValidationError("--fault-model is byzantine or crash")
        }
    }

    func operation(on view: View) throws -> GroupOperation {
        let model = faultModel.flatMap { FaultModel($0) } ?? view.faultModel
        if let complaint = FaultBudget(faultModel: model, members: view.n, f: faults).complaint {
            throw CommandFailure(complaint)
        }
        return .tolerate(model, f: faults)
    }
}

struct RekeyOperation: AdminOperation {
    static let commandName = "rekey"
    static let abstract = "Give a replica another key: the old one counts no more."

    @Option(help: "Its id.") var replica: UInt16
    @Option(help: "Its new public key, as martlet key show prints it, or a key file.") var key: String

    func operation(on view: View) throws -> GroupOperation {
        let member = try view.listed(replica)
        return .update(
            Member(id: member.id, key: try PublicKeyList.key(key), host: member.host, port: member.port, isHeavy: false)
        )
    }
}

struct MoveOperation: AdminOperation {
    static let commandName = "move"
    static let abstract = "Tell all where a replica is reached from now on."

    @Option(help: "Its id.") var replica: UInt16
    @Option(help: "Where the others reach it: HOST:PORT.") var address: String

    func operation(on view: View) throws -> GroupOperation {
        let member = try view.listed(replica)
        let address = try Address(address)
        return .update(Member(id: member.id, key: member.key, host: address.host, port: address.port, isHeavy: false))
    }
}

struct AdministratorsOperation: AdminOperation {
    static let commandName = "administrators"
    static let abstract = "Say who decides from now on: all administrators are named, and how many must sign."

    @Option(help: "An administrator's public key or key file; once for each.") var key: [String] = []
    @Option(help: "How many of them must sign.") var needed: Int = 1

    func operation(on view: View) throws -> GroupOperation {
        let administration = Administration(keys: try key.map(PublicKeyList.key), needed: needed)
        guard !administration.keys.isEmpty else { throw CommandFailure("name each administrator with --key") }
        if let complaint = administration.complaint { throw CommandFailure(complaint) }
        return .administer(administration)
    }
}

struct SettingsOperation: AdminOperation {
    static let commandName = "settings"
    static let abstract = "Change settings that may change while the group runs."

    @Option(help: "Instances that may run at the same time.") var window: Int?
    @Option(help: "The most requests of one batch.") var batchRequests: Int?
    @Option(help: "The most bytes of payload of one batch.") var batchBytes: Int?
    @Option(help: "How far a batch's time may be from a voter's clock, in milliseconds.") var clockBound: Int?
    @Option(help: "By how much a change of leader or weights must pay, in thousandths.") var goalPermille: Int?
    @Option(help: "And by how much at least, in microseconds.") var goalMicroseconds: Int?
    @Option(help: "How long a member waits to be admitted a second time, in milliseconds.") var rejoinWait: Int?
    @Option(help: "Whether leader and weights stay as they are: true or false.") var pinned: Bool?
    @Option(help: "Whether replicas answer reads that are not ordered: true or false.") var unorderedReads: Bool?
    @Option(help: "Whether they execute and reply before the decision: true or false.") var tentative: Bool?

    func operation(on view: View) throws -> GroupOperation {
        var settings = view.settings
        let numbers: [(Int?, WritableKeyPath<GroupSettings, Int>)] = [
            (window, \.window), (batchRequests, \.batchRequestsMax), (batchBytes, \.batchBytesMax),
            (clockBound, \.clockBoundMilliseconds), (goalPermille, \.goalPermille),
            (goalMicroseconds, \.goalMicroseconds),
            (rejoinWait, \.rejoinMilliseconds),
        ]
        for (value, path) in numbers { if let value { settings[keyPath: path] = value } }
        let switches: [(Bool?, WritableKeyPath<GroupSettings, Bool>)] = [
            (pinned, \.isPinned), (unorderedReads, \.hasUnorderedReads), (tentative, \.executesTentatively),
        ]
        for (value, path) in switches { if let value { settings[keyPath: path] = value } }
        guard settings != view.settings else {
            throw CommandFailure(
                "the settings are like that already: name one with another value (martlet admin settings --help)")
        }
        if let complaint = settings.complaint { throw CommandFailure("setting \(complaint)") }
        return .arrange(ViewPlan(heavy: view.plan.heavy, leaderOrder: view.plan.leaderOrder, settings: settings))
    }
}

struct UpgradeOperation: AdminOperation {
    static let commandName = "upgrade"
    static let abstract =
        "Have the group speak a newer version of the protocol, once all members can. There is no way back."

    @Option(help: "Which version (default: the highest that all members have said they speak).")
    var protocolVersion: UInt16?

    func operation(on view: View) throws -> GroupOperation {
        let spoken = UInt16(view.settings.protocolVersion)
        let common = view.members.map { view.versions(of: $0.id).highest }.min() ?? spoken
        if protocolVersion == nil, common <= spoken {
            let old = view.members.filter { view.versions(of: $0.id).highest <= spoken }.map(\.id)
            throw CommandFailure(
                "there is nothing to upgrade to: the group speaks version \(spoken) of the protocol, and so far as is known \(old.count == 1 ? "replica" : "replicas") \(OperationText.list(old)) can speak no newer one; start them with a newer program first"
            )
        }
        return .upgrade(protocolVersion ?? common)
    }
}

struct ArrangeOperation: AdminOperation {
    static let commandName = "arrange"
    static let abstract = "Set leader and heavy replicas by hand, and keep them, as martlet adaptation pin does."

    @Option(help: "Who leads first, and who after whom if it fails, as ids: 3 or 3,1,0. The others follow as before.")
    var leader: String?
    @Option(help: "Who has the greater weight, as ids: 0,3.") var heavy: String?

    func operation(on view: View) throws -> GroupOperation {
        var plan = AssignmentPlan(view)
        if let leader { try plan.lead(try AssignmentPlan.ids(leader, option: "--leader")) }
        if let heavy { try plan.weigh(try AssignmentPlan.ids(heavy, option: "--heavy")) }
        return .arrange(plan.viewPlan(isPinned: true))
    }
}

extension View {
    /// The member or learner of that id; throws when there is none.
    fileprivate func listed(_ id: UInt16) throws(CommandFailure) -> Member {
        guard let member = replica(ReplicaID(id)) else {
            throw CommandFailure("the group has no replica \(id): members are \(OperationText.list(members.map(\.id)))")
        }
        return member
    }
}
