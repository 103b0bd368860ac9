// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore
import NIOPosix

/// The threads that serve connections. A process may share them among all its listeners and links.
package final class EventLoops: Sendable {
    package let group: any EventLoopGroup

    package init(threadCount: Int) { group = MultiThreadedEventLoopGroup(numberOfThreads: threadCount) }

    /// The loop for the next connection.
    package func next() -> any EventLoop { group.next() }

    /// To be called when all connections are closed; nothing else may be asked of the loops afterwards.
    package func shutDown() async {
        await withCheckedContinuation { continuation in
            group.shutdownGracefully { _ in continuation.resume() }
        }
    }
}
