// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

// What a read reports as its version (protocol §4): the last instance that changed what was read. Two reads that agree
// in result and version must have seen one unbroken stretch in which nothing that they saw was changed. (A read sees
// the state between two instances, never the middle of one.)
//
// - A key that is there: the instance that last set it. Setting a key to the value that it has counts as a change.
// - A key that is not there: the last instance that removed any key. If the key was there in between, it was removed
//   after the first of two reads, and the second reports a later instance. If it never was there, nothing changed it,
//   and the instance reported is too late, which is always safe.
// - A scan: the latest of these, over the items found, the first item beyond them, and the last removal. A key set
//   in the part that was read is found by the next read, with its instance, or was removed since. The first item
//   beyond decides through its presence that there is more, and through its size that it did not fit: its change from
//   small to large and back would otherwise go unnoticed.
extension KVState {
    func answer(_ operation: KVOperation, lastExecuted: Instance) -> (result: KVResult, version: Instance) {
        if let violation = operation.violation { return (.refused(violation), lastExecuted) }
        switch operation {
        case .get(let key):
            guard let entry = entries[KVKey(key)] else { return (.value(nil), lastDeletion) }
            return (.value(entry.value), entry.version)
        case .scan(let scan):
            let (page, version) = page(of: scan)
            return (.page(page), version)
        default: return (.refused(.notARead), lastExecuted)
        }
    }

    /// The items in the range, as many as the scan's limit and `KVLimits.scanBytesMax` allow, and their version.
    func page(of scan: KVScan) -> (page: KVPage, version: Instance) {
        var items: [KVPage.Item] = []
        var bytes = 0
        var version = lastDeletion
        let end = scan.to.map(KVKey.init)
        var walk = entries.makeIterator(from: KVKey(scan.from))
        while let (key, entry) = walk.next() {
            if let end, key >= end { break }
            version = max(version, entry.version)
            let item = KVPage.Item(key: key.bytes, value: entry.value)
            bytes += item.encodedSizeHint
            guard items.count < scan.limit, bytes <= KVLimits.scanBytesMax else {
                return (KVPage(items: items, next: key.bytes), version)
            }
            items.append(item)
        }
        return (KVPage(items: items, next: nil), version)
    }
}
