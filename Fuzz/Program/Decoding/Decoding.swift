// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletWire

/// What every decoder promises: an error, or a value whose one encoding the bytes are.
enum Decoding {
    static func check<Value: WireCodable>(_ type: Value.Type, _ bytes: UnsafeRawBufferPointer) {
        do throws(WireError) {
            let value = try unsafe Value(decoding: bytes)
            let again = value.encoded()
            hold(unsafe again.elementsEqual(bytes), "two encodings of one \(type)")
            hold(again.count >= Value.encodedBytesMin, "\(type) has fewer bytes than its least")
        } catch {
            hold(!error.description.isEmpty)
        }
    }

    /// The first byte chooses the kind of what follows; so one target serves several small decoders.
    static func choose(
        _ bytes: UnsafeRawBufferPointer, _ checks: [@Sendable (UnsafeRawBufferPointer) -> Void]
    ) {
        guard let first = unsafe bytes.first else { return }
        unsafe checks[Int(first) % checks.count](UnsafeRawBufferPointer(rebasing: bytes.dropFirst()))
    }
}
