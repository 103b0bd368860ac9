// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// What a client core is started with. All but the view and the client is local.
package struct ClientCoreConfiguration: Sendable {
    package var view: View
    package var client: ClientID
    /// The client's opening numbers begin here and grow with the time since (in µs), so that several processes with one
    /// key and roughly equal clocks do not make each other's openings stale. At least 1: the wall clock in µs, say.
    package var openingNumberBase: UInt64
    /// Local randomness: spreads retransmissions of many clients.
    package var seed: UInt64
    /// Sign everything, not only what the group asks to be signed.
    package var signsAlways = false
    /// How long everything is signed after the group has asked for it.
    package var signingLasts = Interval.seconds(10)

    /// What is unanswered is sent again after a time between these two: it adapts to the replies' latency, and doubles
    /// with each repetition.
    package var retryMin = Interval.milliseconds(200)
    package var retryMax = Interval.seconds(4)
    /// An unordered read becomes an ordered one after a time between these two, which adapts as well.
    package var readFallbackMin = Interval.milliseconds(50)
    package var readFallbackMax = Interval.seconds(2)
    /// A notice says what a call waits for after so long; each next one comes after twice the time, up to `warnMax`.
    package var warnAfter = Interval.seconds(2)
    package var warnMax = Interval.seconds(60)

    /// The most calls that are not finished; more fail at once.
    package var callsMax = 262_144
    /// The most sessions that are being opened at once.
    package var openingsMax = 64
    /// The most requests and payload bytes of one send; one larger request still travels alone.
    package var sendRequestsMax = 1_024
    package var sendBytesMax = 1 << 20

    package init(view: View, client: ClientID, openingNumberBase: UInt64, seed: UInt64 = 0) {
        self.view = view
        self.client = client
        self.openingNumberBase = openingNumberBase
        self.seed = seed
    }
}
