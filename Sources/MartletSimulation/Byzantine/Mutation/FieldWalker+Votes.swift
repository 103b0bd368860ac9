// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTypes

/// Votes, STOPDATA and certificates. What this replica signs itself is signed anew, unless it is the signature that was
/// changed: the lie is then a valid statement.
extension FieldWalker {
    mutating func walk(_ vote: WriteVote) -> WriteVote {
        WriteVote(epoch: epoch(vote.epoch), instance: instance(vote.instance), digest: digest(vote.digest))
    }

    mutating func walk(_ vote: AcceptVote) -> AcceptVote {
        AcceptVote(
            epoch: epoch(vote.epoch), instance: instance(vote.instance), digest: digest(vote.digest),
            signature: signature(vote.signature))
    }

    mutating func walk(_ word: Decided) -> Decided {
        Decided(view: view(word.view), instance: instance(word.instance), digest: digest(word.digest))
    }

    mutating func walk(_ vote: CheckpointVote) -> CheckpointVote {
        CheckpointVote(
            view: view(vote.view), instance: instance(vote.instance), digest: digest(vote.digest),
            signature: signature(vote.signature))
    }

    mutating func walk(_ stop: Stop) -> Stop {
        Stop(
            view: view(stop.view), regency: regency(stop.regency),
            reason: choice(stop.reason, among: StopReason.allCases))
    }

    mutating func walk(_ progress: Progress) -> Progress {
        Progress(
            epoch: epoch(progress.epoch), isSynced: flag(progress.isSynced),
            mode: choice(progress.mode, among: [.voter, .learner]), decided: instance(progress.decided),
            stableCheckpoint: instance(progress.stableCheckpoint), asksForHelp: flag(progress.asksForHelp))
    }

    // MARK: Measuring

    mutating func walk(_ challenge: Challenge) -> Challenge {
        let subject: Challenge.Subject =
            switch challenge.subject {
            case .vote: .vote
            case .proposal(let epoch, let instance): .proposal(self.epoch(epoch), self.instance(instance))
            case .dummyProposal(let padding): .dummyProposal(padding: bytes(padding, .payload))
            }
        return Challenge(subject, number: number(challenge.number, .challenge))
    }

    mutating func walk(_ response: ChallengeResponse) -> ChallengeResponse {
        ChallengeResponse(
            number: number(response.number, .challenge),
            digest: optional(response.digest) { walker, digest in walker.digest(digest) })
    }

    // MARK: Leader change

    mutating func walk(_ sync: Sync) -> Sync {
        Sync(
            epoch: epoch(sync.epoch), collected: list(sync.collected) { walker, data in walker.part(data) },
            signature: signature(sync.signature))
    }

    private mutating func part(_ data: StopData) -> StopData {
        if case .stopData(let whole) = field(.stopData(data), .stopData), whole != data { return whole }
        return walk(data)
    }

    mutating func walk(_ data: StopData) -> StopData {
        let before = done
        let walked = StopData(
            epoch: epoch(data.epoch), sender: replica(data.sender),
            base: optional(data.base) { walker, base in walker.walk(base) },
            checkpoint: optional(data.checkpoint) { walker, checkpoint in walker.walk(checkpoint) },
            claims: list(data.claims) { walker, claim in walker.walk(claim) }, signature: signature(data.signature))
        guard before == nil, done != nil, !isSignatureSpoiled, walked.sender == sealer.replica,
            case .stopData(let signed) = sealer.seal(.stopData(walked))
        else { return walked }
        return signed
    }

    private mutating func walk(_ claim: InstanceClaim) -> InstanceClaim {
        if case .claim(let whole) = field(.claim(claim), .claim), whole != claim { return whole }
        return InstanceClaim(
            instance: instance(claim.instance), lock: optional(claim.lock) { walker, lock in walker.walk(lock) },
            writeSet: list(claim.writeSet) { walker, written in walker.walk(written) })
    }

    private mutating func walk(_ pair: RegencyDigest) -> RegencyDigest {
        RegencyDigest(regency: regency(pair.regency), digest: digest(pair.digest))
    }

    // MARK: Certificates

    mutating func walk(_ certificate: DecisionCertificate) -> DecisionCertificate {
        if case .certificate(let whole) = field(.certificate(certificate), .certificate), whole != certificate {
            return whole
        }
        return DecisionCertificate(
            epoch: epoch(certificate.epoch), instance: instance(certificate.instance),
            digest: digest(certificate.digest), shares: list(certificate.shares) { walker, share in walker.walk(share) }
        )
    }

    mutating func walk(_ certificate: CheckpointCertificate) -> CheckpointCertificate {
        if case .checkpointCertificate(let whole) = field(.checkpointCertificate(certificate), .checkpointCertificate),
            whole != certificate
        {
            return whole
        }
        return CheckpointCertificate(
            view: view(certificate.view), instance: instance(certificate.instance),
            digest: digest(certificate.digest), shares: list(certificate.shares) { walker, share in walker.walk(share) }
        )
    }

    mutating func walk(_ share: SignatureShare) -> SignatureShare {
        SignatureShare(replica: replica(share.replica), signature: signature(share.signature))
    }
}

extension FieldWalker {
    mutating func walk(_ install: Install) -> Install {
        Install(
            view: view(install.view), last: instance(install.last), next: install.next,
            signature: signature(install.signature))
    }

    mutating func walk(_ certificate: ViewCertificate) -> ViewCertificate {
        ViewCertificate(
            view: view(certificate.view), last: instance(certificate.last), next: certificate.next,
            shares: list(certificate.shares) { walker, share in walker.walk(share) })
    }
}
