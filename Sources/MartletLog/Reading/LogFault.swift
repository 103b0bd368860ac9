// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
package import MartletWire

/// Why no frame, or no segment, is where one should be.
package enum LogFault: Error, Hashable, Sendable {
    /// Zeros, or the file's end.
    case nothing
    /// Bytes that are no frame of this segment.
    case noFrame
    /// A frame of this segment, but another one.
    case otherFrame(FrameNumber)
    /// The frame ends beyond the file.
    case cutOff
    case payloadChecksum
    /// As it was written, yet no record: written by something else than this program.
    case undecodable(WireError)
    /// The file does not begin as a segment does.
    case noHeader
    case headerChecksum
    case otherSegment(SegmentNumber)
    /// Of a newer program.
    case unknownFormat(version: UInt32)
    case missing
    /// The disk does not give it.
    case unreadable
}

extension LogFault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .nothing: "nothing is there"
        case .noFrame: "what is there is no frame"
        case .otherFrame(let number): "frame \(number) is there instead"
        case .cutOff: "the file ends inside a frame"
        case .payloadChecksum: "the checksum of a frame's content is wrong"
        case .undecodable(let error): "the content cannot be decoded: \(error)"
        case .noHeader: "it does not begin as a segment does"
        case .headerChecksum: "the checksum of its header is wrong"
        case .otherSegment(let number): "its header is that of segment \(number)"
        case .unknownFormat(let version): "it has the format \(version), which this program does not know"
        case .missing: "the file is gone"
        case .unreadable: "the file cannot be read"
        }
    }
}
