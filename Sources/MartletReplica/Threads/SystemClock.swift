// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Foundation
import MartletCore
import MartletTypes

/// The clocks of this machine; nothing else in a replica asks for the time. `DispatchTime` counts the monotonic
/// nanoseconds by which `Mailbox` sleeps.
enum SystemClock {
    static var monotonic: Instant { Instant(DispatchTime.now().uptimeNanoseconds) }

    static var reading: ClockReading {
        let seconds = Date().timeIntervalSince1970
        return ClockReading(monotonic: monotonic, wall: Timestamp(UInt64(max(0, seconds * 1_000_000))))
    }
}
