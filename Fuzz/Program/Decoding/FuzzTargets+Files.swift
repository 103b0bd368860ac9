// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

@testable import MartletCrypto
@testable import MartletFiles

/// Files that people write and pass on.
extension FuzzTargets {
    static let files = [keyFile, genesisFile]

    private static let keyFile = FuzzTarget(
        name: "key-file", about: "the reader of a private key's text", bytesMax: 512, modules: ["MartletCrypto/Keys"],
        seeds: .made([Bytes(KeyFileText.text(of: sampleKey).utf8)])
    ) { bytes in
        guard let text = unsafe String(validating: bytes, as: UTF8.self) else { return }
        do throws(KeyFileText.Complaint) {
            let key = try KeyFileText.key(in: text)
            let again = try KeyFileText.key(in: KeyFileText.text(of: key))
            hold(key.publicKey == again.publicKey, "the key is another after it was written")
        } catch {
            hold(!error.text.isEmpty && error.line >= 0)
        }
    }

    private static let genesisFile = FuzzTarget(
        name: "genesis-file", about: "the reader of a group's genesis file", bytesMax: 4096, modules: ["martlet"],
        seeds: .made(sampleGeneses.map { Bytes(GenesisFile.text(of: $0).utf8) })
    ) { bytes in
        guard let text = unsafe String(validating: bytes, as: UTF8.self) else { return }
        do throws(ConfigurationError) {
            let genesis = try GenesisFile.read(text: text, file: "genesis")
            let again = try GenesisFile.read(text: GenesisFile.text(of: genesis), file: "written")
            hold(genesis == again, "the genesis is another after it was written")
        } catch {
            hold(error.file == "genesis", "what was read cannot be read once written: \(error)")
            hold(!error.complaint.isEmpty)
        }
    }

    // MARK: Samples

    private static let sampleKey = key(7)

    private static func key(_ fill: UInt8) -> SigningKey {
        guard let key = SigningKey(seed: Bytes(repeating: fill, count: 32)) else { fatalError("32 bytes") }
        return key
    }

    private static var sampleGeneses: [Genesis] {
        let members = (0..<5).map { place in
            Member(
                id: ReplicaID(UInt16(place)), key: PublicKey(words: Words32(UInt64(place), 0, 0, 1)), host: "h\(place)",
                port: 7000 + place, isHeavy: place < 2)
        }
        do throws(ViewError) {
            let plain = try Genesis(
                name: "plain", faultModel: .byzantine, f: 1, members: Array(members.prefix(4)), administrators: [],
                administratorsNeeded: 0, clientAccess: .open, settings: GroupSettings())
            let full = try Genesis(
                name: "a \"full\" one", faultModel: .crash, f: 2,
                members: members, administrators: [members[0].key], administratorsNeeded: 1,
                clientAccess: .allowList([members[1].key]), settings: GroupSettings(),
                origin: GenesisOrigin(
                    state: OriginState(
                        group: Digest(words: Words32(1, 2, 3, 4)), instance: Instance(256),
                        digest: Digest(words: Words32(5, 6, 7, 8))),
                    nonce: Digest(words: Words32(9, 10, 11, 12))))
            return [plain, full]
        } catch {
            fatalError("\(error)")
        }
    }
}
