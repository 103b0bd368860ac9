// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// How the files of a log are called. Others in the same directory are none of its business.
package enum LogNames {
    /// A segment that is not one yet: it gets its name when what it begins with is durable.
    static let draft = "log-draft"
    private static let segmentPrefix = "log-"
    private static let sparePrefix = "spare-"
    private static let abandonedPrefix = "abandoned-"
    private static let digits = 16

    package static func segment(_ number: SegmentNumber) -> String { segmentPrefix + hexadecimal(number) }
    /// A segment that nobody needs, to be written over.
    static func spare(_ number: SegmentNumber) -> String { sparePrefix + hexadecimal(number) }
    /// A segment of a log that was given up, for people to look at.
    static func abandoned(_ number: SegmentNumber) -> String { abandonedPrefix + hexadecimal(number) }

    static func segmentNumber(in name: String) -> SegmentNumber? { number(in: name, after: segmentPrefix) }
    static func isSpare(_ name: String) -> Bool { number(in: name, after: sparePrefix) != nil }

    static func isAbandoned(_ name: String) -> Bool { number(in: name, after: abandonedPrefix) != nil }

    private static func hexadecimal(_ number: SegmentNumber) -> String {
        let text = String(number.rawValue, radix: 16)
        return String(repeating: "0", count: digits - text.count) + text
    }

    /// Only of a name as it is written here, so that no two names mean the same.
    private static func number(in name: String, after prefix: String) -> SegmentNumber? {
        guard name.hasPrefix(prefix), let value = UInt64(name.dropFirst(prefix.count), radix: 16) else { return nil }
        let number = SegmentNumber(value)
        return name == prefix + hexadecimal(number) ? number : nil
    }
}
