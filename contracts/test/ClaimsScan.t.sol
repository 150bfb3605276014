// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CaseState, IAgreementClaims} from "../src/interfaces/IAgreementClaims.sol";
import {IAgreementCustody} from "../src/interfaces/IAgreementCustody.sol";
import {Disclosure} from "../src/libraries/EnvelopeCodec.sol";
import {ClaimsFixture} from "./support/ClaimsFixture.sol";
import {vm} from "./support/Vm.sol";

/// @dev Proofs that do not fit in one transaction.
contract ClaimsScanTest is ClaimsFixture {
    uint256 private constant RUN = 6;

    bytes32 private caseId;
    Disclosure[] private run;

    /// @dev One excursion from the second reading of envelope 3 to the end of envelope 7, and one reading inside in envelope 8.
    function setUp() public override {
        super.setUp();
        int32[] memory values = _then(_then(_values(7000), 9000, 5 * READINGS - 1), 7000, 1);
        Disclosure[] memory made = _series(1, 3, values);
        for (uint256 i = 0; i < RUN; ++i) {
            run.push(made[i]);
        }
        caseId = _caseId(1, SINGLE_ID, 3, 1);
    }

    function test_chargesAsSoonAsItSufficesAndMoreWithEveryRun() external {
        ProofCall memory call = _from(0, 1, 0, 1);
        vm.expectEmit();
        emit IAgreementClaims.ScanAdvanced(address(this), 1, SINGLE_ID, 4, 10 * READING_MS);
        _advance(call);
        _requirePenalties(0, PENALTY);
        _advance(_from(1, 2, ELSEWHERE, 0));
        _requirePenalties(0, PENALTY + 4 * PENALTY_PER_STEP);
        _advance(_from(3, 3, ELSEWHERE, 0));
        _requirePenalties(0, PENALTY + 8 * PENALTY_PER_STEP);
        vm.assertEq(agreement.caseOf(caseId).seq, 8);
        vm.assertEq(agreement.caseOf(caseId).evidence, _digest(run[5]));
    }

    function test_chargesNothingBeforeItSuffices() external {
        Disclosure[] memory made = _series(1, 3, _then(_values(7000), 9000, 5));
        _advance(_proofAt(1, SINGLE_ABOVE_8, made, 0, 1));
        vm.assertTrue(agreement.caseOf(caseId).state == CaseState.None);
        _requirePenalties(0, 0);
    }

    function test_seeksThroughRunsForTheFirstReadingOutside() external {
        Disclosure[] memory made = _series(1, 1, _then(_then(_values(7000), MISSING, 2 * READINGS), 9000, 11));
        _advance(_proofAt(1, SINGLE_ABOVE_8, _part(made, 0, 1), ELSEWHERE, 0));
        _advance(_proofAt(1, SINGLE_ABOVE_8, _part(made, 1, 1), ELSEWHERE, 0));
        _advance(_proofAt(1, SINGLE_ABOVE_8, _part(made, 2, 1), 0, 1));
        _requirePenalties(0, PENALTY);
    }

    function test_needsAValueInsideBeforeTheFirstOutsideInSomeRun() external {
        Disclosure[] memory made = _series(1, 1, _then(_then(new int32[](0), MISSING, READINGS), 9000, READINGS));
        _advance(_proofAt(1, SINGLE_ABOVE_8, _part(made, 0, 1), ELSEWHERE, 0));
        _refusesToAdvance(
            _proofAt(1, SINGLE_ABOVE_8, _part(made, 1, 1), 0, 0),
            abi.encodeWithSelector(IAgreementClaims.AgreementPredecessorMissing.selector, 1)
        );
    }

    function test_sumsOverRuns() external {
        Disclosure[] memory made = _series(1, 2, _then(new int32[](0), 9000, 4 * READINGS));
        bytes32 sum = _caseId(1, CUMULATIVE_ID, ONCE_SEQ, ONCE_INDEX);
        _advance(_proofAt(1, CUMULATIVE_ABOVE_8, _part(made, 0, 2), ELSEWHERE, 0));
        vm.assertTrue(agreement.caseOf(sum).state == CaseState.None);
        _advance(_proofAt(1, CUMULATIVE_ABOVE_8, _part(made, 2, 2), 0, 0));
        vm.assertTrue(agreement.caseOf(sum).state == CaseState.Proven);
        // Four hours but five minutes: three full half hours beyond two.
        _requirePenalties(0, PENALTY + 3 * PENALTY_PER_STEP);
    }

    function test_goesOnOnlyWhereItStopped() external {
        _advance(_from(0, 2, 0, 1));
        bytes memory refusal = abi.encodeWithSelector(IAgreementClaims.AgreementRunNotLinked.selector, 0);
        _refusesToAdvance(_from(3, 1, ELSEWHERE, 0), refusal);
        _refusesToAdvance(_from(1, 1, ELSEWHERE, 0), refusal);
        Disclosure[] memory other = _alone(_envelope(1, 5, BEFORE, _values(9000)));
        _refusesToAdvance(_proofAt(1, SINGLE_ABOVE_8, other, ELSEWHERE, 0), refusal);
        Disclosure[] memory broken = _part(run, 2, 2);
        broken[1] = _envelope(1, 6, BEFORE, _values(9000));
        _refusesToAdvance(
            _proofAt(1, SINGLE_ABOVE_8, broken, ELSEWHERE, 0),
            abi.encodeWithSelector(IAgreementClaims.AgreementRunNotLinked.selector, 1)
        );
        _advance(_from(2, 1, ELSEWHERE, 0));
    }

    /// @dev A sum could leave envelopes out, were it not for its evidence: the digest of the last must cover all.
    function test_goesOnOnlyWhereItStoppedForASumToo() external {
        _advance(_proofAt(1, CUMULATIVE_ABOVE_8, _part(run, 0, 1), ELSEWHERE, 0));
        _refusesToAdvance(
            _proofAt(1, CUMULATIVE_ABOVE_8, _part(run, 2, 1), ELSEWHERE, 0),
            abi.encodeWithSelector(IAgreementClaims.AgreementRunNotLinked.selector, 0)
        );
    }

    function test_isToldOnceWhereTheExcursionBegins() external {
        _advance(_from(0, 2, 0, 1));
        bytes memory refusal = abi.encodeWithSelector(IAgreementClaims.AgreementScanStarted.selector, 3, 1);
        _refusesToAdvance(_from(2, 1, 0, 0), refusal);
        _advance(_from(2, 4, ELSEWHERE, 0));
        Disclosure[] memory next = _alone(_envelope(1, 9, _digest(run[5]), _values(9000)));
        _refusesToAdvance(_proofAt(1, SINGLE_ABOVE_8, next, 0, 0), refusal);
    }

    function test_countsNothingAfterTheEndOfTheExcursion() external {
        _advance(_from(0, 6, 0, 1));
        uint256 owed = agreement.penaltiesOf(carrier);
        Disclosure[] memory next = _alone(_envelope(1, 9, _digest(run[5]), _then(_values(9000), 9000, READINGS)));
        vm.expectEmit();
        emit IAgreementClaims.ScanAdvanced(address(this), 1, SINGLE_ID, 10, (5 * uint64(READINGS) - 1) * READING_MS);
        _advance(_proofAt(1, SINGLE_ABOVE_8, next, ELSEWHERE, 0));
        _requirePenalties(0, owed);
    }

    function test_canBeDroppedToBeginAnother() external {
        vm.expectRevert(IAgreementClaims.AgreementNoScan.selector);
        agreement.dropScan(1, SINGLE_ID);
        _advance(_from(0, 2, 0, 1));
        agreement.dropScan(1, SINGLE_ID);
        vm.expectRevert(IAgreementClaims.AgreementNoScan.selector);
        agreement.dropScan(1, SINGLE_ID);
        _advance(_from(0, 1, 0, 1));
    }

    function test_refusesWhatAProofWouldRefuse() external {
        ProofCall memory call = _from(0, 2, 0, 1);
        call.signature = _signP256(_legKey(0), _digest(run[1]));
        _refusesToAdvance(call, _selector(IAgreementCustody.AgreementDeviceSignatureInvalid.selector));
        call = _from(0, 2, 0, 1);
        call.keys = _legKeys(0);
        _refusesToAdvance(call, abi.encodeWithSelector(IAgreementCustody.AgreementKeysNotOfLeg.selector, 1));
        call = _from(0, 2, 0, 1);
        call.run = new Disclosure[](0);
        _refusesToAdvance(call, _selector(IAgreementClaims.AgreementRunEmpty.selector));
        call = _from(0, 2, 0, 0);
        _refusesToAdvance(call, abi.encodeWithSelector(IAgreementClaims.AgreementReadingInside.selector, int32(7000)));
        vm.expectRevert(IAgreementClaims.AgreementNoScan.selector);
        agreement.dropScan(1, SINGLE_ID);
    }

    function test_endsWithTheLeg() external {
        _advance(_from(0, 2, 0, 1));
        _recordCut(_cutCall(1, 6, PAYEE, PAYEE_KEY));
        _refusesToAdvance(
            _from(2, 2, ELSEWHERE, 0), abi.encodeWithSelector(IAgreementClaims.AgreementBeyondCut.selector, 6, 6)
        );
        _advance(_from(2, 1, ELSEWHERE, 0));
    }

    // Others

    function test_isTheSendersOwn() external {
        _advance(_from(0, 2, 0, 1));
        ProofCall memory call = _from(0, 1, 0, 1);
        vm.prank(address(0xBAD));
        _advance(call);
        vm.prank(address(0xBAD));
        agreement.dropScan(1, SINGLE_ID);
        _advance(_from(2, 4, ELSEWHERE, 0));
        _requirePenalties(0, PENALTY + 8 * PENALTY_PER_STEP);
    }

    function test_goesOnWhileOthersProveMore() external {
        _advance(_from(0, 1, 0, 1));
        _prove(_proofAt(1, SINGLE_ABOVE_8, run, 0, 1));
        for (uint256 i = 1; i < RUN; ++i) {
            _advance(_from(i, 1, ELSEWHERE, 0));
            _requirePenalties(0, PENALTY + 8 * PENALTY_PER_STEP);
        }
    }

    function test_goesOnWhileTheCaseIsContestedAndRaisesItAfterwards() external {
        _advance(_from(0, 1, 0, 1));
        _contest(caseId, carrier, agreement.contestBondWei(uint96(BOND_WEI)));
        _advance(_from(1, 4, ELSEWHERE, 0));
        _requirePenalties(0, PENALTY);
        vm.warp(block.timestamp + ANSWER_S + 1);
        agreement.resolve(caseId);
        _requirePenalties(0, 0);
        _advance(_from(5, 1, ELSEWHERE, 0));
        _requirePenalties(0, PENALTY + 8 * PENALTY_PER_STEP);
    }

    /// @dev However the run is split, the case is the one of a single proof.
    function testFuzz_endsLikeOneProofHoweverTheRunIsSplit(uint256 seed) external {
        uint256 taken = 0;
        while (taken < RUN) {
            uint256 count = 1 + uint256(keccak256(abi.encode(seed, taken))) % (RUN - taken);
            _advance(_from(taken, count, taken == 0 ? 0 : ELSEWHERE, 1));
            taken += count;
        }
        uint256 owed = agreement.penaltiesOf(carrier);
        vm.assertEq(owed, PENALTY + 8 * PENALTY_PER_STEP);
        _refuses(
            _proofAt(1, SINGLE_ABOVE_8, run, 0, 1),
            abi.encodeWithSelector(IAgreementClaims.AgreementAlreadyProven.selector, caseId)
        );
    }

    function _from(uint256 first, uint256 count, uint256 position, uint16 index)
        private
        view
        returns (ProofCall memory)
    {
        return _proofAt(1, SINGLE_ABOVE_8, _part(run, first, count), position, index);
    }
}
