// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import NIOCore

#if canImport(Glibc)
    import Glibc
#endif

/// How every TCP connection is set up, whichever end made it.
enum ConnectionOptions {
    /// A connection is full when this much waits in it; then frames gather in the outbox and leave in larger pieces.
    static let writeMarks = ChannelOptions.Types.WriteBufferWaterMark(low: 64 << 10, high: 256 << 10)
    /// A peer that is gone without a word is noticed after the idle time and so many unanswered questions, a second apart.
    private static let keepAliveQuestions: CInt = 5

    static func apply(to channel: any Channel, _ configuration: TransportConfiguration) throws {
        guard let options = channel.syncOptions else { return }
        try options.setOption(.writeBufferWaterMark, value: writeMarks)
        try options.setOption(.socketOption(.so_keepalive), value: 1)
        #if os(Linux)
            let idle = CInt(clamping: configuration.keepAliveIdleSeconds)
            try options.setOption(.tcpOption(.init(rawValue: TCP_KEEPIDLE)), value: .init(idle))
            try options.setOption(.tcpOption(.init(rawValue: TCP_KEEPINTVL)), value: 1)
            try options.setOption(.tcpOption(.init(rawValue: TCP_KEEPCNT)), value: .init(keepAliveQuestions))
            // The same for a peer that is gone while bytes are under way to it; in milliseconds.
            let unanswered = (idle + keepAliveQuestions) * 1000
            try options.setOption(.tcpOption(.init(rawValue: TCP_USER_TIMEOUT)), value: .init(unanswered))
        #endif
    }
}

extension TimeAmount {
    init(_ interval: Interval) { self = .nanoseconds(Int64(clamping: interval.nanoseconds)) }
}
