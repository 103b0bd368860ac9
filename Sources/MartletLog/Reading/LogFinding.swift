// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// What a reader of the log found that is not records.
package enum LogFinding: Hashable, Sendable {
    /// What was being written when the machine stopped, and was never durable: cut.
    case tornTail(TornTail)
    /// What was durable and is not there: never skipped in silence.
    case damage(LogDamage)

    package var isDamage: Bool {
        if case .damage = self { true } else { false }
    }
}

package struct TornTail: Hashable, Sendable {
    package let file: String
    /// Where it begins.
    package let offset: Int
    /// From there to the last byte that is not zero; in a segment that was used before, of what it held then, too.
    package let bytes: Int
    /// The frame that would have come.
    package let frame: FrameNumber
    package let fault: LogFault
}

package struct LogDamage: Hashable, Sendable {
    package let file: String
    package let offset: Int
    /// The frames that were there; nil where nobody can tell.
    package let missing: ClosedRange<FrameNumber>?
    package let fault: LogFault

    package init(file: String, offset: Int, missing: ClosedRange<FrameNumber>?, fault: LogFault) {
        self.file = file
        self.offset = offset
        self.missing = missing
        self.fault = fault
    }
}

extension LogFinding: CustomStringConvertible {
    package var description: String {
        switch self {
        case .tornTail(let tail):
            return
                "\(tail.file): what was being written at byte \(tail.offset) (frame \(tail.frame)) was never durable; "
                + "\(tail.bytes) bytes are cut (\(tail.fault))"
        case .damage(let damage):
            let frames = damage.missing.map {
                $0.lowerBound == $0.upperBound
                    ? "frame \($0.lowerBound)" : "frames \($0.lowerBound) to \($0.upperBound)"
            }
            return
                "\(damage.file): damaged at byte \(damage.offset), \(frames ?? "an unknown number of frames") missing "
                + "(\(damage.fault))"
        }
    }
}
