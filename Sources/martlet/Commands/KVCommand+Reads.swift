// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import MartletKV
import MartletTypes

extension KVCommand {
    struct Get: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Print the value of a key.")

        @Argument var key: String
        @OptionGroup var options: GroupOptions

        func run() async throws {
            try await KVCommand.run(options) { store in
                let value = try await store.get(Array(key.utf8))
                return Answer(
                    text: value.map(PrintableBytes.shown) ?? "'\(key)' is absent",
                    json: ["key": .text(key), "found": .boolean(value != nil), "value": PrintableBytes.json(value)],
                    isAsWished: value != nil)
            }
        }
    }

    struct Scan: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List keys and values in ascending order of keys.")

        @Option(help: "The first key that may be listed.") var from = ""
        @Option(help: "The first key that is not listed any more.") var to: String?
        @Option(help: "The most keys to list.") var limit = 100
        @OptionGroup var options: GroupOptions

        func validate() throws {
            guard limit >= 1 else { throw ValidationError("--limit must be at least 1") }
        }

        func run() async throws {
            try await KVCommand.run(options) { store in
                let (items, next) = try await pages(of: store)
                var table = ConsoleTable([.init("key"), .init("value")])
                for item in items { table.add([PrintableBytes.shown(item.key), PrintableBytes.shown(item.value)]) }
                let more = next.map { "\nmore from \(PrintableBytes.shown($0)) on" } ?? ""
                return Answer(
                    text: items.isEmpty ? "no keys" : table.text + more,
                    json: [
                        "items": .list(
                            items.map {
                                .object(["key": PrintableBytes.json($0.key), "value": PrintableBytes.json($0.value)])
                            }), "next": PrintableBytes.json(next),
                    ])
            }
        }

        /// As many pages as it takes; each is a read of its own.
        private func pages(of store: KVClient) async throws -> (items: [KVPage.Item], next: Bytes?) {
            var items: [KVPage.Item] = []
            var next: Bytes? = Array(from.utf8)
            while let start = next, items.count < limit {
                let page = try await store.scan(
                    from: start, to: to.map { Array($0.utf8) }, limit: min(limit - items.count, KVLimits.scanItemsMax))
                items += page.items
                next = page.next
            }
            return (items, next)
        }
    }
}
