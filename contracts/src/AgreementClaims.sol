// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AgreementState} from "./AgreementState.sol";
import {Case, CaseState, IAgreementClaims} from "./interfaces/IAgreementClaims.sol";
import {Clause, Clauses, Limit} from "./libraries/Clauses.sol";
import {Disclosure, EnvelopeCodec} from "./libraries/EnvelopeCodec.sol";
import {LegKeys, P256Signature, Records} from "./libraries/Records.sol";

/// @title Implementation of IAgreementClaims, where everything is described
contract AgreementClaims is AgreementState {
    using Clauses for Limit;

    function proveViolation(
        uint32 leg,
        LegKeys calldata keys,
        Clause calldata limit,
        Disclosure[] calldata run,
        uint256,
        uint16 index,
        P256Signature calldata signature
    ) external {
        _requireKeys(leg, keys);
        Limit memory broken = Clauses.limit(_termsHash(), limit);
        (uint32 seq, bytes32 digest) = _requireRun(leg, run);
        if (_hasEnded(leg) && seq >= _legs[uint256(leg) + 1].endOfLegBefore) {
            revert IAgreementClaims.AgreementBeyondCut(seq, _legs[uint256(leg) + 1].endOfLegBefore);
        }
        _requireP256(digest, signature, keys.p256X, keys.p256Y);
        int32 value = _requireFirstOutside(broken, run, index);

        bytes32 caseId = Records.caseId(leg, broken.limitId, seq, index);
        Case storage proven = _cases[caseId];
        if (proven.provenAt != 0) revert IAgreementClaims.AgreementAlreadyProven(caseId);
        (proven.state, proven.leg, proven.limitId, proven.seq) = (CaseState.Proven, leg, broken.limitId, seq);
        (proven.provenAt, proven.evidence) = (uint40(block.timestamp), digest);
        proven.beneficiary = broken.penalty.beneficiary;
        _charge(proven, broken.penalty.base);
        _status.lastClaimAt = uint40(block.timestamp);
        emit IAgreementClaims.ViolationProven(
            caseId, leg, _legs[leg].custodian, broken.limitId, broken.penalty.base, value
        );
    }

    function caseOf(bytes32 caseId) external view returns (Case memory) {
        return _cases[caseId];
    }

    function penaltiesOf(address custodian) external view returns (uint256) {
        return _ledgers[custodian].penalties;
    }

    function openDisputes() external view returns (uint256) {
        return _status.openDisputes;
    }

    function _requireRun(uint32 leg, Disclosure[] calldata run) private view returns (uint32 seq, bytes32 digest) {
        if (run.length == 0) revert IAgreementClaims.AgreementRunEmpty();
        for (uint256 i = 0; i < run.length; ++i) {
            bytes calldata header = run[i].header;
            EnvelopeCodec.requireHeader(header);
            if (
                EnvelopeCodec.chainIdOf(header) != block.chainid || EnvelopeCodec.agreementOf(header) != address(this)
                    || EnvelopeCodec.legOf(header) != leg
            ) revert IAgreementClaims.AgreementEnvelopeForeign(i);
            uint32 next = EnvelopeCodec.seqOf(header);
            if (i > 0 && (next != uint256(seq) + 1 || EnvelopeCodec.previousOf(header) != digest)) {
                revert IAgreementClaims.AgreementRunNotLinked(i);
            }
            seq = next;
            digest = EnvelopeCodec.digest(header);
        }
    }

    function _requireFirstOutside(Limit memory limit, Disclosure[] calldata run, uint16 index)
        private
        pure
        returns (int32 value)
    {
        uint256 last = run.length - 1;
        uint256 count = EnvelopeCodec.requireColumn(run[last], limit.metric);
        value = index < count ? EnvelopeCodec.valueAt(run[last].column, index) : EnvelopeCodec.MISSING;
        if (value == EnvelopeCodec.MISSING) revert IAgreementClaims.AgreementReadingAbsent(index);
        if (!limit.isOutside(value)) revert IAgreementClaims.AgreementReadingInside(value);

        for (uint256 back = 0; back <= last; ++back) {
            Disclosure calldata shown = run[last - back];
            uint256 place = back == 0 ? index : EnvelopeCodec.requireColumn(shown, limit.metric);
            while (place > 0) {
                int32 before = EnvelopeCodec.valueAt(shown.column, --place);
                if (before == EnvelopeCodec.MISSING) continue;
                if (limit.isOutside(before)) {
                    revert IAgreementClaims.AgreementNotFirstOutside(EnvelopeCodec.seqOf(shown.header), place);
                }
                return value;
            }
        }
        uint32 first = EnvelopeCodec.seqOf(run[0].header);
        if (first != 0) revert IAgreementClaims.AgreementPredecessorMissing(first);
    }
}
