// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

extension ClientMessage: WireCodable {
    private enum Tag: UInt8 {
        case requests = 1
        case read = 2
        case statusQuery = 3
        case fetchViews = 4
        case adaptationQuery = 5
        case fetchReceipt = 6
    }

    package static var encodedBytesMin: Int { 2 }
    package var encodedSizeHint: Int {
        switch self {
        case .requests(let bundle): 2 + bundle.encodedSizeHint
        case .read(let read): 2 + read.encodedSizeHint
        case .statusQuery, .adaptationQuery: 2
        case .fetchViews(let fetch): 2 + fetch.encodedSizeHint
        case .fetchReceipt: 2 + RequestID.encodedBytesMin
        }
    }

    package func encode(into writer: inout Writer) {
        writer.write(WireFormat.version, tag.rawValue)
        switch self {
        case .requests(let bundle): bundle.encode(into: &writer)
        case .read(let read): read.encode(into: &writer)
        case .statusQuery, .adaptationQuery: break
        case .fetchViews(let fetch): fetch.encode(into: &writer)
        case .fetchReceipt(let id): id.encode(into: &writer)
        }
    }

    package init(from reader: inout Reader) throws(WireError) {
        try reader.expectVersion()
        switch try reader.enumeration(Tag.self, "message of a client") {
        case .requests: self = .requests(try RequestBundle(from: &reader))
        case .read: self = .read(try ReadRequest(from: &reader))
        case .statusQuery: self = .statusQuery
        case .adaptationQuery: self = .adaptationQuery
        case .fetchViews: self = .fetchViews(try FetchViews(from: &reader))
        case .fetchReceipt: self = .fetchReceipt(try RequestID(from: &reader))
        }
    }

    private var tag: Tag {
        switch self {
        case .requests: .requests
        case .read: .read
        case .statusQuery: .statusQuery
        case .adaptationQuery: .adaptationQuery
        case .fetchViews: .fetchViews
        case .fetchReceipt: .fetchReceipt
        }
    }
}
