// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AgreementState} from "./AgreementState.sol";
import {Case, CaseState, IAgreementClaims, SignedHeader} from "./interfaces/IAgreementClaims.sol";
import {IAgreementCustody, Phase} from "./interfaces/IAgreementCustody.sol";
import {Penalty} from "./libraries/Clauses.sol";
import {EnvelopeCodec} from "./libraries/EnvelopeCodec.sol";
import {LegKeys, Records} from "./libraries/Records.sol";

/// @title What envelopes must be to count, and how a breach that they show becomes a case
abstract contract AgreementEvidence is AgreementState {
    /// @dev What was found, and the place that names the case. `seq`, `digest`: the last envelope of the evidence.
    struct Breach {
        uint32 leg;
        uint16 limitId;
        uint32 startSeq;
        uint16 startIndex;
        uint32 seq;
        bytes32 digest;
        uint96 penalty;
        int256 extent;
    }

    /// @dev Place of a case that a custodian can have once.
    uint32 internal constant ONCE_SEQ = type(uint32).max;
    uint16 internal constant ONCE_INDEX = type(uint16).max;

    /// @dev Breaches are claimed while the goods travel, and for a time that ends: so nobody who keeps a proof back can keep settlement away.
    function _requireOpen() internal view {
        Phase phase = _status.phase;
        if (phase == Phase.Started) return;
        if (phase != Phase.Delivered) revert IAgreementCustody.AgreementPhaseUnexpected(phase);
        uint256 until = uint256(_status.deliveredAt) + _claimableS;
        if (block.timestamp > until) revert IAgreementClaims.AgreementClaimsClosed(until);
    }

    /// @param position Place of the envelope in its run.
    function _requireHeader(uint32 leg, bytes calldata header, uint256 position) internal view {
        EnvelopeCodec.requireHeader(header);
        if (
            EnvelopeCodec.chainIdOf(header) != block.chainid || EnvelopeCodec.agreementOf(header) != address(this)
                || EnvelopeCodec.legOf(header) != leg
        ) revert IAgreementClaims.AgreementEnvelopeForeign(position);
    }

    function _requireLinked(bytes calldata header, uint256 seq, bytes32 previous, uint256 position) internal pure {
        if (EnvelopeCodec.seqOf(header) != seq || EnvelopeCodec.previousOf(header) != previous) {
            revert IAgreementClaims.AgreementRunNotLinked(position);
        }
    }

    function _requireBeforeEnd(uint32 leg, uint32 seq) internal view {
        if (!_hasEnded(leg)) return;
        uint32 n = _legs[uint256(leg) + 1].endOfLegBefore;
        if (seq >= n) revert IAgreementClaims.AgreementBeyondCut(seq, n);
    }

    function _requireBeforeFork(uint32 leg, uint32 seq) internal view {
        Fork storage fork = _forks[leg];
        if (fork.digest != 0 && seq >= fork.seq) revert IAgreementClaims.AgreementLegForked(seq, fork.seq);
    }

    /// @dev An envelope of the leg, below its end, under the signature of its keys.
    function _requireSigned(uint32 leg, LegKeys calldata keys, SignedHeader calldata shown, uint256 position)
        internal
        view
        returns (uint32 seq, bytes32 digest)
    {
        _requireHeader(leg, shown.header, position);
        seq = EnvelopeCodec.seqOf(shown.header);
        _requireBeforeEnd(leg, seq);
        digest = EnvelopeCodec.digest(shown.header);
        _requireP256(digest, shown.signature, keys.p256X, keys.p256Y);
    }

    function _caseIdOf(Breach memory breach) internal view returns (bytes32) {
        return Records.caseId(breach.leg, breach.limitId, breach.startSeq, breach.startIndex);
    }

    /// @dev Whether a breach is more than what its case is charged for. A voided case can be charged again, on other evidence: else an accused
    /// could prove its own breach by evidence that fails a contest, contest it, and be safe from evidence that does not.
    function _isMore(Breach memory breach, bytes32 caseId) internal view returns (bool) {
        Case storage known = _cases[caseId];
        CaseState state = known.state;
        if (state == CaseState.None) return true;
        if (state == CaseState.Void) return breach.digest != known.evidence;
        return breach.penalty > known.penalty;
    }

    /// @dev Holds a breach against the custodian of its leg. What is contested or claimed must be decided first. A case that is raised can be
    /// contested anew, as its evidence is new.
    function _hold(Breach memory breach, bytes32 caseId, Penalty memory schedule, CaseState state) internal {
        Case storage held = _cases[caseId];
        CaseState before = held.state;
        if (before == CaseState.Contested || before == CaseState.Claimed) {
            revert IAgreementClaims.AgreementCaseState(caseId, before);
        }
        if (!_isMore(breach, caseId)) {
            if (before == CaseState.Void) revert IAgreementClaims.AgreementCaseState(caseId, before);
            revert IAgreementClaims.AgreementAlreadyProven(caseId);
        }
        // Nobody's bond is held in any of the states that can be left here, so that slot stays untouched.
        (held.state, held.leg, held.limitId, held.seq) = (state, breach.leg, breach.limitId, breach.seq);
        (held.provenAt, held.evidence) = (uint40(block.timestamp), breach.digest);
        // Most are the payer's, and a slot less to fill then.
        if (schedule.beneficiary != _status.payer) held.beneficiary = schedule.beneficiary;
        _setLimitMax(breach.leg, breach.limitId, schedule.limitMax);
        _setPenalty(held, caseId, breach.penalty, breach.extent);
    }

    /// @dev Charges a case for `penalty` from now on.
    function _setPenalty(Case storage held, bytes32 caseId, uint96 penalty, int256 extent) internal {
        _charge(held, penalty);
        _status.lastClaimAt = uint40(block.timestamp);
        emit IAgreementClaims.ViolationProven(
            caseId, held.leg, _legs[held.leg].custodian, held.limitId, penalty, extent
        );
    }
}
