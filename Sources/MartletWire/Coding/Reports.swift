// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

extension ReplicaOperation: WireCodable {
    package static var encodedBytesMin: Int { Request.encodedBytesMin + 64 }
    package var encodedSizeHint: Int { request.encodedSizeHint + 64 }

    package func encode(into writer: inout Writer) {
        request.encode(into: &writer)
        signature.encode(into: &writer)
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(request: try Request(from: &reader), signature: try Signature(from: &reader))
        guard request.kind.isOfMembers else { throw .notCanonical("a replica's operation is of a client's kind") }
    }
}

extension LatencyReport: WireCodable {
    package static var encodedBytesMin: Int { 4 + 4 + 4 + 8 }

    package func encode(into writer: inout Writer) {
        writer.writeCount(votes.count)
        for latency in proposals + votes + [took] { writer.write(latency.rawValue) }
        writer.write(late)
        writer.write(regency.rawValue)
    }

    package init(from reader: inout Reader) throws(WireError) {
        let count = try reader.count(Limits.members, elementBytesMin: 8)
        var latencies: [LinkLatency] = []
        latencies.reserveCapacity(2 * count + 1)
        for _ in 0...2 * count {
            let number = try reader.uint32()
            latencies.append(LinkLatency(number))
            guard latencies.last?.rawValue == number else {
                throw .valueOutOfRange(field: "latency", value: UInt64(number))
            }
        }
        let late = try reader.replicaSet()
        guard late.allSatisfy({ $0.position < count }) else { throw .notCanonical("who is late is no member") }
        self.init(
            proposals: Array(latencies[..<count]), votes: Array(latencies[count..<2 * count]), late: late,
            took: latencies[2 * count], regency: try reader.number(Regency.self))
    }
}

extension ReportRecord: WireCodable {
    package static var encodedBytesMin: Int { 2 + 8 + 8 + 1 }

    package func encode(into writer: inout Writer) {
        writer.write(replica)
        writer.write(number)
        writer.write(instance.rawValue)
        writer.writeOptional(report)
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(
            replica: try reader.number(ReplicaID.self), number: try reader.number(SequenceNumber.self),
            instance: try reader.number(Instance.self), report: try reader.optional(LatencyReport.self))
    }
}

extension CalculationInput: WireCodable {
    package static var encodedBytesMin: Int { 8 + 8 + 8 + 2 + 4 + 4 + Experience.encodedBytesMin }

    package func encode(into writer: inout Writer) {
        writer.write(view)
        writer.write(instance.rawValue)
        writer.write(regency.rawValue)
        writer.write(leader)
        writer.writeList(excluded)
        writer.writeCount(reports.count)
        for report in reports { writer.writeOptional(report) }
        experience.encode(into: &writer)
    }

    package init(from reader: inout Reader) throws(WireError) {
        let view = try reader.positive(ViewNumber.self)
        let instance = try reader.positive(Instance.self)
        let regency = try reader.number(Regency.self)
        let leader = try reader.number(ReplicaID.self)
        let excluded = try reader.list(of: ReplicaID.self, Limits.members) { id in id }
        let count = try reader.count(Limits.members, elementBytesMin: 1)
        var reports: [LatencyReport?] = []
        reports.reserveCapacity(count)
        for _ in 0..<count { reports.append(try reader.optional(LatencyReport.self)) }
        self.init(
            view: view, instance: instance, regency: regency, leader: leader, excluded: excluded, reports: reports,
            experience: try Experience(from: &reader))
    }
}

extension AdaptationImage: WireCodable {
    package static var encodedBytesMin: Int { 4 + Experience.encodedBytesMin + 1 }
    package var encodedSizeHint: Int {
        // As many reports in a calculation as members, each of two numbers for each member.
        5 + 2 * experience.encodedSizeHint + reports.count * (43 + 16 * reports.count)
    }

    package func encode(into writer: inout Writer) {
        writer.writeList(reports)
        experience.encode(into: &writer)
        writer.writeOptional(calculation)
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(
            reports: try reader.list(of: ReportRecord.self, Limits.members) { record in record.replica },
            experience: try Experience(from: &reader),
            calculation: try reader.optional(CalculationInput.self))
    }
}
