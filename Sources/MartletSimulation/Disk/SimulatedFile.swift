// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// The content of one file, whatever it is called.
struct SimulatedFile: Sendable {
    /// What a disk writes at once. A longer write that was not synced may be there in some of these pieces only.
    static let pieceBytes = 512

    private struct Write {
        let offset: Int
        let bytes: Bytes
    }

    /// What a piece of a write has come to when the power was lost.
    enum Fate {
        case kept
        case lost
        /// Only so many of its bytes were written.
        case torn(Int)
    }

    /// What readers see.
    private(set) var visible: Bytes = []
    /// What a crash leaves.
    private var durable: Bytes = []
    /// Since the last sync, in order.
    private var pending: [Write] = []

    mutating func write(_ bytes: Bytes, at offset: Int) {
        guard !bytes.isEmpty else { return }
        Self.store(bytes[...], at: offset, in: &visible)
        pending.append(Write(offset: offset, bytes: bytes))
    }

    mutating func sync() {
        for write in pending { Self.store(write.bytes[...], at: write.offset, in: &durable) }
        pending = []
    }

    /// What was written since the last sync will be gone after a crash, whatever is synced before it.
    mutating func forgetPending() { pending = [] }

    /// - Parameter fate: of each piece of a write, by its length.
    mutating func crash(_ fate: (Int) -> Fate) {
        for write in pending {
            var place = 0
            while place < write.bytes.count {
                let inPiece = (write.offset + place) % Self.pieceBytes
                let end = min(place + Self.pieceBytes - inPiece, write.bytes.count)
                switch fate(end - place) {
                case .kept: Self.store(write.bytes[place..<end], at: write.offset + place, in: &durable)
                case .lost: break
                case .torn(let count):
                    Self.store(write.bytes[place..<place + count], at: write.offset + place, in: &durable)
                }
                place = end
            }
        }
        pending = []
        visible = durable
    }

    /// Changes a byte at rest, as if it had always been so.
    mutating func corrupt(at offset: Int, by mask: UInt8) {
        visible[offset] ^= mask
        if offset < durable.count { durable[offset] ^= mask }
    }

    private static func store(_ bytes: ArraySlice<UInt8>, at offset: Int, in content: inout Bytes) {
        guard !bytes.isEmpty else { return }
        let end = offset + bytes.count
        if end > content.count { content.append(contentsOf: repeatElement(0, count: end - content.count)) }
        content.replaceSubrange(offset..<end, with: bytes)
    }
}
