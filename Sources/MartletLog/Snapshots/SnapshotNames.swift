// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// How the files of snapshots are called. Others in the same directory are none of their business.
package enum SnapshotNames {
    /// Files that are being written: they get their names when they are whole and durable.
    static let snapshotDraft = "snapshot-draft"
    static let layerDraft = "layer-draft"
    private static let snapshotPrefix = "snapshot-"
    private static let layerPrefix = "layer-"

    package static func snapshot(_ instance: Instance) -> String { snapshotPrefix + hexadecimal(instance.rawValue) }
    package static func layer(_ number: LayerNumber) -> String { layerPrefix + hexadecimal(number.rawValue) }

    static func instance(in name: String) -> Instance? { number(in: name, after: snapshotPrefix).map { Instance($0) } }
    static func layer(in name: String) -> LayerNumber? { number(in: name, after: layerPrefix).map { LayerNumber($0) } }

    private static func hexadecimal(_ number: UInt64) -> String {
        let text = String(number, radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }

    /// Only of a name as it is written here, so that no two names mean the same.
    private static func number(in name: String, after prefix: String) -> UInt64? {
        guard name.hasPrefix(prefix), let value = UInt64(name.dropFirst(prefix.count), radix: 16), value > 0,
            name == prefix + hexadecimal(value)
        else { return nil }
        return value
    }
}
