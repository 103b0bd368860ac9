// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Reads definitions and messages; the words are those that `TracePrinter` writes.
struct TraceReader {
    let view: View
    var names: TraceNames

    func epoch(_ regency: UInt64) -> Epoch { Epoch(view: view.number, regency: Regency(regency)) }

    // MARK: Definitions

    /// `request a = c1 opens 1` and `request q = c1 1.0#3 TEXT`
    mutating func defineRequest(_ words: inout TraceWords) throws {
        let name = try words.next("a name")
        try words.expect("=")
        let client = Samples.client(try words.number(after: "c", "client"))
        if words.take("opens") {
            return try names.add(name, Samples.open(client, number: try words.number("opening")))
        }
        let id = try words.next("a session and sequence").split(separator: "#")
        let session = id.first?.split(separator: ".").compactMap { UInt64($0) } ?? []
        guard id.count == 2, session.count == 2, let sequence = UInt64(id[1]) else {
            throw TraceError("a request is 'opens 1' or names session and sequence, as in 1.0#3")
        }
        let payload = words.isAtEnd ? "" : try words.next("payload")
        try names.add(
            name,
            Samples.operation(
                client, SessionID(instance: Instance(session[0]), place: UInt32(session[1])), sequence,
                Bytes(payload.utf8)))
    }

    /// `batch b = i1 born r1 at 0ms [a q]` and `batch e = i1 born r2 empty`
    mutating func defineBatch(_ words: inout TraceWords) throws {
        let name = try words.next("a name")
        try words.expect("=")
        let instance = Instance(try words.number(after: "i", "instance"))
        try words.expect("born")
        let born = epoch(try words.number(after: "r", "regency"))
        if words.take("empty") {
            return try names.add(name, Batch(instance: instance, born: born, time: .zero, entries: []))
        }
        try words.expect("at")
        let time = try TraceWords.milliseconds(in: try words.next("a time"))
        let entries = try words.list().map { try names.entry($0) }
        let wall = Timestamp(names.origin.rawValue + time * 1_000)
        try names.add(name, Batch(instance: instance, born: born, time: wall, entries: entries))
    }

    /// `stopdata s2 = 2 r2 base i1 b1@r1, i2 lock b2@r1 wrote b2@r1`
    mutating func defineStopData(_ words: inout TraceWords) throws {
        let name = try words.next("a name")
        try words.expect("=")
        let sender = ReplicaID(UInt16(truncatingIfNeeded: try words.number("replica")))
        try names.add(name, try stopData(&words, from: sender))
    }

    // MARK: STOPDATA

    func stopData(_ words: inout TraceWords, from sender: ReplicaID) throws -> StopData {
        let epoch = epoch(try words.number(after: "r", "regency"))
        var base: DecisionCertificate?
        var checkpoint: CheckpointCertificate?
        var claims: [InstanceClaim] = []
        if !words.take("nothing") {
            repeat {
                if words.take("base") {
                    let instance = Instance(try words.number(after: "i", "instance"))
                    base = certificate(instance, try vote(try words.next("a digest")))
                } else if words.take("checkpoint") {
                    let instance = Instance(try words.number(after: "i", "instance"))
                    checkpoint = certificate(instance, try names.digest(try words.next("a digest")))
                } else {
                    claims.append(try claim(&words))
                }
            } while words.take(",")
        }
        return StopData(epoch: epoch, sender: sender, base: base, checkpoint: checkpoint, claims: claims)
    }

    private func claim(_ words: inout TraceWords) throws -> InstanceClaim {
        let instance = Instance(try words.number(after: "i", "instance"))
        let lock = words.take("lock") ? try vote(try words.next("a lock")) : nil
        var writeSet: [RegencyDigest] = []
        if words.take("wrote") {
            while let word = words.peek, word != "," { writeSet.append(try vote(try words.next(word))) }
        }
        return InstanceClaim(instance: instance, lock: lock, writeSet: writeSet.sorted { $0.digest < $1.digest })
    }

    /// `b1@r2`
    func vote(_ word: String) throws -> RegencyDigest {
        let parts = word.split(separator: "@").map(String.init)
        guard parts.count == 2 else { throw TraceError("'\(word)' must be a batch and a regency, as in b1@r1") }
        let regency = try TraceWords.number(in: parts[1], after: "r", "regency")
        return RegencyDigest(regency: Regency(regency), digest: try names.digest(parts[0]))
    }

    private var quorumShares: [SignatureShare] {
        var signers = ReplicaSet()
        for place in 0..<view.n where !view.isQuorum(signers) { signers.insert(ReplicaIndex(place)) }
        return signers.map { SignatureShare(replica: view[$0].id, signature: .absent) }
    }

    func certificate(_ instance: Instance, _ vote: RegencyDigest) -> DecisionCertificate {
        DecisionCertificate(
            epoch: epoch(vote.regency.rawValue), instance: instance, digest: vote.digest, shares: quorumShares)
    }

    func certificate(_ instance: Instance, _ digest: Digest) -> CheckpointCertificate {
        CheckpointCertificate(view: view.number, instance: instance, digest: digest, shares: quorumShares)
    }
}
