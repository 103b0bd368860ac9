// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Logging
import NIOCore

#if canImport(Glibc)
    import Glibc
#endif

/// Every connection needs a file descriptor, and the usual default allows for fewer than our own limits do.
enum DescriptorLimit {
    /// What a process needs beside its connections: files, event loops, links.
    private static let othersCount = 256

    /// Raises the process's limit as far as the operator allows, and says so when that is too little.
    static func raise(for configuration: TransportConfiguration, _ logger: Logger) {
        #if canImport(Glibc)
            let needed = rlim_t(
                configuration.clientConnectionsMax + configuration.unfinishedConnectionsMax + othersCount)
            let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
            var limit = rlimit()
            guard unsafe getrlimit(resource, &limit) == 0, limit.rlim_cur < needed else { return }
            limit.rlim_cur = min(needed, limit.rlim_max)
            if unsafe setrlimit(resource, &limit) != 0 || limit.rlim_cur < needed {
                logger.warning(
                    """
                    only \(limit.rlim_cur) files may be open at once, but clientConnectionsMax and the rest need \
                    \(needed): allow more (ulimit -Hn), or lower clientConnectionsMax
                    """)
            }
        #endif
    }
}

/// When the process or the system has no descriptor left, accepting fails again at once and would be tried again at
/// once: this waits a moment instead, in which connections end. Bound to the listening socket's event loop.
final class AcceptPause: ChannelInboundHandler {
    typealias InboundIn = any Channel

    private static let pause = TimeAmount.milliseconds(100)
    private let logger: Logger
    private var isPaused = false

    init(logger: Logger) { self.logger = logger }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard !isPaused, error is IOError else { return }
        isPaused = true
        logger.warning("no connection can be accepted at the moment: \(ConnectionEnd(error))")
        setAccepting(false, context.channel)
        context.eventLoop.assumeIsolated().scheduleTask(in: Self.pause) { [self] in
            isPaused = false
            setAccepting(true, context.channel)
        }
    }

    private func setAccepting(_ isAccepting: Bool, _ channel: any Channel) {
        do {
            try channel.syncOptions?.setOption(.autoRead, value: isAccepting)
        } catch {
            logger.debug("the listening socket is closed: \(error)")
        }
    }
}
