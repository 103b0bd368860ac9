// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletClientCore
package import MartletCore
package import MartletTypes

/// Receipts (protocol §4): what enough members have signed for a client was executed, just that request, there and then, and gave just
/// that result. Whose signatures they are the client's verifier has checked.
package struct ReceiptChecker: Sendable {
    private var receipts: [(evidence: ReceiptEvidence, result: Digest)] = []

    package init() {}

    /// `result`: the digest of the result that the client has accepted.
    package mutating func received(_ evidence: ReceiptEvidence, result: Digest) {
        receipts.append((evidence, result))
    }

    package func check(_ history: [Execution], at now: Instant) -> [Violation] {
        receipts.compactMap { receipt in
            complaint(about: receipt.evidence, receipt.result, history).map { words in
                Violation(
                    .results, at: now, "the receipt of \(receipt.evidence.request.id) \(words)")
            }
        }
    }

    /// The history begins with instance 1.
    private func complaint(about evidence: ReceiptEvidence, _ result: Digest, _ history: [Execution]) -> String? {
        let statement = evidence.certificate.statement
        guard statement.result == result else { return "is of another result than was told" }
        let place = statement.provenance.instance.rawValue
        guard place > 0, place <= UInt64(history.count) else { return "names instance \(place), which is not decided" }
        let execution = history[Int(place) - 1]
        guard execution.time == statement.provenance.time else { return "names another time than instance \(place)'s" }
        guard execution.epoch.view <= statement.view else {
            return "is signed in a view before the one of its instance"
        }
        let isExecuted = execution.steps.contains { step in
            step.verdict == .execute && step.request == evidence.request && step.digest == statement.provenance.request
        }
        return isExecuted ? nil : "is of a request that instance \(place) does not execute"
    }
}
