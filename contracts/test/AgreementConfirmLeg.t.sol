// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CaseState} from "../src/interfaces/IAgreementClaims.sol";
import {IAgreementCustody} from "../src/interfaces/IAgreementCustody.sol";
import {IAgreementDisputes} from "../src/interfaces/IAgreementDisputes.sol";
import {Clauses} from "../src/libraries/Clauses.sol";
import {DisputeFixture} from "./support/DisputeFixture.sol";
import {vm} from "./support/Vm.sol";

/// @dev Legs that began when classical signatures could be believed no longer.
contract AgreementConfirmLegTest is DisputeFixture {
    uint8 private constant PAYEE_INDEX = 1;
    uint8 private constant CARRIER_INDEX = 2;

    /// @dev Nothing: each test says when a leg begins.
    function _begin() internal override {}

    function test_aLegBegunInTimeNeedsNoConfirmation() external {
        vm.warp(CLASSICAL_UNTIL - 1);
        _start(_startCall());
        bytes32 caseId = _contested(0, 5);
        vm.warp(CLASSICAL_UNTIL + 1);
        _answer(_sealAnswer(caseId, 9));
        vm.assertTrue(agreement.caseOf(caseId).state == CaseState.Upheld);
    }

    function test_aSealAnswersForALaterLegOnceItIsConfirmed() external {
        vm.warp(CLASSICAL_UNTIL);
        _start(_startCall());
        bytes32 caseId = _contested(0, 5);
        SealAnswer memory answer = _sealAnswer(caseId, 9);
        vm.expectRevert(_notConfirmed(0));
        _answer(answer);

        Confirmation memory call = _confirmationOfFirst();
        vm.expectEmit();
        emit IAgreementDisputes.LegConfirmed(0);
        vm.prank(ANSWERER);
        _confirm(call);
        _answer(answer);
        vm.assertTrue(agreement.caseOf(caseId).state == CaseState.Upheld);
    }

    /// @dev An anchor shows how old an envelope is, not whose leg it was.
    function test_anAnchorNeedsAConfirmedLegToo() external {
        _excursion(0, 5);
        _anchor(ANCHOR_WRITER, 0, 0, 9);
        anchorLog.witness(ANCHOR_WRITER);
        vm.warp(CLASSICAL_UNTIL);
        _start(_startCall());
        bytes32 caseId = _contested(0, 5);
        AnchorAnswer memory answer = _anchorAnswer(caseId, 0, 9);
        answer.witnessedAt = uint40(BEGIN);
        vm.expectRevert(_notConfirmed(0));
        _answer(answer);
        _confirm(_confirmationOfFirst());
        _answer(answer);
        vm.assertTrue(agreement.caseOf(caseId).state == CaseState.Upheld);
    }

    function test_aLegIsConfirmedByTheOneBeforeAndItsTaker() external {
        CutCall memory cut = _handedOver();
        bytes32 caseId = _contested(1, 5);
        SealAnswer memory answer = _sealAnswer(caseId, 9);
        vm.expectRevert(_notConfirmed(1));
        _answer(answer);
        vm.expectEmit();
        emit IAgreementDisputes.LegConfirmed(1);
        _confirm(_confirmationOf(cut, CARRIER, CARRIER_INDEX));
        _answer(answer);
        vm.assertTrue(agreement.caseOf(caseId).state == CaseState.Upheld);
    }

    function test_legsAreConfirmedOneAfterTheOther() external {
        vm.warp(CLASSICAL_UNTIL);
        _start(_startCall());
        CutCall memory toCarrier = _cutCall(0, 20, CARRIER, CARRIER_KEY);
        _recordCut(toCarrier);
        CutCall memory toPayee = _cutCall(1, 20, PAYEE, PAYEE_KEY);
        _recordCut(toPayee);

        Confirmation memory second = _confirmationOf(toPayee, PAYEE, PAYEE_INDEX);
        _refuses(second, _notConfirmed(1));
        Confirmation memory first = _confirmationOf(toCarrier, CARRIER, CARRIER_INDEX);
        _refuses(first, _notConfirmed(0));
        _confirm(_confirmationOfFirst());
        _confirm(first);
        _confirm(second);
        _confirm(second);
    }

    function test_refusesAFirstLegThatTheDeviceDidNotSign() external {
        vm.warp(CLASSICAL_UNTIL);
        _start(_startCall());
        Confirmation memory call = _confirmationOfFirst();
        call.keysSignature = _signSlhDsa("another device", _keysHash(0, call.keys));
        _refusesSignature(call);
        call.keysSignature = _signSlhDsa("slh", _keysHash(0, _legKeys(1)));
        _refusesSignature(call);
        call.keysSignature = "";
        _refusesSignature(call);

        call = _confirmationOfFirst();
        call.keys.slhDsaKey = "another";
        _refuses(call, abi.encodeWithSelector(IAgreementCustody.AgreementKeysNotOfLeg.selector, 0));
        call = _confirmationOfFirst();
        call.signer = _clause(PAYER);
        _refuses(call, abi.encodeWithSelector(Clauses.ClauseKindUnexpected.selector, Clauses.PARTY, Clauses.DEVICE));
    }

    function test_refusesKeysThatTheLegBeforeDidNotSign() external {
        CutCall memory cut = _handedOver();
        Confirmation memory call = _confirmationOf(cut, CARRIER, CARRIER_INDEX);
        call.keysSignature = _signSlhDsa("slh", _keysHash(1, call.keys));
        _refusesSignature(call);
        call.keysSignature = _signSlhDsa(call.keysBefore.slhDsaKey, _keysHash(2, call.keys));
        _refusesSignature(call);

        call = _confirmationOf(cut, CARRIER, CARRIER_INDEX);
        call.keysBefore.slhDsaKey = "of the thief";
        _signConfirmation(call, CARRIER_INDEX);
        _refuses(call, abi.encodeWithSelector(IAgreementCustody.AgreementKeysNotOfLeg.selector, 0));
        call = _confirmationOf(cut, CARRIER, CARRIER_INDEX);
        call.keys.slhDsaKey = "of the thief";
        _signConfirmation(call, CARRIER_INDEX);
        _refuses(call, abi.encodeWithSelector(IAgreementCustody.AgreementKeysNotOfLeg.selector, 1));
    }

    function test_refusesAnAcceptanceThatTheTakerDidNotSign() external {
        CutCall memory cut = _handedOver();
        Confirmation memory call = _confirmationOf(cut, CARRIER, CARRIER_INDEX);
        _signConfirmation(call, PAYEE_INDEX);
        _refusesSignature(call);
        call = _confirmationOf(cut, CARRIER, CARRIER_INDEX);
        call.accept.reservationsHash = "another";
        _refusesSignature(call);
        call = _confirmationOf(cut, CARRIER, CARRIER_INDEX);
        call.offer.nonce = "another";
        _refusesSignature(call);
        call = _confirmationOf(cut, CARRIER, CARRIER_INDEX);
        call.acceptSignature = "";
        _refusesSignature(call);
    }

    /// @dev Another offer that the taker accepted, which came to nothing, does not make it custodian under these keys.
    function test_refusesAnAcceptanceOfOtherKeys() external {
        CutCall memory cut = _handedOver();
        cut.offer.nextKeysHash = _keysHash(1, _legKeys(7));
        Confirmation memory call = _confirmationOf(cut, CARRIER, CARRIER_INDEX);
        _refuses(call, abi.encodeWithSelector(IAgreementCustody.AgreementKeysNotOfLeg.selector, 1));
    }

    function test_refusesAnAcceptanceOtherThanAgreed() external {
        CutCall memory cut = _handedOver();
        for (uint256 field = 0; field < 4; ++field) {
            Confirmation memory call = _confirmationOf(cut, CARRIER, CARRIER_INDEX);
            if (field == 0) call.accept.party = payee;
            if (field == 1) ++call.accept.amount;
            if (field == 2) --call.accept.penaltyMax;
            if (field == 3) call.taker = _clause(PAYEE);
            _signConfirmation(call, CARRIER_INDEX);
            _refuses(call, abi.encodeWithSelector(IAgreementCustody.AgreementAcceptNotAsAgreed.selector));
        }
    }

    /// @dev The payee accepted this offer as well: yet the carrier has the goods.
    function test_refusesTheAcceptanceOfAnotherParty() external {
        CutCall memory cut = _handedOver();
        Confirmation memory call = _confirmationOf(cut, PAYEE, PAYEE_INDEX);
        call.accept.party = payee;
        _signConfirmation(call, PAYEE_INDEX);
        _refuses(call, abi.encodeWithSelector(IAgreementCustody.AgreementAcceptNotAsAgreed.selector));
    }

    function test_refusesALegThatNeverBeganAndThePayers() external {
        CutCall memory cut = _handedOver();
        Confirmation memory call = _confirmationOf(cut, CARRIER, CARRIER_INDEX);
        call.leg = 2;
        _refuses(call, abi.encodeWithSelector(IAgreementCustody.AgreementLegNotBegun.selector, 2));
        cut = _cutCall(1, 20, PAYER, PAYER_KEY);
        _recordCut(cut);
        _refuses(
            _confirmationOf(cut, PAYER, 0), abi.encodeWithSelector(IAgreementCustody.AgreementLegNotBegun.selector, 2)
        );
    }

    /// @dev Without a device nothing links the new keys to those before: whoever agrees to that after classicalUntil gives up contested cases.
    function test_aLegOfAManualCutIsConfirmedByNoSignatureOfTheTakerAlone() external {
        vm.warp(BEGIN);
        _start(_startCall());
        vm.warp(CLASSICAL_UNTIL);
        _recordManualCut(_manualCutCall(0, 20, PAYEE_KEY, CARRIER, CARRIER_KEY));
        Confirmation memory call = _confirmationOf(_cutCall(0, 20, CARRIER, CARRIER_KEY), CARRIER, CARRIER_INDEX);
        call.keysSignature = _signSlhDsa(call.keys.slhDsaKey, _keysHash(1, call.keys));
        _refusesSignature(call);
    }

    function test_refusesAnotherClauseForTheGeneralOne() external {
        Confirmation memory call = _confirmationOf(_handedOver(), CARRIER, CARRIER_INDEX);
        call.general = _clause(WINDOWS);
        _refuses(call, abi.encodeWithSelector(Clauses.ClauseKindUnexpected.selector, Clauses.WINDOWS, Clauses.GENERAL));
    }

    /// @dev Leg 0 began in time; the carrier took the goods later.
    function _handedOver() private returns (CutCall memory cut) {
        _start(_startCall());
        vm.warp(CLASSICAL_UNTIL);
        cut = _cutCall(0, 20, CARRIER, CARRIER_KEY);
        _recordCut(cut);
    }

    function _refusesSignature(Confirmation memory call) private {
        _refuses(call, abi.encodeWithSelector(IAgreementDisputes.AgreementPostQuantumSignatureInvalid.selector));
    }

    function _refuses(Confirmation memory call, bytes memory reason) private {
        vm.expectRevert(reason);
        _confirm(call);
    }

    function _notConfirmed(uint32 leg) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IAgreementDisputes.AgreementLegNotConfirmed.selector, leg);
    }
}
