// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes
import MartletWire

/// The execution stage, which keeps no state but what it has been told.
extension CoreWorld {
    mutating func carryOut(_ order: ExecutionOrder) {
        switch order {
        case .execute(let execution):
            hold(execution.instance == executed.next, "executed out of order")
            hold(execution.time > lastTime, "agreed time stands still")
            hold(!isBetweenViews, "executed between views")
            if !tentative.isEmpty { hold(tentative.removeFirst() == execution.digest, "another batch was executed") }
            executed = execution.instance
            lastTime = execution.time
            for step in execution.steps {
                guard case .open(let session, _) = step.verdict else { continue }
                sessions = sessions.suffix(7) + [session]
                clients[session] = step.request.id.client
            }
            step(.executed(upTo: executed))
        case .executeTentatively(let execution):
            hold(execution.instance == executed + (tentative.count + 1), "executed tentatively out of order")
            hold(!isBetweenViews, "executed between views")
            tentative.append(execution.digest)
            hold(tentative.count <= view.settings.window, "more is executed tentatively than may run")
        case .rollBack(let last):
            hold(last >= executed, "what is decided was undone")
            hold(last < executed + tentative.count, "nothing was undone")
            tentative.removeLast(tentative.count - last.distance(beyond: executed))
        case .snapshot(let instance, _, _, _, _):
            hold(instance == executed, "a snapshot of another instance")
            let digest = Digest(words: Words32(instance.rawValue, 1, 1, source.chance(16) ? 2 : 1))
            snapshots = snapshots.suffix(3) + [(instance, digest)]
            step(.snapshotTaken(instance, digest))
        case .install(let state): install(state)
        case .endView: isBetweenViews = true
        case .beginView: isBetweenViews = false
        case .awaitDurable: hold(false, "a memory group waits for its disk")
        case .holdReads, .resend, .tellOpened, .endSessions, .serve, .refuse, .forgetSnapshots: break
        case .beginVoting, .stopVoting: break
        }
    }

    /// The background's: now and then it has not got that checkpoint.
    mutating func serve(_ service: CheckpointService) {
        let count = service.positions.map { max(1, $0.count / 2) } ?? 0
        step(
            .served(
                CheckpointServed(service: service, count: count, bytes: 100 * count, isHeld: !source.chance(40))))
    }

    /// Some chunks are found, whatever they are: the driver has hashed them.
    mutating func lookUp(_ lookUp: ChunkLookUp) {
        let some = source.chance(128) ? lookUp.wanted.prefix(1) : []
        step(
            .chunksFound(
                lookUp.checkpoint,
                some.compactMap { wanted in
                    chunks[wanted.digest].map { FoundChunk(position: wanted.position, bytes: $0) }
                }))
    }

    private mutating func install(_ state: CheckpointState) {
        do {
            let image = try state.contents.image()
            executed = image.instance
            tentative = []
            lastTime = image.time
            isBetweenViews = false
            step(.checkpointInstalled(image))
        } catch {
            // The driver gives up: a quorum certified bytes that are no state.
            orders.removeAll()
        }
    }
}
