// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import MartletWire
import Testing

/// Each kind of error where it belongs.
@Suite struct WireErrorTests {
    private static let epochBytes: Bytes = [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1]

    @Test func aVersionThatIsNotSpokenIsNamed() {
        #expect(throws: WireError.unknownVersion(2)) { try PeerMessage(decoding: [2, 1]) }
        #expect(throws: WireError.unknownVersion(0)) { try ClientMessage(decoding: [0, 3]) }
        #expect(throws: WireError.unknownVersion(9)) { try ReplicaToClientMessage(decoding: [9, 3]) }
        #expect(throws: WireError.unknownVersion(255)) { try Hello(decoding: [255]) }
        #expect(throws: WireError.unknownVersion(7)) { try Genesis(decoding: [7]) }
        #expect(throws: WireError.unknownVersion(7)) { try View(decoding: [7]) }
        #expect(throws: WireError.unknownVersion(7)) { try CheckpointImage(decoding: [7]) }
    }

    @Test(arguments: [0, 32, 255] as [UInt8])
    func anUnknownTagIsAnError(_ tag: UInt8) {
        #expect(throws: WireError.unknownTag(type: "message between replicas", tag: tag)) {
            try PeerMessage(decoding: [1, tag])
        }
        #expect(throws: WireError.unknownTag(type: "message of a client", tag: tag)) {
            try ClientMessage(decoding: [1, tag])
        }
        #expect(throws: WireError.unknownTag(type: "answer to a greeting", tag: tag)) {
            try HelloAnswer(decoding: [1, tag])
        }
        #expect(throws: WireError.unknownTag(type: "reply", tag: tag)) { try ReplyBody(decoding: [tag]) }
    }

    @Test func nothingIsCutShort() {
        #expect(throws: WireError.truncated) { try PeerMessage(decoding: []) }
        #expect(throws: WireError.truncated) { try PeerMessage(decoding: [1]) }
        #expect(throws: WireError.truncated) { try Digest(decoding: Bytes(repeating: 0, count: 31)) }
        #expect(throws: WireError.trailingBytes(1)) { try Digest(decoding: Bytes(repeating: 0, count: 33)) }
    }

    /// Ten bytes that promise four thousand requests reserve nothing.
    @Test func aCountIsHeldToTheBytesThatAreThere() {
        let promise: Bytes = [1, 1, 0, 0, 0x10, 0, 0, 0, 0, 0]
        #expect(throws: WireError.overlong(count: 4096, bytesRemaining: 4)) { try ClientMessage(decoding: promise) }
        let vouches: Bytes = [1, 10, 0, 0, 0x40, 0]
        #expect(throws: WireError.overlong(count: 16_384, bytesRemaining: 0)) { try PeerMessage(decoding: vouches) }
        let query: Bytes = [1, 2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0x80, 0, 0]
        #expect(throws: WireError.overlong(count: 8 << 20, bytesRemaining: 0)) { try ClientMessage(decoding: query) }
    }

    @Test func aCountAboveItsLimitIsNamed() {
        let requests: Bytes = [1, 1, 0, 0, 0x10, 1]
        #expect(throws: WireError.limitExceeded(name: "bundleRequests", value: 4097, max: 4096)) {
            try ClientMessage(decoding: requests)
        }
        let query: Bytes = [1, 2, 0, 0, 0, 0, 0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF]
        #expect(throws: WireError.limitExceeded(name: "payloadBytes", value: 0xFFFF_FFFF, max: 8 << 20)) {
            try ClientMessage(decoding: query)
        }
    }

    /// Exactly the limit is allowed.
    @Test func aFullListIsRead() throws {
        let client = ClientID(PublicKey(words: .zero))
        let entry = BatchEntry(
            id: RequestID(client: client, session: .none, sequence: SequenceNumber(1)), digest: .zero)
        let full = Vouches(entries: Array(repeating: entry, count: Limits.batchEntries.max))
        #expect(try Vouches(decoding: full.encoded()) == full)
        let more = Vouches(entries: full.entries + [entry])
        #expect(throws: WireError.limitExceeded(name: "batchEntries", value: 16_513, max: 16_512)) {
            try Vouches(decoding: more.encoded())
        }
    }

    /// As many certificates as one message holds, each as large as one can be, still fit a frame to a client.
    @Test func theLongestPartOfAChainFitsAFrame() throws {
        let members = (0..<Limits.members.max).map { place in
            Member(
                id: ReplicaID(UInt16(place)), key: PublicKey(words: Words32(UInt64(place) + 1, 0, 0, 0)),
                host: String(repeating: "h", count: Limits.hostBytes.max), port: place + 1, isHeavy: place < 84)
        }
        let next = try View(
            group: .zero, number: ViewNumber(2), faultModel: .byzantine, f: 42, members: members,
            leaderOrder: members.map(\.id), settings: GroupSettings())
        let certificate = ViewCertificate(
            view: .genesis, last: Instance(1), next: next,
            shares: members.map { SignatureShare(replica: $0.id, signature: .absent) })
        let most = Limits.viewCertificates.max
        let full = ViewChainPart(certificates: Array(repeating: certificate, count: most))
        let bytes = ReplicaToClientMessage.views(full).encoded()
        #expect(bytes.count <= Limits.clientFrameBytes.max)
        #expect(try ReplicaToClientMessage(decoding: bytes) == .views(full))
        let more = ViewChainPart(certificates: full.certificates + [certificate])
        #expect(throws: WireError.limitExceeded(name: "viewCertificates", value: 65, max: 64)) {
            try ViewChainPart(decoding: more.encoded())
        }
    }

    @Test func whatAReconfigurationHoldsIsLimited() throws {
        func operation(heavy: Int = 0, order: Int = 0, administrators: Int = 0) -> Reconfiguration {
            let ids = { (count: Int) in (0..<count).map { ReplicaID(UInt16($0)) } }
            return Reconfiguration(
                view: .genesis,
                number: OperationNumber(1),
                operation: .arrange(
                    ViewPlan(heavy: ids(heavy), leaderOrder: ids(order), settings: GroupSettings())),
                shares: (0..<administrators).map {
                    AdministratorShare(
                        administrator: PublicKey(words: Words32(UInt64($0), 0, 0, 0)), signature: .absent)
                })
        }
        let full = operation(heavy: 128, order: 128, administrators: 128)
        #expect(try Reconfiguration(decoding: full.encoded()) == full)
        for (name, more) in [
            ("members", operation(heavy: 129)), ("members", operation(order: 129)),
            ("administrators", operation(administrators: 129)),
        ] {
            #expect(throws: WireError.limitExceeded(name: name, value: 129, max: 128)) {
                try Reconfiguration(decoding: more.encoded())
            }
        }
        let longest = ReconfigurationResult.refused(String(repeating: "r", count: 1_024))
        #expect(try ReconfigurationResult(decoding: longest.encoded()) == longest)
        let longer = ReconfigurationResult.refused(String(repeating: "r", count: 1_025))
        #expect(throws: WireError.limitExceeded(name: "reconfigurationTextBytes", value: 1_025, max: 1_024)) {
            try ReconfigurationResult(decoding: longer.encoded())
        }
    }

    @Test(arguments: [0, 7, 255] as [UInt8])
    func anUnknownKindOfRequestIsAnError(_ tag: UInt8) {
        var generator = Generator(seed: 1)
        var bytes = Request.reconfiguration(&generator).encoded()
        // After the client, the session and the sequence.
        bytes[32 + 12 + 8] = tag
        #expect(throws: WireError.unknownTag(type: "kind of request", tag: tag)) { try Request(decoding: bytes) }
    }

    @Test func zeroIsNoViewThatEndsOrFollows() throws {
        var generator = Generator(seed: 2)
        let next = View.sample(&generator)
        let zero = WireError.valueOutOfRange(field: "ViewNumber", value: 0)
        let install = Install(view: ViewNumber(0), last: Instance(1), next: next)
        #expect(throws: zero) { try Install(decoding: install.encoded()) }
        let endless = Install(view: .genesis, last: .zero, next: next)
        #expect(throws: WireError.valueOutOfRange(field: "Instance", value: 0)) {
            try Install(decoding: endless.encoded())
        }
        let certificate = ViewCertificate(view: ViewNumber(0), last: Instance(1), next: next, shares: [])
        #expect(throws: zero) { try ViewCertificate(decoding: certificate.encoded()) }
        #expect(throws: zero) { try FetchViews(decoding: FetchViews(after: ViewNumber(0)).encoded()) }
        let result = ReconfigurationResult.follows(ViewNumber(0))
        #expect(throws: zero) { try ReconfigurationResult(decoding: result.encoded()) }
    }

    /// Protocol §3: 0 is no regency. A vote or a lock that names it is none.
    @Test func zeroIsNoViewRegencyOrInstance() {
        let zeroRegency = Bytes(Self.epochBytes[..<8]) + Bytes(repeating: 0, count: 8)
        #expect(throws: WireError.valueOutOfRange(field: "Regency", value: 0)) { try Epoch(decoding: zeroRegency) }
        let zeroView = Bytes(repeating: 0, count: 8) + Bytes(Self.epochBytes[8...])
        #expect(throws: WireError.valueOutOfRange(field: "ViewNumber", value: 0)) { try Epoch(decoding: zeroView) }
        let vote = WriteVote(epoch: Epoch(view: .genesis, regency: .first), instance: .zero, digest: .zero)
        #expect(throws: WireError.valueOutOfRange(field: "Instance", value: 0)) {
            try WriteVote(decoding: vote.encoded())
        }
        let lock = RegencyDigest(regency: .none, digest: .zero)
        #expect(throws: WireError.valueOutOfRange(field: "Regency", value: 0)) {
            try RegencyDigest(decoding: lock.encoded())
        }
    }

    @Test func textIsUTF8() throws {
        var writer = Writer()
        writer.write(WireFormat.version, 2)
        writer.write(HelloRefusal.wrongGroup.rawValue)
        writer.writeBytes([0xC3, 0x28])
        let bytes = writer.finish()
        #expect(throws: WireError.notText) { try HelloAnswer(decoding: bytes) }
    }

    @Test func aViewThatCannotBeSaysWhy() throws {
        var generator = Generator(seed: 4)
        var bytes = View.sample(&generator).encoded()
        // f, after the version, the group, the number and the fault model.
        bytes[1 + 32 + 8 + 1] = 200
        let error = #expect(throws: WireError.self) { try View(decoding: bytes) }
        guard case .invalid(let reason) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(reason.contains("cannot tolerate"))
    }

    @Test func errorsReadWell() {
        #expect(
            "\(WireError.limitExceeded(name: "claims", value: 9, max: 8))" == "claims is 9, but at most 8 is allowed")
        #expect("\(WireError.unknownVersion(3))" == "format version 3 is unknown")
    }
}
