// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes
import Testing

@testable import MartletReplica

@Suite struct UnaskedStateTests {
    private let name = CheckpointName(instance: Instance(128), digest: .zero)

    /// What is let in is hashed: a manifest may have 32 MiB.
    @Test func onlyWhatWasAskedOfThatMemberIsLetIn() {
        let state = FetchingState()
        let (first, second) = (ReplicaID(1), ReplicaID(2))
        #expect(!state.wantsManifest(of: name, from: first) && !state.wantsChunks(of: name, from: first))
        state.note(
            FetchedState(checkpoint: name, manifestFrom: [first], chunksFrom: [second]))
        #expect(state.wantsManifest(of: name, from: first) && !state.wantsManifest(of: name, from: second))
        #expect(!state.wantsChunks(of: name, from: first) && state.wantsChunks(of: name, from: second))
        let other = CheckpointName(instance: Instance(256), digest: .zero)
        #expect(!state.wantsManifest(of: other, from: first) && !state.wantsChunks(of: other, from: second))
        state.note(nil)
        #expect(!state.wantsManifest(of: name, from: first))
    }
}
