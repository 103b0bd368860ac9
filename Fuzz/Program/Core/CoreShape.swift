// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// The group and the limits of one run, all small, so that limits are met.
struct CoreShape {
    static let pendingPerClientMax = 8
    static let pendingMax = 16
    static let administrator = PublicKey(words: Words32(1, 0, 0, 7))

    let view: View
    let mode: ReplicaMode

    init(_ source: inout ByteSource) {
        let shapes: [(FaultModel, n: Int, f: Int)] = [
            (.byzantine, 4, 1), (.byzantine, 5, 1), (.byzantine, 7, 2), (.crash, 3, 1), (.crash, 4, 1),
            (.byzantine, 1, 0), (.byzantine, 6, 1),
        ]
        let (model, n, f) = shapes[source.number(below: shapes.count)]
        var settings = GroupSettings()
        settings.window = 1 + source.number(below: 4)
        settings.checkpointPeriod = 8
        settings.batchRequestsMax = 4
        settings.batchBytesMax = 1024
        settings.requestBytesMax = 1024
        settings.pipelineMax = 1 + source.number(below: 70)
        settings.sessionsPerClientMax = 2
        settings.sessionsMax = 4
        // Nothing, every second instance, or every one; and twice the largest window that can follow.
        settings.measuringPermille = [0, 1_000, 500, 0, 1_000][source.number(below: 5)]
        settings.calculationPeriod = 16
        // Drawn with the others, so that what was found before stays what it is.
        settings.executesTentatively = settings.window.isMultiple(of: 2)
        mode = source.chance(32) ? .learner : .voter
        let heavy = QuorumRule(faultModel: model, n: n, f: f).heavyCount
        let members = (0..<n).map { place in
            Member(
                id: ReplicaID(UInt16(place)), key: PublicKey(words: Words32(UInt64(place), 0, 0, 9)), host: "h",
                port: 1 + place, isHeavy: f > 0 && place < heavy)
        }
        do throws(ViewError) {
            view = try View(
                group: .zero, number: .genesis, faultModel: model, f: f, members: members,
                leaderOrder: members.map(\.id), settings: settings,
                administration: Administration(keys: [Self.administrator], needed: 1))
        } catch {
            fatalError("\(error)")
        }
    }
}
