// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import MartletWire

/// Sends its own messages cut, lengthened and with bytes changed, and frames of noise, beside what it should send.
struct GarblingMember: Behaviour {
    private static let keptMax = 256
    private static let framesPerTick = 24

    private var kept: [Bytes] = []

    mutating func alter(_ outgoing: inout [Outgoing], _ context: inout BehaviourContext) {
        for item in outgoing.prefix(4) {
            if kept.count >= Self.keptMax { kept.removeFirst() }
            kept.append(item.frame)
        }
        guard context.isTick else { return }
        for _ in 0..<Self.framesPerTick {
            let frame = garbled(&context)
            outgoing += context.others.map { Outgoing(bytes: frame, to: $0) }
            context.acts += 1
        }
    }

    private func garbled(_ context: inout BehaviourContext) -> Bytes {
        guard var bytes = kept.randomElement(using: &context.random), bytes.count > 2 else {
            return context.junk(Int.random(in: 1...200, using: &context.random))
        }
        switch Int.random(in: 0...4, using: &context.random) {
        case 0: bytes.removeLast(Int.random(in: 1..<bytes.count, using: &context.random))
        case 1: bytes += context.junk(Int.random(in: 1...64, using: &context.random))
        case 2: bytes = context.junk(Int.random(in: 1...2000, using: &context.random))
        case 3:
            // A count or length that promises more than there is.
            let place = Int.random(in: 0..<bytes.count, using: &context.random)
            for next in place..<min(place + 4, bytes.count) { bytes[next] = 0xFF }
        default:
            for _ in 0..<Int.random(in: 1...4, using: &context.random) {
                let place = Int.random(in: 0..<bytes.count, using: &context.random)
                bytes[place] = UInt8.random(in: 0...255, using: &context.random)
            }
        }
        return bytes
    }
}
