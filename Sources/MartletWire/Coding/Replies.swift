// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

extension ReplyBody: WireCodable {
    private enum Tag: UInt8 {
        case result = 1
        case opened = 2
        case sessionUnknown = 3
        case sequenceTooOld = 4
        case replyForgotten = 5
        case openingStale = 6
        case reconfigured = 7
        case accessDenied = 8
    }

    package var encodedSizeHint: Int {
        switch self {
        case .result(let result): 5 + result.count
        case .reconfigured(let result): 1 + result.encodedSizeHint
        case .opened, .sessionUnknown, .sequenceTooOld, .replyForgotten, .openingStale, .accessDenied: 13
        }
    }

    package func encode(into writer: inout Writer) {
        switch self {
        case .result(let result):
            writer.write(Tag.result.rawValue)
            writer.writeBytes(result)
        case .opened(let session):
            writer.write(Tag.opened.rawValue)
            session.encode(into: &writer)
        case .sessionUnknown: writer.write(Tag.sessionUnknown.rawValue)
        case .sequenceTooOld: writer.write(Tag.sequenceTooOld.rawValue)
        case .replyForgotten: writer.write(Tag.replyForgotten.rawValue)
        case .openingStale: writer.write(Tag.openingStale.rawValue)
        case .accessDenied: writer.write(Tag.accessDenied.rawValue)
        case .reconfigured(let result):
            writer.write(Tag.reconfigured.rawValue)
            result.encode(into: &writer)
        }
    }

    package init(from reader: inout Reader) throws(WireError) {
        switch try reader.enumeration(Tag.self, "reply") {
        case .result: self = .result(try reader.bytes(Limits.resultBytes))
        case .opened: self = .opened(try SessionID(from: &reader))
        case .sessionUnknown: self = .sessionUnknown
        case .sequenceTooOld: self = .sequenceTooOld
        case .replyForgotten: self = .replyForgotten
        case .openingStale: self = .openingStale
        case .accessDenied: self = .accessDenied
        case .reconfigured: self = .reconfigured(try ReconfigurationResult(from: &reader))
        }
    }
}

extension Finality: WireCodable {
    private enum Tag: UInt8 {
        case final = 1
        case tentative = 2
    }

    package func encode(into writer: inout Writer) {
        switch self {
        case .final: writer.write(Tag.final.rawValue)
        case .tentative(let epoch, let instance):
            writer.write(Tag.tentative.rawValue)
            writer.write(epoch.view.rawValue, epoch.regency.rawValue, instance.rawValue)
        }
    }

    package init(from reader: inout Reader) throws(WireError) {
        switch try reader.enumeration(Tag.self, "kind of reply") {
        case .final: self = .final
        case .tentative:
            self = .tentative(epoch: try Epoch(from: &reader), instance: try reader.positive(Instance.self))
        }
    }
}

extension Reply: WireCodable {
    package static var encodedBytesMin: Int { 8 + RequestID.encodedBytesMin + 1 + 1 }
    package var encodedSizeHint: Int { Self.encodedBytesMin + 24 + body.encodedSizeHint }

    package func encode(into writer: inout Writer) {
        writer.write(view)
        request.encode(into: &writer)
        finality.encode(into: &writer)
        body.encode(into: &writer)
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(
            view: try reader.positive(ViewNumber.self), request: try RequestID(from: &reader),
            finality: try Finality(from: &reader), body: try ReplyBody(from: &reader))
    }
}

extension ReadReply: WireCodable {
    package static var encodedBytesMin: Int { 8 + 8 + 8 + 4 }
    package var encodedSizeHint: Int { Self.encodedBytesMin + result.count }

    package func encode(into writer: inout Writer) {
        writer.write(view.rawValue, number, version.rawValue)
        writer.writeBytes(result)
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(
            view: try reader.positive(ViewNumber.self), number: try reader.uint64(),
            version: try reader.number(Instance.self), result: try reader.bytes(Limits.resultBytes))
    }
}

extension Refusal: WireCodable {
    package static var encodedBytesMin: Int { RequestID.encodedBytesMin + 1 }

    package func encode(into writer: inout Writer) {
        request.encode(into: &writer)
        writer.write(reason.rawValue)
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(
            request: try RequestID(from: &reader),
            reason: try reader.enumeration(RefusalReason.self, "reason of a refusal"))
    }
}
