// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Case, CaseState, IAgreementClaims, SignedHeader} from "../src/interfaces/IAgreementClaims.sol";
import {IAgreementCustody} from "../src/interfaces/IAgreementCustody.sol";
import {Clause, Clauses} from "../src/libraries/Clauses.sol";
import {EnvelopeCodec} from "../src/libraries/EnvelopeCodec.sol";
import {LegKeys} from "../src/libraries/Records.sol";
import {ClaimsFixture} from "./support/ClaimsFixture.sol";
import {vm} from "./support/Vm.sol";

/// @dev Deadlines and milestones, and what a tender does to them.
contract ClaimsLateTest is ClaimsFixture {
    struct LateCall {
        uint32 leg;
        LegKeys keys;
        Clause limit;
        SignedHeader late;
        LegKeys keysBefore;
        SignedHeader before;
    }

    uint64 private constant DUE_MS = BEGIN_MS + 10 * DAY_MS;
    uint64 private constant MILESTONE_MS = BEGIN_MS + 8 * DAY_MS;

    // Deadline

    function test_chargesTheCustodianInWhoseLegTheDeadlinePassed() external {
        bytes32 caseId = _caseId(1, DEADLINE_ID, ONCE_SEQ, ONCE_INDEX);
        LateCall memory call = _late(1, 5, DUE_MS + 3 * DAY_MS - 1);
        vm.expectEmit();
        emit IAgreementClaims.ViolationProven(
            caseId, 1, carrier, DEADLINE_ID, PENALTY + 2 * PENALTY_PER_STEP, int256(uint256(3 * DAY_MS - 1))
        );
        _prove(call);
        _requirePenalties(0, PENALTY + 2 * PENALTY_PER_STEP);
        Case memory proven = agreement.caseOf(caseId);
        vm.assertEq(proven.seq, 5);
        vm.assertEq(proven.evidence, _digest(call.late.header));
    }

    function test_needsNothingOfALegBeforeTheFirst() external {
        LateCall memory call = _late(0, 5, DUE_MS + 1);
        (call.keysBefore, call.before) = (_legKeys(9), SignedHeader("", call.late.signature));
        _prove(call);
        _requirePenalties(PENALTY, 0);
    }

    function test_isLateOnlyAfterTheDeadline() external {
        LateCall memory call = _late(1, 5, DUE_MS);
        _refuses(call, abi.encodeWithSelector(IAgreementClaims.AgreementNotLate.selector, DUE_MS, DUE_MS));
        _prove(_late(1, 5, DUE_MS + 1));
    }

    function test_chargesNobodyForWhatPassedInALegBefore() external {
        LateCall memory call = _late(1, 5, DUE_MS + DAY_MS);
        call.before = _signed(_at(0, 19, DUE_MS + 1));
        _refuses(call, abi.encodeWithSelector(IAgreementClaims.AgreementDeadlinePassedBefore.selector, 0));
        call.before = _signed(_at(0, 19, DUE_MS));
        _prove(call);
    }

    function test_wantsTheVeryLastEnvelopeOfTheLegBefore() external {
        LateCall memory call = _late(1, 5, DUE_MS + DAY_MS);
        call.before = _signed(_at(0, 18, BEGIN_MS));
        _refuses(call, abi.encodeWithSelector(IAgreementClaims.AgreementRunNotLinked.selector, 0));
        call.before = _signed(_at(0, 20, BEGIN_MS));
        _refuses(call, abi.encodeWithSelector(IAgreementClaims.AgreementBeyondCut.selector, 20, 20));
        call.before = _signed(_at(1, 19, BEGIN_MS));
        _refuses(call, abi.encodeWithSelector(IAgreementClaims.AgreementEnvelopeForeign.selector, 0));
        call.before = _signed(_at(0, 19, BEGIN_MS));
        call.keysBefore = _legKeys(1);
        _refuses(call, abi.encodeWithSelector(IAgreementCustody.AgreementKeysNotOfLeg.selector, 0));
        call.keysBefore = _legKeys(0);
        call.before.signature = call.late.signature;
        _refuses(call, _selector(IAgreementCustody.AgreementDeviceSignatureInvalid.selector));
        call.before = _signed(_unset(_at(0, 19, BEGIN_MS)));
        _refuses(call, _selector(IAgreementClaims.AgreementClockUnset.selector));
    }

    /// @dev Nobody escapes a deadline by a leg without envelopes in between.
    function test_looksThroughLegsWithoutEnvelopes() external {
        _recordCut(_cutCall(1, 0, PAYEE, PAYEE_KEY));
        LateCall memory call = _late(2, 5, DUE_MS + DAY_MS);
        (call.keysBefore, call.before) = (_legKeys(0), _signed(_at(0, 19, DUE_MS + 1)));
        _refuses(call, abi.encodeWithSelector(IAgreementClaims.AgreementDeadlinePassedBefore.selector, 0));
        call.before = _signed(_at(0, 19, DUE_MS));
        _prove(call);
        _requirePenalties(PENALTY + PENALTY_PER_STEP, 0);
    }

    function test_refusesEnvelopesThatProveNothing() external {
        LateCall memory call = _late(1, 5, DUE_MS + DAY_MS);
        call.late = _signed(_unset(_at(1, 5, DUE_MS + DAY_MS)));
        _refuses(call, _selector(IAgreementClaims.AgreementClockUnset.selector));
        call.late = _signed(_at(0, 5, DUE_MS + DAY_MS));
        _refuses(call, abi.encodeWithSelector(IAgreementClaims.AgreementEnvelopeForeign.selector, 0));
        call = _late(1, 5, DUE_MS + DAY_MS);
        call.late.header[0] = 0x02;
        _refuses(call, _selector(EnvelopeCodec.EnvelopeHeaderMalformed.selector));
        call = _late(1, 5, DUE_MS + DAY_MS);
        call.keys = _legKeys(0);
        _refuses(call, abi.encodeWithSelector(IAgreementCustody.AgreementKeysNotOfLeg.selector, 1));
        call = _late(1, 5, DUE_MS + DAY_MS);
        call.late.signature = _signP256(_legKey(0), _digest(call.late.header));
        _refuses(call, _selector(IAgreementCustody.AgreementDeviceSignatureInvalid.selector));
        call = _late(0, 20, DUE_MS + DAY_MS);
        _refuses(call, abi.encodeWithSelector(IAgreementClaims.AgreementBeyondCut.selector, 20, 20));
        call = _late(1, 5, DUE_MS + DAY_MS);
        call.limit = _clause(SILENCE);
        _refuses(call, abi.encodeWithSelector(IAgreementClaims.AgreementLimitUnsuited.selector, Clauses.SILENCE));
    }

    function test_takesASynchronisedClockAndOneInHoldover() external {
        Envelope memory late = _at(1, 5, DUE_MS + 1);
        late.clockState = 2;
        LateCall memory call = _late(1, 5, DUE_MS + 1);
        call.late = _signed(late);
        _prove(call);
    }

    function test_chargesMoreForLaterAndNeverTwice() external {
        bytes memory refusal = abi.encodeWithSelector(
            IAgreementClaims.AgreementAlreadyProven.selector, _caseId(1, DEADLINE_ID, ONCE_SEQ, ONCE_INDEX)
        );
        _prove(_late(1, 5, DUE_MS + DAY_MS));
        _refuses(_late(1, 5, DUE_MS + DAY_MS), refusal);
        _refuses(_late(1, 6, DUE_MS + 2 * DAY_MS - 1), refusal);
        _prove(_late(1, 7, DUE_MS + 2 * DAY_MS));
        _requirePenalties(0, PENALTY + 2 * PENALTY_PER_STEP);
    }

    // Milestone

    function test_chargesTheMilestoneToItsParty() external {
        LateCall memory call = _late(1, 5, MILESTONE_MS + 2 * HOUR_MS);
        call.limit = _clause(MILESTONE);
        vm.expectEmit();
        emit IAgreementClaims.ViolationProven(
            _caseId(1, MILESTONE_ID, ONCE_SEQ, ONCE_INDEX),
            1,
            carrier,
            MILESTONE_ID,
            PENALTY + 2 * PENALTY_PER_STEP,
            int256(uint256(2 * HOUR_MS))
        );
        _prove(call);
        call = _late(0, 5, MILESTONE_MS + 2 * HOUR_MS);
        call.limit = _clause(MILESTONE);
        _refuses(call, abi.encodeWithSelector(IAgreementClaims.AgreementMilestoneNotOf.selector, payee));
        _requirePenalties(0, PENALTY + 2 * PENALTY_PER_STEP);
    }

    function test_isLateOnlyAfterTheMilestone() external {
        LateCall memory call = _late(1, 5, MILESTONE_MS);
        call.limit = _clause(MILESTONE);
        _refuses(call, abi.encodeWithSelector(IAgreementClaims.AgreementNotLate.selector, MILESTONE_MS, MILESTONE_MS));
    }

    // Tender

    function test_stopsAtATender() external {
        _tenderAt(DUE_MS + DAY_MS);
        _prove(_late(1, 9, DUE_MS + 5 * DAY_MS));
        _requirePenalties(0, PENALTY + PENALTY_PER_STEP);
    }

    function test_isNotLateAfterATenderInTime() external {
        _tenderAt(DUE_MS);
        _refuses(
            _late(1, 9, DUE_MS + 5 * DAY_MS),
            abi.encodeWithSelector(IAgreementClaims.AgreementNotLate.selector, DUE_MS, DUE_MS)
        );
    }

    function test_correctsWhatWasChargedBeforeTheTenderWasKnown() external {
        LateCall memory call = _late(1, 9, DUE_MS + 5 * DAY_MS);
        _prove(call);
        _requirePenalties(0, PENALTY + 5 * PENALTY_PER_STEP);
        _tenderAt(DUE_MS + DAY_MS);
        vm.expectEmit();
        emit IAgreementClaims.ViolationProven(
            _caseId(1, DEADLINE_ID, ONCE_SEQ, ONCE_INDEX),
            1,
            carrier,
            DEADLINE_ID,
            PENALTY + PENALTY_PER_STEP,
            int256(uint256(DAY_MS))
        );
        _prove(call);
        _requirePenalties(0, PENALTY + PENALTY_PER_STEP);
        _refuses(
            call,
            abi.encodeWithSelector(
                IAgreementClaims.AgreementAlreadyProven.selector, _caseId(1, DEADLINE_ID, ONCE_SEQ, ONCE_INDEX)
            )
        );
    }

    function test_correctsToNothingWhenTheTenderWasInTime() external {
        LateCall memory call = _late(1, 9, DUE_MS + 5 * DAY_MS);
        _prove(call);
        _tenderAt(DUE_MS - 1);
        _prove(call);
        _requirePenalties(0, 0);
        _refuses(call, abi.encodeWithSelector(IAgreementClaims.AgreementNotLate.selector, DUE_MS - 1, DUE_MS));
    }

    function test_standsAtATenderThatWasRefusedToo() external {
        LateCall memory call = _late(1, 9, DUE_MS + 5 * DAY_MS);
        _prove(call);
        _tenderAt(DUE_MS - 1);
        _prove(call);
        bytes32 refusal = _refusalDigest(address(agreement), 1, "wet");
        agreement.refuseTender(1, "wet", _signWallet(PAYER_KEY, refusal), _clause(TENDER));
        _requirePenalties(0, 0);
        _refuses(call, abi.encodeWithSelector(IAgreementClaims.AgreementNotLate.selector, DUE_MS - 1, DUE_MS));
    }

    function test_correctsAContestedCaseToo() external {
        LateCall memory call = _late(1, 9, DUE_MS + 5 * DAY_MS);
        _prove(call);
        bytes32 caseId = _caseId(1, DEADLINE_ID, ONCE_SEQ, ONCE_INDEX);
        _contest(caseId, carrier, agreement.contestBondWei(uint96(BOND_WEI)));
        _tenderAt(DUE_MS + DAY_MS);
        _prove(call);
        vm.assertTrue(agreement.caseOf(caseId).state == CaseState.Contested);
        _requirePenalties(0, PENALTY + PENALTY_PER_STEP);
    }

    /// @dev What is charged is what the latest envelope shown costs, cut off at the tender, in whatever order things come.
    function testFuzz_chargesTheLatestUpToTheTender(uint8[4] calldata lateDays, uint8 tenderDay, uint8 tenderedAfter)
        external
    {
        uint256 latestMs = 0;
        uint64 tenderMs = DUE_MS + uint64(tenderDay % 8) * DAY_MS;
        bool isTendered = false;
        for (uint32 i = 0; i < 4; ++i) {
            if (tenderedAfter % 5 == i) {
                _tenderAt(tenderMs);
                isTendered = true;
            }
            uint64 lateMs = DUE_MS + uint64(lateDays[i] % 10) * DAY_MS + 1;
            LateCall memory call = _late(1, i, lateMs);
            try this.prove(call) {} catch {}
            if (lateMs > latestMs) latestMs = lateMs;
        }
        if (isTendered && latestMs > tenderMs) latestMs = tenderMs;
        uint256 owed = latestMs > DUE_MS ? PENALTY + (latestMs - DUE_MS) / DAY_MS * PENALTY_PER_STEP : 0;
        _requirePenalties(0, owed);
    }

    function prove(LateCall calldata call) external {
        _prove(call);
    }

    function _late(uint32 leg, uint32 seq, uint64 utcMs) private view returns (LateCall memory call) {
        (call.leg, call.keys, call.limit) = (leg, _legKeys(leg), _clause(DEADLINE));
        call.late = _signed(_at(leg, seq, utcMs));
        (call.keysBefore, call.before) = (_legKeys(0), _signed(_at(0, 19, BEGIN_MS)));
    }

    function _at(uint32 leg, uint32 seq, uint64 utcMs) private pure returns (Envelope memory envelope) {
        envelope = _heartbeat(leg, seq, BEFORE);
        envelope.baseUtcMs = utcMs;
    }

    function _unset(Envelope memory envelope) private pure returns (Envelope memory) {
        envelope.clockState = 0;
        return envelope;
    }

    function _tenderAt(uint64 utcMs) private {
        Envelope memory last = _located(1, 6, BEFORE, _values(435_050_000), _values(-79_850_000));
        last.baseUtcMs = utcMs;
        _recordTender(_tenderCall(last));
    }

    function _prove(LateCall memory call) private {
        agreement.proveLate(call.leg, call.keys, call.limit, call.late, call.keysBefore, call.before);
    }

    function _refuses(LateCall memory call, bytes memory refusal) private {
        vm.expectRevert(refusal);
        _prove(call);
    }
}
