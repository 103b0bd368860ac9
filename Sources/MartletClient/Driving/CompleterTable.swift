// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletClientCore
import MartletTypes

/// Who waits for which call: slots that are used again, so that a call's id is its place.
struct CompleterTable {
    private var completers: [Completer?] = []
    private var free: [Int] = []

    mutating func add(_ completer: Completer) -> CallID {
        if let place = free.popLast() {
            completers[place] = completer
            return CallID(UInt64(place))
        }
        completers.append(completer)
        return CallID(UInt64(completers.count - 1))
    }

    mutating func take(_ call: CallID) -> Completer {
        let place = Int(call.rawValue)
        guard let completer = completers[place] else { preconditionFailure("a call ends once") }
        completers[place] = nil
        free.append(place)
        return completer
    }
}
