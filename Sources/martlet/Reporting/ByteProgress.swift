// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// Tells now and then how far reading or writing many bytes has come; nothing where that takes no time.
final class ByteProgress {
    private static let pause = Duration.seconds(2)

    private let verb: String
    private let passes: Int
    private let begin: ContinuousClock.Instant
    private let say: (String) -> Void
    private var told: ContinuousClock.Instant
    private var passesDone = 0

    /// `passes`: how many times as many bytes there are.
    init(
        _ verb: String, passes: Int = 1, at now: ContinuousClock.Instant = .now,
        say: @escaping (String) -> Void = Console.note
    ) {
        self.verb = verb
        self.passes = passes
        self.say = say
        (begin, told) = (now, now)
    }

    func endPass() { passesDone += 1 }

    func note(_ bytesDone: Int, of bytes: Int, at now: ContinuousClock.Instant = .now) {
        guard now - told >= Self.pause, bytes > 0 else { return }
        told = now
        let (done, all) = (Double(passesDone * bytes + bytesDone), Double(passes * bytes))
        guard done > 0 else { return }
        let spent = (now - begin) / .seconds(1)
        let left = Int((spent * (all - done) / done).rounded(.up))
        say("\(mebibytes(done)) of \(mebibytes(all)) MiB \(verb), \(Int(100 * done / all)) %, \(left) s left")
    }

    private func mebibytes(_ bytes: Double) -> Int { Int((bytes / Double(1 << 20)).rounded()) }
}
