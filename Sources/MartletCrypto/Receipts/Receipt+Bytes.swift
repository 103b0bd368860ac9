// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

public import MartletTypes
import MartletWire

/// A receipt as it lies in a file: a magic number, the same in every version, then its encoding and nothing else. It needs no checksum:
/// there is no bit in it that the signatures do not rest on.
extension Receipt {
    private static let magic: UInt64 = 0x4D41_5254_5243_500A  // "MARTRCP\n"

    /// No receipt has more, so nobody need read more of a file.
    public static var bytesMax: Int { Limits.receiptBytes.max }

    /// Throws when nobody could read it: its views are too many.
    public func fileBytes() throws(ReceiptError) -> Bytes {
        var writer = Writer(capacity: 8 + encodedSizeHint)
        writer.write(Self.magic)
        encode(into: &writer)
        let bytes = writer.finish()
        guard bytes.count <= Self.bytesMax, chain.count <= Limits.viewChain.max else {
            throw .tooLarge(bytesMax: Self.bytesMax)
        }
        return bytes
    }

    /// Reads what `fileBytes` wrote. Total: any bytes give a receipt or an error. What was read shows nothing yet: `checked` does.
    public init(fileBytes bytes: Bytes) throws(ReceiptError) {
        guard bytes.count <= Self.bytesMax else { throw .tooLarge(bytesMax: Self.bytesMax) }
        guard bytes.count >= 8, bytes[..<8].reduce(0, { $0 << 8 | UInt64($1) }) == Self.magic else { throw .noReceipt }
        do {
            self = try unsafe Reader.read(bytes.span.bytes.extracting(8..<bytes.count)) {
                (reader: inout Reader) throws(WireError) in try Self(from: &reader)
            }
        } catch {
            throw .unreadable("\(error)")
        }
    }
}
