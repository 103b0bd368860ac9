// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// Which requests of which sessions were ordered. (being written)
package struct SessionTable: Sendable {
    package init(settings: GroupSettings) {}
    /// Takes over the marks of an image.
    package init(image: CheckpointImage, settings: GroupSettings) {}
    /// By ascending session, replies empty.
    package var records: [SessionRecord] { [] }
    package var openings: [OpeningRecord] { [] }
}
