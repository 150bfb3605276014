// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Case, CaseState, IAgreementClaims} from "../src/interfaces/IAgreementClaims.sol";
import {IAgreementCustody, Phase} from "../src/interfaces/IAgreementCustody.sol";
import {Limit} from "../src/libraries/Clauses.sol";
import {Disclosure, EnvelopeCodec} from "../src/libraries/EnvelopeCodec.sol";
import {ClaimsFixture} from "./support/ClaimsFixture.sol";
import {vm} from "./support/Vm.sol";

/// @dev Single and cumulative limits, and what becomes of a case that is shown again.
contract ClaimsOverTimeTest is ClaimsFixture {
    uint64 private constant HALF_HOUR_MS = HOUR_MS / 2;

    function _cumulative() internal view override returns (Limit memory limit) {
        limit = super._cumulative();
        limit.penalty.beneficiary = vm.addr(PAYEE_KEY);
    }

    // Single

    function test_breaksASingleLimitFromItsDurationOn() external {
        int32[] memory values = _then(_values(7000), 9000, 6);
        _refuses(
            _proofAt(1, SINGLE_ABOVE_8, _series(1, 3, values), 0, 1),
            abi.encodeWithSelector(
                IAgreementClaims.AgreementLimitKept.selector, HALF_HOUR_MS - READING_MS, HALF_HOUR_MS
            )
        );
        bytes32 caseId = _caseId(1, SINGLE_ID, 3, 1);
        vm.expectEmit();
        emit IAgreementClaims.ViolationProven(caseId, 1, carrier, SINGLE_ID, PENALTY, int256(uint256(HALF_HOUR_MS)));
        _prove(_proofAt(1, SINGLE_ABOVE_8, _series(1, 3, _then(values, 9000, 1)), 0, 1));
        _requirePenalties(0, PENALTY);
    }

    function test_countsUntilTheReadingThatEndsTheExcursion() external {
        int32[] memory values = _then(_then(_then(_values(7000), 9000, 6), 7000, 1), 9000, 3);
        _requireExtent(3, _series(1, 3, values), HALF_HOUR_MS);
    }

    function test_followsAnExcursionThroughAllEnvelopesOfTheRun() external {
        Disclosure[] memory run = _series(1, 3, _then(_values(7000), 9000, 3 * READINGS));
        _requireExtent(3, run, 3 * HOUR_MS - READING_MS);
        _requirePenalties(0, PENALTY + 4 * PENALTY_PER_STEP);
    }

    function test_countsNothingWhileTheDeviceWasRestarted() external {
        Envelope memory first = _measured(1, 3, BEFORE, _then(_values(7000), 9000, 6));
        Envelope memory second = _measured(1, 4, _digest(_headerOf(first)), _then(new int32[](0), 9000, 6));
        second.bootId = "another boot";
        second.baseMonotonicMs = first.baseMonotonicMs + 7 * READING_MS;
        Disclosure[] memory run = _pair(_disclose(first, TEMPERATURE), _disclose(second, TEMPERATURE));
        _requireExtent(3, run, 10 * READING_MS);
    }

    function test_leavesOutTheStartUpOfTheFirstLegAlone() external {
        int32[] memory values = _then(new int32[](0), 9000, 2 * READINGS);
        ProofCall memory call = _proofAt(0, SINGLE_ABOVE_8, _series(0, 0, values), 0, 0);
        _refuses(call, abi.encodeWithSelector(IAgreementClaims.AgreementReadingAbsent.selector, 0));
        call.position = 1;
        _prove(call);
        _requirePenalties(PENALTY, 0);

        call = _proofAt(1, SINGLE_ABOVE_8, _series(1, 0, values), 1, 0);
        _refuses(call, abi.encodeWithSelector(IAgreementClaims.AgreementNotFirstOutside.selector, 0, READINGS - 1));
        call.position = 0;
        _prove(call);
    }

    function test_asksForTheTimes() external {
        Disclosure[] memory run = _series(1, 3, _then(_values(7000), 9000, READINGS - 1));
        bytes memory refusal = abi.encodeWithSelector(EnvelopeCodec.EnvelopeTimesMismatch.selector, 3);
        (bytes memory times, bytes32 salt) = (run[0].times, run[0].timesSalt);
        run[0].times = "";
        _refuses(_proofAt(1, SINGLE_ABOVE_8, run, 0, 1), refusal);
        (run[0].times, run[0].timesSalt) = (times, ~salt);
        _refuses(_proofAt(1, SINGLE_ABOVE_8, run, 0, 1), refusal);
        run[0].timesSalt = salt;
        run[0].times[47] ^= 0x01;
        _refuses(_proofAt(1, SINGLE_ABOVE_8, run, 0, 1), refusal);
    }

    // Cumulative

    function test_sumsAllExcursionsOfALeg() external {
        Disclosure[] memory run = _excursions(1, 3, 8);
        // Each of seven readings at 9 °C between those at 7 °C: half of the first and of the last five minutes count.
        uint64 eachMs = 7 * READING_MS;
        _refusesSum(_part(run, 0, 3), 3 * eachMs);
        bytes32 caseId = _caseId(1, CUMULATIVE_ID, ONCE_SEQ, ONCE_INDEX);
        vm.expectEmit();
        emit IAgreementClaims.ViolationProven(caseId, 1, carrier, CUMULATIVE_ID, PENALTY, int256(uint256(4 * eachMs)));
        _prove(_proofAt(1, CUMULATIVE_ABOVE_8, _part(run, 0, 4), ELSEWHERE, 0));
        _prove(_proofAt(1, CUMULATIVE_ABOVE_8, run, 0, 77));
        vm.assertEq(agreement.caseOf(caseId).penalty, PENALTY + 5 * PENALTY_PER_STEP);
        vm.assertEq(agreement.caseOf(caseId).beneficiary, payee);
        _requirePenalties(0, PENALTY + 5 * PENALTY_PER_STEP);
    }

    function test_needsNoBeginOfASum() external {
        _prove(_proofAt(1, CUMULATIVE_ABOVE_8, _part(_excursions(1, 3, 8), 2, 5), ELSEWHERE, 0));
    }

    function test_takesEnvelopesThatASumDoesNotNeedByTheirHeaders() external {
        Disclosure[] memory run = _excursions(1, 3, 5);
        run[2] = Disclosure(run[2].header, "", 0, "", 0, new bytes32[](0));
        _prove(_proofAt(1, CUMULATIVE_ABOVE_8, run, ELSEWHERE, 0));
        run[3].header[43] ^= 0x01;
        _refuses(
            _proofAt(1, CUMULATIVE_ABOVE_8, run, ELSEWHERE, 0),
            abi.encodeWithSelector(IAgreementClaims.AgreementRunNotLinked.selector, 3)
        );
    }

    // Shown again

    function test_chargesMoreForMoreAndNeverTwice() external {
        Disclosure[] memory run = _series(1, 3, _then(_values(7000), 9000, 2 * READINGS - 1));
        bytes32 caseId = _caseId(1, SINGLE_ID, 3, 1);
        bytes memory refusal = abi.encodeWithSelector(IAgreementClaims.AgreementAlreadyProven.selector, caseId);
        ProofCall memory short = _proofAt(1, SINGLE_ABOVE_8, _part(run, 0, 1), 0, 1);
        _prove(short);
        _refuses(short, refusal);
        vm.warp(block.timestamp + 1 hours);
        ProofCall memory long = _proofAt(1, SINGLE_ABOVE_8, run, 0, 1);
        _prove(long);
        _requirePenalties(0, PENALTY + 2 * PENALTY_PER_STEP);
        Case memory raised = agreement.caseOf(caseId);
        vm.assertEq(raised.seq, 4);
        vm.assertEq(raised.evidence, _digest(run[1]));
        vm.assertEq(raised.provenAt, BEGIN + 1 hours);
        vm.assertEq(raised.beneficiary, vm.addr(PAYER_KEY));
        vm.assertEq(agreement.caseOf("none").beneficiary, address(0));
        _refuses(short, refusal);
        _refuses(long, refusal);
    }

    function test_raisesAnInstantaneousCaseByItsWorstValue() external {
        Disclosure memory first = _envelope(1, 3, BEFORE, _values(39_000, 40_001));
        _prove(_proofAt(1, ABOVE_40, _alone(first), 0, 1));
        _requirePenalties(0, PENALTY);
        Disclosure memory second = _envelope(1, 4, _digest(first), _values(43_500, 41_000));
        vm.expectEmit();
        emit IAgreementClaims.ViolationProven(
            _caseId(1, ABOVE_40_ID, 3, 1), 1, carrier, ABOVE_40_ID, PENALTY + 3 * PENALTY_PER_STEP, 43_500
        );
        _prove(_proofAt(1, ABOVE_40, _pair(first, second), 0, 1));
        _requirePenalties(0, PENALTY + 3 * PENALTY_PER_STEP);
    }

    function test_chargesACaseUpToItsCap() external {
        _prove(_proofAt(1, ABOVE_40, _alone(_envelope(1, 3, BEFORE, _values(39_000, 90_000))), 0, 1));
        _requirePenalties(0, 25 ether);
    }

    function test_leavesAContestedCaseAsItIs() external {
        Disclosure[] memory run = _series(1, 3, _then(_values(7000), 9000, 2 * READINGS));
        _prove(_proofAt(1, SINGLE_ABOVE_8, _part(run, 0, 1), 0, 1));
        bytes32 caseId = _caseId(1, SINGLE_ID, 3, 1);
        _contestIt(caseId);
        _refuses(
            _proofAt(1, SINGLE_ABOVE_8, run, 0, 1),
            abi.encodeWithSelector(IAgreementClaims.AgreementCaseState.selector, caseId, CaseState.Contested)
        );
    }

    function test_raisesAnUpheldCaseWhichCanThenBeContestedAgain() external {
        bytes32 caseId = _contested(1, 3);
        _answer(_sealAnswer(caseId, 20));
        vm.assertTrue(agreement.caseOf(caseId).state == CaseState.Upheld);
        Disclosure memory first = _excursion(1, 3);
        Disclosure memory second = _envelope(1, 4, _digest(first), _values(45_000));
        _refuses(
            _proofAt(1, ABOVE_40, _alone(first), 0, 1),
            abi.encodeWithSelector(IAgreementClaims.AgreementAlreadyProven.selector, caseId)
        );
        _prove(_proofAt(1, ABOVE_40, _pair(first, second), 0, 1));
        _requireCase(caseId, CaseState.Proven, PENALTY + 5 * PENALTY_PER_STEP, 0);
        _contestIt(caseId);
    }

    function test_provesAVoidedCaseOnOtherEvidenceAlone() external {
        // The accused shows its own excursion by an envelope that no seal covers, contests, and lets the time pass.
        Disclosure memory first = _excursion(1, 3);
        Disclosure memory second = _envelope(1, 4, _digest(first), _values(45_000));
        ProofCall memory unsealed = _proofAt(1, ABOVE_40, _pair(first, second), 0, 1);
        _prove(unsealed);
        bytes32 caseId = _caseId(1, ABOVE_40_ID, 3, 1);
        _contestIt(caseId);
        vm.warp(block.timestamp + ANSWER_S + 1);
        agreement.resolve(caseId);
        _requireCase(caseId, CaseState.Void, 0, 0);
        _requirePenalties(0, 0);

        _refuses(unsealed, abi.encodeWithSelector(IAgreementClaims.AgreementCaseState.selector, caseId, CaseState.Void));
        _prove(_proofAt(1, ABOVE_40, _alone(first), 0, 1));
        _contestIt(caseId);
        _answer(_sealAnswer(caseId, 20));
        vm.assertTrue(agreement.caseOf(caseId).state == CaseState.Upheld);
        _requirePenalties(0, agreement.caseOf(caseId).penalty);
    }

    // When

    function test_provesAfterDeliveryToo() external {
        _recordCut(_cutCall(1, 8, PAYER, PAYER_KEY));
        vm.assertTrue(agreement.phase() == Phase.Delivered);
        ProofCall memory call = _proofAt(1, SINGLE_ABOVE_8, _series(1, 7, _then(_values(7000), 9000, 8)), 0, 1);
        _prove(call);
        _requirePenalties(0, PENALTY);
        (call.leg, call.keys) = (2, _legKeys(2));
        _refuses(call, abi.encodeWithSelector(IAgreementCustody.AgreementLegNotBegun.selector, 2));
    }

    function _excursions(uint32 leg, uint32 seq, uint256 count) private view returns (Disclosure[] memory) {
        int32[] memory values = new int32[](0);
        for (uint256 i = 0; i < count; ++i) {
            values = _then(_then(_then(values, 7000, 3), 9000, 7), 7000, READINGS - 10);
        }
        return _series(leg, seq, values);
    }

    function _refusesSum(Disclosure[] memory run, uint64 outsideMs) private {
        _refuses(
            _proofAt(1, CUMULATIVE_ABOVE_8, run, ELSEWHERE, 0),
            abi.encodeWithSelector(IAgreementClaims.AgreementLimitKept.selector, outsideMs, 2 * HOUR_MS)
        );
    }

    function _requireExtent(uint32 seq, Disclosure[] memory run, uint64 outsideMs) private {
        uint256 penalty = PENALTY + (outsideMs - HALF_HOUR_MS) / HALF_HOUR_MS * PENALTY_PER_STEP;
        bytes32 caseId = _caseId(1, SINGLE_ID, seq, 1);
        vm.expectEmit();
        emit IAgreementClaims.ViolationProven(caseId, 1, carrier, SINGLE_ID, penalty, int256(uint256(outsideMs)));
        _prove(_proofAt(1, SINGLE_ABOVE_8, run, 0, 1));
    }

    function _contestIt(bytes32 caseId) private {
        _contest(caseId, carrier, agreement.contestBondWei(uint96(BOND_WEI)));
    }
}
