// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// What a trace calls its requests, batches, digests and STOPDATA, in both directions.
struct TraceNames {
    /// The wall clock at the beginning; times of batches are told from here.
    let origin: Timestamp
    private var requests: [String: AdmittedRequest] = [:]
    private var batches: [String: Batch] = [:]
    private var digests: [String: Digest] = [:]
    private var names: [Digest: String] = [:]
    private var stopData: [String: StopData] = [:]
    private var stopDataNames: [String: String] = [:]
    private var ownBatches = 0

    init(origin: Timestamp) { self.origin = origin }

    // MARK: From names

    func request(_ name: String) throws -> AdmittedRequest {
        guard let request = requests[name] else { throw TraceError("there is no request '\(name)'") }
        return request
    }

    func entry(_ name: String) throws -> BatchEntry {
        let request = try request(name)
        return BatchEntry(id: request.id, digest: request.digest)
    }

    func batch(_ name: String) throws -> Batch {
        guard let batch = batches[name] else { throw TraceError("there is no batch '\(name)'") }
        return batch
    }

    func digest(_ name: String) throws -> Digest {
        guard let digest = digests[name] else { throw TraceError("nothing is called '\(name)'") }
        return digest
    }

    func stopData(_ name: String) throws -> StopData {
        guard let stopData = stopData[name] else { throw TraceError("there is no STOPDATA '\(name)'") }
        return stopData
    }

    func hasStopData(_ name: String) -> Bool { stopData[name] != nil }

    /// The bodies of a batch, without those of the requests named.
    func bodies(of batch: Batch, lacking: [String]) throws -> [Request?] {
        let lacking = try lacking.map { try request($0).digest }
        return batch.entries.map { entry in
            lacking.contains(entry.digest) ? nil : requests.values.first { $0.digest == entry.digest }?.request
        }
    }

    // MARK: New names

    private mutating func add(_ name: String, _ digest: Digest) throws {
        guard digests[name] == nil else { throw TraceError("'\(name)' has a meaning already") }
        digests[name] = digest
        if names[digest] == nil { names[digest] = name }
    }

    mutating func add(_ name: String, _ request: AdmittedRequest) throws {
        try add(name, request.digest)
        requests[name] = request
    }

    mutating func add(_ name: String, _ batch: Batch) throws {
        try add(name, Samples.digest(of: batch))
        batches[name] = batch
    }

    mutating func addDigest(_ name: String) throws {
        try add(name, Digest(words: Words32(UInt64(digests.count) + 1, 5, 5, 5)))
    }

    mutating func add(_ name: String, _ data: StopData) throws {
        guard stopData[name] == nil else { throw TraceError("'\(name)' has a meaning already") }
        stopData[name] = data
        stopDataNames[key(data)] = name
    }

    /// Names a batch that the replica under test made; nil when it has a name.
    mutating func nameOwn(_ batch: Batch) throws -> String? {
        guard names[Samples.digest(of: batch)] == nil else { return nil }
        ownBatches += 1
        let name = "own\(ownBatches)"
        try add(name, batch)
        return name
    }

    // MARK: To names

    func name(of digest: Digest) -> String { names[digest] ?? "unknown" }

    /// Signatures aside: those of the test are all alike.
    func name(of data: StopData) -> String? { stopDataNames[key(data)] }

    private func key(_ data: StopData) -> String { "\(data.sender) r\(data.epoch.regency) \(text(of: data))" }

    static func text(of id: RequestID) -> String {
        let client = id.client.key.words.word0 - 1_000
        return id.session == .none ? "c\(client) opening \(id.sequence)" : "c\(client) \(id.session)#\(id.sequence)"
    }

    func text(of batch: Batch) -> String {
        let start = "i\(batch.instance) born r\(batch.born.regency)"
        guard batch.time != .zero else { return start + " empty" }
        let time = (Int64(batch.time.rawValue) - Int64(origin.rawValue)) / 1_000
        return start + " at \(time)ms [" + batch.entries.map { name(of: $0.digest) }.joined(separator: " ") + "]"
    }

    func text(of data: StopData) -> String {
        var parts: [String] = []
        if let base = data.base {
            parts.append("base i\(base.instance) \(name(of: base.digest))@r\(base.epoch.regency)")
        }
        if let stable = data.checkpoint { parts.append("checkpoint i\(stable.instance) \(name(of: stable.digest))") }
        for claim in data.claims {
            var part = "i\(claim.instance)"
            if let lock = claim.lock { part += " lock \(text(of: lock))" }
            if !claim.writeSet.isEmpty {
                part += " wrote " + claim.writeSet.map { text(of: $0) }.sorted().joined(separator: " ")
            }
            parts.append(part)
        }
        return parts.isEmpty ? "nothing" : parts.joined(separator: ", ")
    }

    private func text(of vote: RegencyDigest) -> String { "\(name(of: vote.digest))@r\(vote.regency)" }
}
