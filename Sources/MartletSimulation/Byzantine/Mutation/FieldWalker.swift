// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTypes

/// Walks a message field by field and builds it anew: to count what could be changed, to learn values, or to change one
/// thing. Every kind of message says once, in its `walked`, which fields it has.
struct FieldWalker {
    enum Task {
        case count
        case learn(isOwn: Bool)
        /// The value, or the list or optional, that is reached after so many others.
        case alterValue(Int)
        case alterStructure(Int)
    }

    let sealer: Sealer<SimulatedScheme>
    var task = Task.count
    var pool = FieldPool()
    var random: SeededRandom
    var values = 0
    var structures = 0
    /// What was changed, once something was.
    var done: Mutation?
    var isSignatureSpoiled = false

    init(sealer: Sealer<SimulatedScheme>, random: SeededRandom) {
        self.sealer = sealer
        self.random = random
    }

    mutating func begin(_ task: Task) {
        self.task = task
        values = 0
        structures = 0
        done = nil
        isSignatureSpoiled = false
    }

    // MARK: Values

    mutating func field(_ field: Field, _ role: FieldRole) -> Field {
        defer { values += 1 }
        switch task {
        case .count, .alterStructure: return field
        case .learn(let isOwn):
            pool.keep(field, role, isOwn: isOwn, &random)
            return field
        case .alterValue(let place):
            guard place == values, done == nil else { return field }
            return replacement(for: field, role)
        }
    }

    private mutating func replacement(for field: Field, _ role: FieldRole) -> Field {
        let older = pool.older(role).filter { $0 != field }
        let anothers = pool.anothers(role).filter { $0 != field }
        var choices: [Mutation] = []
        if case .number = field { choices = [.plusOne, .plusOne, .minusOne, .minusOne] }
        if !older.isEmpty { choices.append(.older) }
        if !anothers.isEmpty { choices.append(.anothers) }
        if case .bytes = field { choices.append(.junk) }
        if choices.isEmpty { choices = [.junk] }
        let choice = random.pick(choices)
        done = choice
        if role == .signature { isSignatureSpoiled = true }
        switch choice {
        case .older: return random.pick(older)
        case .anothers: return random.pick(anothers)
        default: return small(choice, of: field)
        }
    }

    private mutating func small(_ mutation: Mutation, of field: Field) -> Field {
        switch field {
        case .number(let number): return .number(mutation == .minusOne ? number &- 1 : number &+ 1)
        case .digest(let digest):
            let words = digest.words
            return .digest(Digest(words: Words32(words.word0 ^ 1, words.word1, words.word2, words.word3)))
        case .bytes(var bytes):
            if random.chance(permille: 500), !bytes.isEmpty {
                bytes[random.below(bytes.count)] ^= 1
            } else {
                bytes.append(0)
            }
            return .bytes(bytes)
        case .signature:
            return .signature(
                Signature(
                    first: Words32(random.next(), random.next(), random.next(), random.next()),
                    second: Words32(random.next(), random.next(), random.next(), random.next())))
        default:
            done = nil
            return field
        }
    }

    // MARK: Choices, lists and optionals

    mutating func choice<Choice: Equatable>(_ value: Choice, among all: [Choice]) -> Choice {
        defer { values += 1 }
        guard case .alterValue(let place) = task, place == values, done == nil else { return value }
        let others = all.filter { $0 != value }
        guard !others.isEmpty else { return value }
        done = .other
        return random.pick(others)
    }

    mutating func list<Element>(
        _ elements: [Element], _ walk: (inout FieldWalker, Element) -> Element
    ) -> [Element] {
        var kept = elements
        if reachesStructure() { kept = rearranged(elements) }
        for place in kept.indices { kept[place] = walk(&self, kept[place]) }
        return kept
    }

    mutating func optional<Wrapped>(
        _ value: Wrapped?, _ walk: (inout FieldWalker, Wrapped) -> Wrapped
    ) -> Wrapped? {
        if reachesStructure(), value != nil {
            done = .absent
            return nil
        }
        return value.map { walk(&self, $0) }
    }

    private mutating func reachesStructure() -> Bool {
        defer { structures += 1 }
        guard case .alterStructure(let place) = task else { return false }
        return place == structures && done == nil
    }

    private mutating func rearranged<Element>(_ elements: [Element]) -> [Element] {
        guard !elements.isEmpty else { return elements }
        var changed = elements
        let place = random.below(elements.count)
        switch random.below(4) {
        case 0:
            done = .absent
            return []
        case 1 where elements.count > 1:
            done = .swapped
            changed.swapAt(place, (place + 1 + random.below(elements.count - 1)) % elements.count)
        case 2:
            done = .dropped
            changed.remove(at: place)
        default:
            done = .duplicated
            changed.insert(elements[place], at: random.chance(permille: 500) ? place : elements.count)
        }
        return changed
    }
}

// MARK: By type

extension FieldWalker {
    mutating func number(_ number: UInt64, _ role: FieldRole) -> UInt64 {
        if case .number(let walked) = field(.number(number), role) { walked } else { number }
    }

    mutating func digest(_ digest: Digest) -> Digest {
        if case .digest(let walked) = field(.digest(digest), .digest) { walked } else { digest }
    }

    mutating func signature(_ signature: Signature) -> Signature {
        if case .signature(let walked) = field(.signature(signature), .signature) { walked } else { signature }
    }

    mutating func bytes(_ bytes: Bytes, _ role: FieldRole) -> Bytes {
        if case .bytes(let walked) = field(.bytes(bytes), role) { walked } else { bytes }
    }

    mutating func client(_ client: ClientID) -> ClientID {
        if case .client(let walked) = field(.client(client), .client) { walked } else { client }
    }

    mutating func flag(_ flag: Bool) -> Bool { choice(flag, among: [true, false]) }

    mutating func view(_ view: ViewNumber) -> ViewNumber { ViewNumber(number(view.rawValue, .view)) }

    mutating func instance(_ instance: Instance) -> Instance { Instance(number(instance.rawValue, .instance)) }

    mutating func regency(_ regency: Regency) -> Regency { Regency(number(regency.rawValue, .regency)) }

    mutating func replica(_ replica: ReplicaID) -> ReplicaID {
        ReplicaID(UInt16(truncatingIfNeeded: number(UInt64(replica.rawValue), .replica)))
    }

    mutating func epoch(_ epoch: Epoch) -> Epoch { Epoch(view: view(epoch.view), regency: regency(epoch.regency)) }
}
