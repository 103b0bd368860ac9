// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTypes

/// Acts that take more than a line.
extension MaliciousClient {
    private static let floodRequests = 64
    private static let floodBundle = 8
    private static let floodReads = 24
    /// So many reads bear one number.
    private static let readsPerNumber = 8
    private static let floodFetches = 12

    // MARK: - Names and numbers

    func actInUnknownSession(into output: inout ClientOutput) {
        let session = SessionID(instance: Instance(UInt64(random.below(400))), place: UInt32(random.below(3)))
        send([request(nextSequence(), session: session)], to: everyone, into: &output)
    }

    func actOutOfSequence(into output: inout ClientOutput) {
        let far = sequence + UInt64(random.below(5_000))
        let wrong = random.chance(permille: 500) ? UInt64(random.below(Int(sequence) + 1)) : far
        if wrong == far { sequence = far }
        send([request(max(1, wrong))], to: everyone, into: &output)
    }

    /// It is not among what this client sent: it cannot be sent again in another act.
    func actAsAnother(into output: inout ClientOutput) {
        guard !others.isEmpty else { return }
        let victim = random.pick(others)
        let forged = RequestBundle(
            requests: [request(UInt64(random.below(50)) + 1, as: victim)], signature: nil)
        output.sends += some().map { ($0, .requests(forged)) }
    }

    /// In truth it has no such reply, or has had others for long.
    func claimReceipt(into output: inout ClientOutput) {
        let sequence = nextSequence()
        let kept = random.pick([0, 1, sequence, sequence + 1, sequence + 1_000])
        send([request(sequence, repliesKeptFrom: kept)], to: everyone, into: &output)
    }

    // MARK: - Floods

    func flood(into output: inout ClientOutput) {
        let receivers = random.chance(permille: 500) ? everyone : some()
        for _ in 0..<Self.floodRequests / Self.floodBundle {
            send((0..<Self.floodBundle).map { _ in request(nextSequence()) }, to: receivers, into: &output)
        }
    }

    func floodWithReads(into output: inout ClientOutput) {
        for receiver in everyone {
            for count in 0..<Self.floodReads {
                let query: Bytes = count % 2 == 0 ? [] : [UInt8(truncatingIfNeeded: random.next()), 255, 0]
                let number = UInt64(count / Self.readsPerNumber)
                output.sends.append((receiver, .read(ReadRequest(number: number, query: query))))
            }
        }
    }

    /// Each may be answered with as many proofs as travel at once, although it has them all.
    func floodForViews(into output: inout ClientOutput) {
        let newest = newestView.rawValue
        for receiver in everyone {
            for _ in 0..<Self.floodFetches {
                let after = random.pick([0, 1, 1, newest, newest &+ 1, random.next(), .max])
                output.sends.append((receiver, .fetchViews(FetchViews(after: ViewNumber(after)))))
            }
        }
    }

    // MARK: - Signatures: nobody else's key is in its hands, so what it signs is its own word

    func signTwice(into output: inout ClientOutput) {
        let sequence = nextSequence()
        let (one, other) = (request(sequence), request(sequence))
        let half = Set(some())
        for receiver in everyone {
            let bundle = sealer.sealBundle([half.contains(receiver) ? one : other])
            output.sends.append((receiver, .requests(bundle)))
        }
    }

    func borrowSignature(into output: inout ClientOutput) {
        let sequence = nextSequence()
        let (one, other) = (request(sequence), request(sequence))
        let borrowed = RequestBundle(requests: [one], signature: sealer.sealBundle([other]).signature)
        for receiver in everyone { output.sends.append((receiver, .requests(borrowed))) }
    }

    // MARK: - What no client may ask, or not so

    func malformed() -> Request {
        let whole = request(nextSequence())
        switch random.below(4) {
        case 0: return Request(id: whole.id, kind: .open, repliesKeptFrom: SequenceNumber(0), payload: [1])
        case 1: return request(nextSequence(), session: SessionID.none)
        case 2: return request(0)
        default: return Request(id: whole.id, kind: .orderedRead, repliesKeptFrom: SequenceNumber(0), payload: [255])
        }
    }

    func trickle(into output: inout ClientOutput) {
        let begun = trickling ?? (request(nextSequence()), 0)
        if begun.next < everyone.count { send([begun.request], to: [everyone[begun.next]], into: &output) }
        trickling = begun.next + 1 < everyone.count ? (begun.request, begun.next + 1) : nil
    }

    /// The liars get one request, to be proposed; one correct replica at most gets the same, the others another one.
    func conspire(into output: inout ClientOutput) {
        let sequence = nextSequence()
        let gift = request(sequence)
        conspiracy.give(gift)
        let witness = random.chance(permille: 500) ? random.pick(everyone) : nil
        for receiver in everyone {
            let isLet = conspiracy.members.contains(receiver) || receiver == witness
            if isLet {
                send([gift], to: [receiver], into: &output)
            } else if random.chance(permille: 600) {
                send([request(sequence)], to: [receiver], into: &output)
            }
        }
    }
}
