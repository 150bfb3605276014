// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAgreement} from "../src/interfaces/IAgreement.sol";
import {Case, CaseState, IAgreementClaims} from "../src/interfaces/IAgreementClaims.sol";
import {IAgreementCustody, Leg, Phase} from "../src/interfaces/IAgreementCustody.sol";
import {Clause, Clauses, Deadline} from "../src/libraries/Clauses.sol";
import {ShipmentFixture} from "./support/ShipmentFixture.sol";
import {vm} from "./support/Vm.sol";

contract AgreementCloseTest is ShipmentFixture {
    uint256 private constant LOST_AT = BEGIN + 40 days;

    function setUp() public override {
        super.setUp();
        _start(_startCall());
        _recordCut(_cutCall(0, 3, CARRIER, CARRIER_KEY));
    }

    function test_chargesTheLossToTheCustodianOfTheOpenLeg() external {
        bytes32 caseId = _lossId(1);
        Clause memory deadline = _clause(DEADLINE);
        vm.warp(LOST_AT);
        vm.prank(vm.addr(STRANGER_KEY));
        vm.expectEmit();
        emit IAgreementClaims.ViolationProven(
            caseId, 1, vm.addr(CARRIER_KEY), DEADLINE_ID, LOSS_PENALTY, int256(uint256(30 * DAY_MS))
        );
        vm.expectEmit();
        emit IAgreementCustody.ClosedUndelivered(1);
        agreement.closeUndelivered(1, deadline);

        vm.assertEq(agreement.penaltiesOf(vm.addr(CARRIER_KEY)), LOSS_PENALTY);
        vm.assertEq(agreement.penaltiesOf(vm.addr(PAYEE_KEY)), 0);
        Case memory loss = agreement.caseOf(caseId);
        vm.assertTrue(loss.state == CaseState.Upheld);
        vm.assertEq(loss.leg, 1);
        vm.assertEq(loss.limitId, DEADLINE_ID);
        vm.assertEq(loss.seq, type(uint32).max);
        vm.assertEq(loss.provenAt, LOST_AT);
        vm.assertEq(loss.penalty, LOSS_PENALTY);
        vm.assertEq(loss.beneficiary, vm.addr(PAYER_KEY));
        vm.assertEq(loss.evidence, 0);
    }

    function test_endsTheOpenLegWithoutDenyingAnyOfItsEnvelopes() external {
        _close(1);
        vm.assertTrue(agreement.phase() == Phase.Delivered);
        vm.assertEq(agreement.deliveredAt(), LOST_AT);
        Leg memory ended = agreement.legOf(1);
        vm.assertTrue(ended.ended);
        vm.assertEq(ended.n, type(uint32).max);
        vm.assertEq(ended.custodian, vm.addr(CARRIER_KEY));
        vm.assertEq(agreement.custodianOf(2), vm.addr(PAYER_KEY));
        vm.assertEq(agreement.legOf(2).keysHash, 0);
    }

    function test_nothingMovesAfterIt() external {
        CutCall memory cut = _cutCall(1, 5, PAYER, PAYER_KEY);
        TenderCall memory tender = _tenderCall(1, 6);
        _close(1);
        vm.expectRevert(abi.encodeWithSelector(IAgreementCustody.AgreementLegEnded.selector, 1));
        _recordCut(cut);
        vm.expectRevert(abi.encodeWithSelector(IAgreementCustody.AgreementLegEnded.selector, 1));
        _recordTender(tender);
        _refuses(1, abi.encodeWithSelector(IAgreementCustody.AgreementLegEnded.selector, 1));
        _refuses(2, abi.encodeWithSelector(IAgreementCustody.AgreementLegNotBegun.selector, 2));
    }

    function test_waitsUntilTheGoodsCountAsLost() external {
        vm.warp(LOST_AT - 1);
        _refuses(1, abi.encodeWithSelector(IAgreementCustody.AgreementNotLost.selector, LOST_AT * 1000));
        vm.warp(LOST_AT);
        _close(1);
    }

    function test_neverWhereTheTermsKnowNoLoss() external {
        Deadline memory deadline = _deadline();
        deadline.lostAfterMs = 0;
        _newTerms(deadline);
        vm.warp(BEGIN + 40_000 days);
        _refuses(0, abi.encodeWithSelector(IAgreementCustody.AgreementNotLost.selector, 0));
    }

    function test_onlyTheOpenLeg() external {
        vm.warp(LOST_AT);
        _refuses(0, abi.encodeWithSelector(IAgreementCustody.AgreementLegEnded.selector, 0));
        _refuses(2, abi.encodeWithSelector(IAgreementCustody.AgreementLegNotBegun.selector, 2));
    }

    function test_neverAfterDelivery() external {
        _recordCut(_cutCall(1, 5, PAYER, PAYER_KEY));
        vm.warp(LOST_AT);
        _refuses(1, abi.encodeWithSelector(IAgreementCustody.AgreementLegEnded.selector, 1));
        _refuses(2, abi.encodeWithSelector(IAgreementCustody.AgreementLegNotBegun.selector, 2));
        vm.assertEq(agreement.penaltiesOf(vm.addr(CARRIER_KEY)), 0);
    }

    /// @dev Who has offered the goods where they belong has not lost them.
    function test_neverAgainstAStandingTender() external {
        _recordTender(_tenderCall(1, 6));
        vm.warp(LOST_AT);
        _refuses(1, abi.encodeWithSelector(IAgreementCustody.AgreementAlreadyTendered.selector, 1));
        agreement.deliverByTender(1, _clause(TENDER));
        vm.assertEq(agreement.penaltiesOf(vm.addr(CARRIER_KEY)), 0);
    }

    /// @dev Else a payer could refuse what stands at its door, and be paid for its loss.
    function test_chargesNoLossForWhatWasTenderedAndRefused() external {
        _recordTender(_tenderCall(1, 6));
        bytes memory signature = _signWallet(PAYER_KEY, _refusalDigest(address(agreement), 1, "empty boxes"));
        agreement.refuseTender(1, "empty boxes", signature, _clause(TENDER));
        _close(1);
        vm.assertTrue(agreement.phase() == Phase.Delivered);
        vm.assertEq(agreement.penaltiesOf(vm.addr(CARRIER_KEY)), 0);
        vm.assertTrue(agreement.caseOf(_lossId(1)).state == CaseState.None);
    }

    function test_onlyEndsWhatHasNotBegun() external {
        _newTerms(_deadline());
        Clause memory deadline = _clause(DEADLINE);
        vm.warp(LOST_AT);
        vm.expectEmit();
        emit IAgreementCustody.ClosedUndelivered(0);
        agreement.closeUndelivered(77, deadline);
        vm.assertTrue(agreement.phase() == Phase.Delivered);
        vm.assertEq(agreement.deliveredAt(), LOST_AT);
        vm.assertEq(agreement.custodianOf(0), address(0));
        vm.assertEq(agreement.penaltiesOf(vm.addr(PAYEE_KEY)), 0);
        _refuses(0, abi.encodeWithSelector(IAgreementCustody.AgreementLegNotBegun.selector, 0));
    }

    function test_refusesAClauseOfAnotherKindOrOfOtherTerms() external {
        vm.warp(LOST_AT);
        Clause memory deadline = _clause(MILESTONE);
        vm.expectRevert(abi.encodeWithSelector(Clauses.ClauseKindUnexpected.selector, 14, 5));
        agreement.closeUndelivered(1, deadline);
        deadline = _clause(DEADLINE);
        Deadline memory dearer = _deadline();
        dearer.lossPenalty += 1;
        deadline.body = abi.encode(dearer);
        vm.expectRevert(abi.encodeWithSelector(Clauses.ClauseNotInTerms.selector, termsHash));
        agreement.closeUndelivered(1, deadline);
    }

    /// forge-config: default.fuzz.runs = 100
    /// forge-config: deep.fuzz.runs = 1000
    function testFuzz_theCapOfTheClauseHoldsForTheLossToo(uint96 lossPenalty, uint96 limitMax, uint64 deliverByMs)
        external
    {
        vm.assume(limitMax > 0);
        Deadline memory deadline = _deadline();
        (deadline.lossPenalty, deadline.penalty.limitMax) = (lossPenalty, limitMax);
        deadline.deliverByMs = deliverByMs;
        _newTerms(deadline);
        _start(_startCall());
        _close(0);
        uint256 charged = lossPenalty < limitMax ? lossPenalty : limitMax;
        vm.assertEq(agreement.penaltiesOf(vm.addr(PAYEE_KEY)), charged);
        vm.assertEq(agreement.caseOf(_lossId(0)).penalty, lossPenalty);
    }

    function _newTerms(Deadline memory deadline) private {
        _sampleTerms();
        _replace(DEADLINE, abi.encode(deadline));
        _add(6, "so that the terms are others");
        _sealTerms();
        agreement = IAgreement(_create(PAYER_KEY, PAYEE_KEY));
    }

    function _lossId(uint32 leg) private view returns (bytes32) {
        return _caseId(leg, DEADLINE_ID, type(uint32).max, type(uint16).max - 1);
    }

    function _close(uint32 leg) private {
        vm.warp(LOST_AT);
        agreement.closeUndelivered(leg, _clause(DEADLINE));
    }

    function _refuses(uint32 leg, bytes memory refusal) private {
        Clause memory deadline = _clause(DEADLINE);
        vm.expectRevert(refusal);
        agreement.closeUndelivered(leg, deadline);
    }
}
