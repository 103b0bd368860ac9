// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import martlet_cli

@Suite struct SeedNoteTests {
    @Test func aTrapTellsWhichSeedItsThreadRan() async throws {
        let result = try await #require(
            processExitsWith: .failure, observing: [\.standardErrorContent]
        ) {
            SeedNote.install()
            SeedNote.begin(2_978)
            preconditionFailure("a bug")
        }
        let text = String(decoding: result.standardErrorContent, as: UTF8.self)
        #expect(text.contains("the simulator trapped in seed 2978\n"), "\(text)")
    }

    @Test func theLargestSeedFitsInAName() async throws {
        let result = try await #require(
            processExitsWith: .failure, observing: [\.standardErrorContent]
        ) {
            SeedNote.install()
            SeedNote.begin(.max)
            preconditionFailure("a bug")
        }
        let text = String(decoding: result.standardErrorContent, as: UTF8.self)
        #expect(text.contains("in seed 18446744073709551615\n"), "\(text)")
    }
}
