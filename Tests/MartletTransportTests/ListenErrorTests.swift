// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import MartletTransport

@Suite("Addresses that cannot be listened at")
struct ListenErrorTests {
    @Test("a taken port is named in words that say what to do")
    func takenPort() async throws {
        let first = try await TestServer()
        let error = await #expect(throws: ListenError.self) { _ = try await TestServer(port: first.port) }
        #expect(error?.description == "another process listens there: stop it, or choose another port")
        await first.listener.close()
    }

    @Test("an address of another machine is named in words that say what to do")
    func foreignAddress() async throws {
        let server = try await TestServer()
        let error = await #expect(throws: ListenError.self) {
            try await server.listener.start(host: "192.0.2.1", port: 0)
        }
        #expect(error?.description.hasPrefix("this machine has no such address") == true)
        await server.listener.close()
    }
}
