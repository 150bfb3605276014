// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Case, CaseState, IAgreementClaims, SignedHeader} from "../src/interfaces/IAgreementClaims.sol";
import {IAgreementCustody} from "../src/interfaces/IAgreementCustody.sol";
import {Clause, Clauses} from "../src/libraries/Clauses.sol";
import {Disclosure} from "../src/libraries/EnvelopeCodec.sol";
import {LegKeys} from "../src/libraries/Records.sol";
import {ClaimsFixture} from "./support/ClaimsFixture.sol";
import {vm} from "./support/Vm.sol";

/// @dev Two envelopes under one number, and what that costs.
contract ClaimsForkTest is ClaimsFixture {
    function test_nothingIsChargedFromTheForkOn() external {
        vm.expectEmit();
        emit IAgreementClaims.ForkReported(1, 5);
        _report(1, 5);
        ProofCall memory call = _excursionAt(1, 5);
        bytes memory refusal = abi.encodeWithSelector(IAgreementClaims.AgreementLegForked.selector, 5, 5);
        _refuses(call, refusal);
        _refusesToAdvance(call, refusal);
        Disclosure[] memory run = _series(1, 4, _then(_then(_values(39_000), 39_000, READINGS - 1), 41_000, 1));
        _refuses(_proofAt(1, ABOVE_40, run, 1, 0), refusal);
        _prove(_excursionAt(1, 4));
        _prove(_excursionAt(0, 5));
    }

    function test_nothingElseIsProvenFromTheForkOn() external {
        _report(1, 5);
        bytes memory refusal = abi.encodeWithSelector(IAgreementClaims.AgreementLegForked.selector, 6, 5);
        LegKeys memory keys = _legKeys(1);
        Envelope memory late = _heartbeat(1, 6, BEFORE);
        late.baseUtcMs = BEGIN_MS + 9 * DAY_MS;
        (Clause memory milestone, Clause memory silence) = (_clause(MILESTONE), _clause(SILENCE));
        SignedHeader memory shown = _signed(late);
        bytes memory header = _headerOf(_heartbeat(1, 5, BEFORE));
        vm.expectRevert(refusal);
        agreement.proveLate(1, keys, milestone, shown, keys, shown);
        vm.expectRevert(refusal);
        agreement.proveSilence(1, keys, silence, header, shown);
        vm.warp(BEGIN + 20 days);
        vm.deal(address(this), 1 ether);
        vm.expectRevert(refusal);
        agreement.claimSilence{value: 0.1 ether}(1, keys, silence, shown);
    }

    function test_whatWasProvenBeforeStands() external {
        _prove(_excursionAt(1, 5));
        uint256 owed = agreement.penaltiesOf(carrier);
        _report(1, 5);
        _requirePenalties(0, owed);
        vm.assertTrue(owed > 0);
    }

    function test_anEarlierForkCountsALaterDoesNot() external {
        _report(1, 5);
        (SignedHeader memory one, SignedHeader memory other) = _branches(1, 5);
        _refusesReport(1, one, other, abi.encodeWithSelector(IAgreementClaims.AgreementLegForked.selector, 5, 5));
        (one, other) = _branches(1, 6);
        _refusesReport(1, one, other, abi.encodeWithSelector(IAgreementClaims.AgreementLegForked.selector, 6, 5));
        _report(1, 4);
        _refuses(_excursionAt(1, 4), abi.encodeWithSelector(IAgreementClaims.AgreementLegForked.selector, 4, 4));
    }

    function test_takesOnlyTwoEnvelopesOfOneNumber() external {
        (SignedHeader memory one, SignedHeader memory other) = _branches(1, 5);
        bytes memory refusal = _selector(IAgreementClaims.AgreementNoFork.selector);
        _refusesReport(1, one, one, refusal);
        _refusesReport(1, one, _signed(_heartbeat(1, 6, BEFORE)), refusal);
        _refusesReport(
            1,
            one,
            _signed(_heartbeat(0, 5, "other")),
            abi.encodeWithSelector(IAgreementClaims.AgreementEnvelopeForeign.selector, 1)
        );
        _refusesReport(
            1,
            _signed(_heartbeat(0, 5, "other")),
            one,
            abi.encodeWithSelector(IAgreementClaims.AgreementEnvelopeForeign.selector, 0)
        );
        other.signature = one.signature;
        _refusesReport(1, one, other, _selector(IAgreementCustody.AgreementDeviceSignatureInvalid.selector));
        _refusesReport(1, other, one, _selector(IAgreementCustody.AgreementDeviceSignatureInvalid.selector));
        (one, other) = _branches(0, 20);
        _refusesReport(0, one, other, abi.encodeWithSelector(IAgreementClaims.AgreementBeyondCut.selector, 20, 20));
        LegKeys memory keys = _legKeys(0);
        vm.expectRevert(abi.encodeWithSelector(IAgreementCustody.AgreementKeysNotOfLeg.selector, 1));
        agreement.reportFork(1, keys, one, other);
    }

    function test_chargesTheTamperingOfASecureElement() external {
        bytes32 evidence = _report(1, 5);
        bytes32 caseId = _caseId(1, TAMPER_ID, 5, ONCE_INDEX);
        vm.expectEmit();
        emit IAgreementClaims.ViolationProven(caseId, 1, carrier, TAMPER_ID, PENALTY, 0);
        _tamper(1);
        _requirePenalties(0, PENALTY);
        Case memory proven = agreement.caseOf(caseId);
        vm.assertEq(proven.evidence, evidence);
        vm.assertEq(proven.seq, 5);
        vm.assertTrue(proven.state == CaseState.Proven);
    }

    /// @dev A branch of many envelopes is one tampering, in whatever order they are shown.
    function test_chargesATamperingOnce() external {
        _report(1, 5);
        _tamper(1);
        bytes memory refusal = abi.encodeWithSelector(
            IAgreementClaims.AgreementAlreadyProven.selector, _caseId(1, TAMPER_ID, 5, ONCE_INDEX)
        );
        _refusesTampering(1, refusal);
        _report(1, 4);
        _refusesTampering(1, refusal);
        _requirePenalties(0, PENALTY);
    }

    function test_chargesAVoidedTamperingOnOtherEvidence() external {
        _report(1, 5);
        _tamper(1);
        bytes32 caseId = _caseId(1, TAMPER_ID, 5, ONCE_INDEX);
        _contest(caseId, carrier, agreement.contestBondWei(uint96(BOND_WEI)));
        vm.warp(block.timestamp + ANSWER_S + 1);
        agreement.resolve(caseId);
        _refusesTampering(
            1, abi.encodeWithSelector(IAgreementClaims.AgreementCaseState.selector, caseId, CaseState.Void)
        );
        _report(1, 4);
        _tamper(1);
        _requirePenalties(0, PENALTY);
    }

    function test_chargesNoTamperingWithoutAFork() external {
        _refusesTampering(1, _selector(IAgreementClaims.AgreementNoFork.selector));
        _report(0, 5);
        _refusesTampering(1, _selector(IAgreementClaims.AgreementNoFork.selector));
    }

    function test_takesTheRightClausesForATampering() external {
        _report(1, 5);
        (Clause memory device, Clause memory tamper) = (_clause(DEVICE), _clause(TAMPER));
        vm.expectRevert(abi.encodeWithSelector(Clauses.ClauseKindUnexpected.selector, Clauses.TAMPER, Clauses.DEVICE));
        agreement.proveTampering(1, tamper, tamper);
        vm.expectRevert(abi.encodeWithSelector(Clauses.ClauseKindUnexpected.selector, Clauses.DEVICE, Clauses.TAMPER));
        agreement.proveTampering(1, device, device);
    }

    function _branches(uint32 leg, uint32 seq) private view returns (SignedHeader memory, SignedHeader memory) {
        return (_signed(_heartbeat(leg, seq, BEFORE)), _signed(_heartbeat(leg, seq, "the other branch")));
    }

    function _report(uint32 leg, uint32 seq) private returns (bytes32 evidence) {
        (SignedHeader memory one, SignedHeader memory other) = _branches(leg, seq);
        agreement.reportFork(leg, _legKeys(leg), one, other);
        return _digest(one.header);
    }

    function _refusesReport(uint32 leg, SignedHeader memory one, SignedHeader memory other, bytes memory refusal)
        private
    {
        LegKeys memory keys = _legKeys(leg);
        vm.expectRevert(refusal);
        agreement.reportFork(leg, keys, one, other);
    }

    function _excursionAt(uint32 leg, uint32 seq) private view returns (ProofCall memory) {
        return _proofAt(leg, ABOVE_40, _alone(_envelope(leg, seq, BEFORE, _values(39_000, 41_000))), 0, 1);
    }

    function _tamper(uint32 leg) private {
        agreement.proveTampering(leg, _clause(DEVICE), _clause(TAMPER));
    }

    function _refusesTampering(uint32 leg, bytes memory refusal) private {
        (Clause memory device, Clause memory tamper) = (_clause(DEVICE), _clause(TAMPER));
        vm.expectRevert(refusal);
        agreement.proveTampering(leg, device, tamper);
    }
}
