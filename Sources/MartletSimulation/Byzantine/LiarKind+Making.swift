// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// The liar of each kind.
extension LiarKind {
    func make(_ context: inout LiarContext) -> any Misbehaviour {
        switch self {
        case .equivocatingLeader: EquivocatingLeader()
        case .silentLeader: SilentLeader(&context)
        case .forgingLeader: ForgingLeader()
        case .replayer: Replayer()
        case .doubleVoter: DoubleVoter()
        case .selectiveSender: SelectiveSender(&context)
        case .voteWithholder: VoteWithholder(&context)
        case .claimLiar: ClaimLiar(&context)
        case .certificateForger: CertificateForger()
        case .decidedLiar: DecidedLiar()
        case .replyLiar: ReplyLiar()
        case .mutator: Mutator(&context)
        case .twins: Twins(&context)
        case .colluder: Colluder(&context)
        case .delayer: Delayer(&context)
        case .progressLiar: ProgressLiar()
        case .transferLiar: TransferLiar(&context)
        case .voucher: Voucher()
        case .latencyLiar: LatencyLiar(&context)
        case .viewLiar: ViewLiar(&context)
        case .sluggishVoter: SluggishVoter(&context)
        case .falseNeighbour: FalseNeighbour()
        case .rejoiner: Rejoiner(&context)
        case .formerMember: FormerMember(&context)
        case .outcastLeader: OutcastLeader()
        }
    }
}
