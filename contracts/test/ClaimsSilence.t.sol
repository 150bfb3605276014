// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Case, CaseState, IAgreementClaims, SignedHeader} from "../src/interfaces/IAgreementClaims.sol";
import {IAgreementCustody} from "../src/interfaces/IAgreementCustody.sol";
import {Clause, Clauses} from "../src/libraries/Clauses.sol";
import {LegKeys} from "../src/libraries/Records.sol";
import {ClaimsFixture} from "./support/ClaimsFixture.sol";
import {BurningReceiver, ReentrantReceiver, RefusingReceiver, VerboseReceiver} from "./support/Receivers.sol";
import {vm} from "./support/Vm.sol";

/// @dev Silence that two envelopes show, and silence that is claimed because nothing came.
contract ClaimsSilenceTest is ClaimsFixture {
    struct SilenceCall {
        uint32 leg;
        LegKeys keys;
        Clause silence;
        bytes header;
        SignedHeader next;
    }

    uint64 private constant MAX_MS = 2 * HOUR_MS;
    uint256 private constant REFUTE_S = 1 days;
    uint256 private constant CLAIM_WEI = 0.1 ether;
    address private constant CLAIMANT = address(0xC1A1);
    address private constant REFUTER = address(0x4EF);

    function setUp() public override {
        super.setUp();
        vm.deal(CLAIMANT, 1000 ether);
    }

    // Shown

    function test_chargesTheGapBetweenTwoEnvelopes() external {
        SilenceCall memory call = _gap(1, 4, MAX_MS + 3 * HOUR_MS);
        bytes32 caseId = _caseId(1, SILENCE_ID, 4, ONCE_INDEX);
        vm.expectEmit();
        emit IAgreementClaims.ViolationProven(
            caseId, 1, carrier, SILENCE_ID, PENALTY + 3 * PENALTY_PER_STEP, int256(uint256(MAX_MS + 3 * HOUR_MS))
        );
        _prove(call);
        Case memory proven = agreement.caseOf(caseId);
        vm.assertEq(proven.seq, 5);
        vm.assertEq(proven.evidence, _digest(call.next.header));
        _refuses(call, abi.encodeWithSelector(IAgreementClaims.AgreementAlreadyProven.selector, caseId));
    }

    function test_chargesEveryGap() external {
        _prove(_gap(1, 4, MAX_MS + 1));
        _prove(_gap(1, 7, MAX_MS + 1));
        _requirePenalties(0, 2 * PENALTY);
    }

    function test_allowsWhatWasAgreed() external {
        bytes memory refusal = abi.encodeWithSelector(IAgreementClaims.AgreementNotSilent.selector, MAX_MS, MAX_MS);
        _refuses(_gap(1, 4, MAX_MS), refusal);
    }

    function test_takesNoGapOverARestartOrBackwards() external {
        bytes memory refusal = abi.encodeWithSelector(IAgreementClaims.AgreementNotSilent.selector, 0, MAX_MS);
        SilenceCall memory call = _gap(1, 4, 0);
        Envelope memory next = _heartbeat(1, 5, _digest(call.header));
        (next.bootId, next.baseMonotonicMs) = ("another", 100 * HOUR_MS);
        call.next = _signed(next);
        _refuses(call, refusal);
        (next.bootId, next.baseMonotonicMs) = ("boot", 0);
        call.next = _signed(next);
        _refuses(call, refusal);
    }

    function test_wantsTwoEnvelopesThatFollowEachOther() external {
        bytes memory refusal = abi.encodeWithSelector(IAgreementClaims.AgreementRunNotLinked.selector, 1);
        SilenceCall memory call = _gap(1, 4, MAX_MS + 1);
        bytes memory header = call.header;
        call.header = _headerOf(_heartbeat(1, 4, "another"));
        _refuses(call, refusal);
        call.header = header;
        call.next = _signed(_after(header, 1, 6, MAX_MS + 1));
        _refuses(call, refusal);
        call = _gap(1, 4, MAX_MS + 1);
        call.header = _headerOf(_heartbeat(0, 4, BEFORE));
        _refuses(call, abi.encodeWithSelector(IAgreementClaims.AgreementEnvelopeForeign.selector, 0));
        call.header = header;
        call.next = _signed(_after(header, 0, 5, MAX_MS + 1));
        _refuses(call, abi.encodeWithSelector(IAgreementClaims.AgreementEnvelopeForeign.selector, 1));
    }

    function test_refusesGapsThatNobodySigned() external {
        SilenceCall memory call = _gap(1, 4, MAX_MS + 1);
        call.next.signature = _signP256(_legKey(0), _digest(call.next.header));
        _refuses(call, _selector(IAgreementCustody.AgreementDeviceSignatureInvalid.selector));
        call = _gap(1, 4, MAX_MS + 1);
        call.keys = _legKeys(0);
        _refuses(call, abi.encodeWithSelector(IAgreementCustody.AgreementKeysNotOfLeg.selector, 1));
        call = _gap(0, 19, MAX_MS + 1);
        _refuses(call, abi.encodeWithSelector(IAgreementClaims.AgreementBeyondCut.selector, 20, 20));
        call = _gap(1, 4, MAX_MS + 1);
        call.silence = _clause(TAMPER);
        _refuses(call, abi.encodeWithSelector(Clauses.ClauseKindUnexpected.selector, 12, 13));
    }

    // Claimed

    function test_chargesAClaimAgainstABond() external {
        vm.warp(BEGIN + 1 days);
        bytes32 caseId = _caseId(1, SILENCE_ID, 4, ONCE_INDEX);
        SignedHeader memory last = _last(1, 4);
        vm.expectEmit();
        emit IAgreementClaims.ViolationProven(caseId, 1, carrier, SILENCE_ID, PENALTY, 0);
        vm.expectEmit();
        emit IAgreementClaims.SilenceClaimed(caseId, 1, 4, BEGIN + 1 days + REFUTE_S);
        _claim(1, last, CLAIM_WEI + 1);
        _requirePenalties(0, PENALTY);
        vm.assertEq(agreement.openDisputes(), 1);
        Case memory claimed = agreement.caseOf(caseId);
        vm.assertTrue(claimed.state == CaseState.Claimed);
        vm.assertEq(claimed.bondWei, CLAIM_WEI + 1);
        vm.assertEq(claimed.challenger, CLAIMANT);
        vm.assertEq(claimed.openUntil, BEGIN + 1 days + REFUTE_S);
        vm.assertEq(claimed.evidence, _digest(last.header));
    }

    function test_claimsOnlyAgainstTheFullBond() external {
        vm.warp(BEGIN + 1 days);
        _refusesClaim(
            1,
            _last(1, 4),
            CLAIM_WEI - 1,
            abi.encodeWithSelector(IAgreementClaims.AgreementBondTooLow.selector, CLAIM_WEI - 1, CLAIM_WEI)
        );
    }

    function test_claimsOnlyOnceTheSilenceIsLongEnough() external {
        uint256 end = BEGIN + (4 * HOUR_MS + MAX_MS) / 1000;
        vm.warp(end);
        SignedHeader memory last = _last(1, 4);
        _refusesClaim(
            1, last, CLAIM_WEI, abi.encodeWithSelector(IAgreementClaims.AgreementNotSilent.selector, MAX_MS, MAX_MS)
        );
        vm.warp(end + 1);
        _claim(1, last, CLAIM_WEI);
    }

    function test_leavesTheWindowToJudgeWhereTheClockWasNotSet() external {
        Envelope memory last = _heartbeat(1, 4, BEFORE);
        last.clockState = 0;
        _claim(1, _signed(last), CLAIM_WEI);
    }

    function test_claimsTheMissingEndOfALegThatIsOver() external {
        _claim(0, _last(0, 18), CLAIM_WEI);
        _refusesClaim(
            0, _last(0, 19), CLAIM_WEI, abi.encodeWithSelector(IAgreementClaims.AgreementLegComplete.selector, 20)
        );
        _refusesClaim(
            0, _last(0, 20), CLAIM_WEI, abi.encodeWithSelector(IAgreementClaims.AgreementBeyondCut.selector, 20, 20)
        );
        _requirePenalties(PENALTY, 0);
    }

    /// @dev Nothing follows in a leg that was closed as lost, and nobody could refute a claim that says no more than that.
    function test_claimsInALegThatWasClosedOnlyWhatWasSilentUntilThen() external {
        uint32 seq = 40 * 24;
        uint256 begin = BEGIN + seq * 1 hours;
        SignedHeader memory last = _last(1, seq);
        vm.warp(begin + MAX_MS / 1000);
        agreement.closeUndelivered(1, _clause(DEADLINE));
        _requirePenalties(0, LOSS_PENALTY);
        vm.warp(block.timestamp + 5 days);
        _refusesClaim(
            1, last, CLAIM_WEI, abi.encodeWithSelector(IAgreementClaims.AgreementNotSilent.selector, MAX_MS, MAX_MS)
        );
        _claim(1, _last(1, seq - 1), CLAIM_WEI);
        _requirePenalties(0, LOSS_PENALTY + PENALTY);
    }

    function test_claimsACaseOnce() external {
        bytes32 caseId = _claimed(0, 4);
        _refusesClaim(0, _last(0, 4), CLAIM_WEI, _inState(caseId, CaseState.Claimed));
        _refute(caseId, 0, 4);
        _refusesClaim(0, _last(0, 4), CLAIM_WEI, _inState(caseId, CaseState.Void));
        _prove(_gap(0, 7, MAX_MS + 1));
        caseId = _caseId(0, SILENCE_ID, 7, ONCE_INDEX);
        _refusesClaim(0, _last(0, 7), CLAIM_WEI, _inState(caseId, CaseState.Proven));
    }

    function test_refusesClaimsAfterEnvelopesThatNobodySigned() external {
        SignedHeader memory last = _last(0, 4);
        last.signature = _signP256(_legKey(1), _digest(last.header));
        _refusesClaim(0, last, CLAIM_WEI, _selector(IAgreementCustody.AgreementDeviceSignatureInvalid.selector));
        _refusesClaim(
            1, _last(0, 4), CLAIM_WEI, abi.encodeWithSelector(IAgreementClaims.AgreementEnvelopeForeign.selector, 0)
        );
    }

    /// @dev Who floods an agreement with claims loses the bonds, and leaves the accused room to contest.
    function test_leavesRoomForContests() external {
        bytes32 caseId = _proven(0, 19);
        _recordCut(_cutCall(1, 200, PAYEE, PAYEE_KEY));
        for (uint32 seq = 0; seq < 127; ++seq) {
            _claim(1, _last(1, seq), CLAIM_WEI);
        }
        _refusesClaim(1, _last(1, 127), CLAIM_WEI, _selector(IAgreementClaims.AgreementTooManyDisputes.selector));
        _contest(caseId, payee, agreement.contestBondWei(uint96(BOND_WEI)));
        vm.assertEq(agreement.openDisputes(), 128);
    }

    // Refuted

    function test_theNextEnvelopeRefutesAndEarnsTheBond() external {
        bytes32 caseId = _claimed(0, 4);
        vm.warp(block.timestamp + REFUTE_S);
        vm.expectEmit();
        emit IAgreementClaims.SilenceRefuted(caseId, REFUTER);
        _refute(caseId, 0, 4);
        vm.assertEq(REFUTER.balance, CLAIM_WEI);
        _requireCase(caseId, CaseState.Void, 0, 0);
        _requirePenalties(0, 0);
        vm.assertEq(agreement.openDisputes(), 0);
        _refusesToRefute(caseId, 0, 4, _inState(caseId, CaseState.Void));
    }

    function test_refutesOnlyWithinTheWindow() external {
        bytes32 caseId = _claimed(0, 4);
        uint256 until = block.timestamp + REFUTE_S;
        vm.warp(until + 1);
        bytes memory refusal = abi.encodeWithSelector(IAgreementClaims.AgreementWindow.selector, until);
        _refusesToRefute(caseId, 0, 4, refusal);
        vm.expectRevert(refusal);
        agreement.refuteSilenceByCut(caseId);
        agreement.resolve(caseId);
        _requirePenalties(PENALTY, 0);
    }

    function test_refutesOnlyWithTheEnvelopeThatFollows() external {
        bytes32 caseId = _claimed(0, 4);
        bytes32 head = _digest(_last(0, 4).header);
        bytes memory refusal = abi.encodeWithSelector(IAgreementClaims.AgreementRunNotLinked.selector, 1);
        _refusesToRefuteWith(caseId, _signed(_heartbeat(0, 6, head)), refusal);
        _refusesToRefuteWith(caseId, _signed(_heartbeat(0, 5, BEFORE)), refusal);
        _refusesToRefuteWith(
            caseId,
            _signed(_heartbeat(1, 5, head)),
            abi.encodeWithSelector(IAgreementClaims.AgreementEnvelopeForeign.selector, 1)
        );
        SignedHeader memory forged = _signed(_heartbeat(0, 5, head));
        forged.signature = _signP256(_legKey(1), _digest(forged.header));
        _refusesToRefuteWith(caseId, forged, _selector(IAgreementCustody.AgreementDeviceSignatureInvalid.selector));
        LegKeys memory keys = _legKeys(1);
        vm.expectRevert(abi.encodeWithSelector(IAgreementCustody.AgreementKeysNotOfLeg.selector, 0));
        agreement.refuteSilence(caseId, keys, forged);
    }

    function test_refutesNothingThatWasNotClaimed() external {
        _refusesToRefute(bytes32("none"), 0, 4, _inState(bytes32("none"), CaseState.None));
        _prove(_gap(1, 4, MAX_MS + 1));
        bytes32 caseId = _caseId(1, SILENCE_ID, 4, ONCE_INDEX);
        _refusesToRefute(caseId, 1, 4, _inState(caseId, CaseState.Proven));
        vm.expectRevert(_inState(caseId, CaseState.Proven));
        agreement.refuteSilenceByCut(caseId);
    }

    function test_theEndOfTheLegRefutes() external {
        vm.warp(BEGIN + 1 days);
        _claim(1, _last(1, 4), CLAIM_WEI);
        bytes32 caseId = _caseId(1, SILENCE_ID, 4, ONCE_INDEX);
        vm.expectRevert(abi.encodeWithSelector(IAgreementClaims.AgreementLegIncomplete.selector, type(uint32).max));
        agreement.refuteSilenceByCut(caseId);
        _recordCut(_cutCall(1, 5, PAYEE, PAYEE_KEY));
        vm.prank(REFUTER);
        agreement.refuteSilenceByCut(caseId);
        vm.assertEq(REFUTER.balance, CLAIM_WEI);
        _requirePenalties(0, 0);
    }

    function test_theEndOfTheLegRefutesOnlyWhereItSaysThatNothingFollowed() external {
        bytes32 caseId = _claimed(0, 18);
        vm.expectRevert(abi.encodeWithSelector(IAgreementClaims.AgreementLegIncomplete.selector, 20));
        agreement.refuteSilenceByCut(caseId);
    }

    /// @dev A next envelope that itself came too late refutes the claim, and shows the silence that it ended.
    function test_aRefutationCanProveTheSilence() external {
        bytes32 caseId = _claimed(0, 4);
        SilenceCall memory call = _gap(0, 4, MAX_MS + HOUR_MS);
        _refuses(call, _inState(caseId, CaseState.Claimed));
        vm.prank(REFUTER);
        agreement.refuteSilence(caseId, call.keys, call.next);
        _prove(call);
        _requirePenalties(PENALTY + PENALTY_PER_STEP, 0);
    }

    function test_aClaimThatStoodIsRaisedByTheEnvelopeThatCameLate() external {
        bytes32 caseId = _claimed(0, 4);
        vm.warp(block.timestamp + REFUTE_S + 1);
        agreement.resolve(caseId);
        vm.assertEq(CLAIMANT.balance, 1000 ether);
        _prove(_gap(0, 4, MAX_MS + HOUR_MS));
        _requirePenalties(PENALTY + PENALTY_PER_STEP, 0);
    }

    // Receivers

    function test_creditsARefuterWhoTakesNoEther() external {
        _refuteAs(address(new RefusingReceiver()), 1);
        _refuteAs(address(new BurningReceiver()), 2);
        _refuteAs(address(new VerboseReceiver()), 3);
    }

    function test_paysABondOnceHoweverTheReceiverCallsBack() external {
        ReentrantReceiver receiver = new ReentrantReceiver();
        bytes32 caseId = _claimed(0, 4);
        _claimed(0, 6);
        SignedHeader memory next = _signed(_after(_last(0, 4).header, 0, 5, HOUR_MS));
        receiver.prepare(
            address(agreement), abi.encodeCall(IAgreementClaims.refuteSilence, (caseId, _legKeys(0), next))
        );
        LegKeys memory keys = _legKeys(0);
        vm.prank(address(receiver));
        agreement.refuteSilence(caseId, keys, next);
        vm.assertFalse(receiver.entered());
        vm.assertEq(address(receiver).balance + agreement.creditOf(address(receiver)), CLAIM_WEI);
        vm.assertEq(address(agreement).balance, CLAIM_WEI + agreement.creditOf(address(receiver)));
        vm.assertEq(agreement.openDisputes(), 1);
    }

    function _refuteAs(address receiver, uint32 seq) private {
        bytes32 caseId = _claimed(0, seq);
        SignedHeader memory next = _signed(_after(_last(0, seq).header, 0, seq + 1, HOUR_MS));
        LegKeys memory keys = _legKeys(0);
        vm.prank(receiver);
        agreement.refuteSilence(caseId, keys, next);
        vm.assertEq(agreement.creditOf(receiver), CLAIM_WEI);
        vm.assertEq(agreement.openDisputes(), 0);
    }

    /// @dev The next envelope comes `gapMs` after envelope `seq`.
    function _gap(uint32 leg, uint32 seq, uint64 gapMs) private view returns (SilenceCall memory call) {
        (call.leg, call.keys, call.silence) = (leg, _legKeys(leg), _clause(SILENCE));
        call.header = _last(leg, seq).header;
        call.next = _signed(_after(call.header, leg, seq + 1, gapMs));
    }

    function _after(bytes memory header, uint32 leg, uint32 seq, uint64 gapMs)
        private
        pure
        returns (Envelope memory envelope)
    {
        envelope = _heartbeat(leg, seq, _digest(header));
        envelope.baseMonotonicMs = (seq - 1) * ENVELOPE_MS + gapMs;
    }

    function _last(uint32 leg, uint32 seq) private view returns (SignedHeader memory) {
        return _signed(_heartbeat(leg, seq, BEFORE));
    }

    function _claimed(uint32 leg, uint32 seq) private returns (bytes32) {
        _claim(leg, _last(leg, seq), CLAIM_WEI);
        return _caseId(leg, SILENCE_ID, seq, ONCE_INDEX);
    }

    function _claim(uint32 leg, SignedHeader memory last, uint256 bondWei) private {
        (LegKeys memory keys, Clause memory silence) = (_legKeys(leg), _clause(SILENCE));
        vm.prank(CLAIMANT);
        agreement.claimSilence{value: bondWei}(leg, keys, silence, last);
    }

    function _refusesClaim(uint32 leg, SignedHeader memory last, uint256 bondWei, bytes memory refusal) private {
        (LegKeys memory keys, Clause memory silence) = (_legKeys(leg), _clause(SILENCE));
        vm.prank(CLAIMANT);
        vm.expectRevert(refusal);
        agreement.claimSilence{value: bondWei}(leg, keys, silence, last);
    }

    function _refute(bytes32 caseId, uint32 leg, uint32 seq) private {
        SignedHeader memory next = _signed(_after(_last(leg, seq).header, leg, seq + 1, HOUR_MS));
        LegKeys memory keys = _legKeys(leg);
        vm.prank(REFUTER);
        agreement.refuteSilence(caseId, keys, next);
    }

    function _refusesToRefute(bytes32 caseId, uint32 leg, uint32 seq, bytes memory refusal) private {
        _refusesToRefuteWith(caseId, _signed(_after(_last(leg, seq).header, leg, seq + 1, HOUR_MS)), refusal);
    }

    function _refusesToRefuteWith(bytes32 caseId, SignedHeader memory next, bytes memory refusal) private {
        LegKeys memory keys = _legKeys(0);
        vm.expectRevert(refusal);
        agreement.refuteSilence(caseId, keys, next);
    }

    function _prove(SilenceCall memory call) private {
        agreement.proveSilence(call.leg, call.keys, call.silence, call.header, call.next);
    }

    function _refuses(SilenceCall memory call, bytes memory refusal) private {
        vm.expectRevert(refusal);
        _prove(call);
    }

    function _inState(bytes32 caseId, CaseState state) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IAgreementClaims.AgreementCaseState.selector, caseId, state);
    }
}
