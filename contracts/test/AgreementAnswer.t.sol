// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CaseState, IAgreementClaims} from "../src/interfaces/IAgreementClaims.sol";
import {IAgreementCustody} from "../src/interfaces/IAgreementCustody.sol";
import {IAgreementDisputes} from "../src/interfaces/IAgreementDisputes.sol";
import {Clauses} from "../src/libraries/Clauses.sol";
import {IAgreement} from "../src/interfaces/IAgreement.sol";
import {DisputeFixture} from "./support/DisputeFixture.sol";
import {MerkleReference} from "./support/MerkleReference.sol";
import {ReentrantReceiver, RefusingReceiver} from "./support/Receivers.sol";
import {vm} from "./support/Vm.sol";

/// @dev Answers to contests, by seal and by anchor.
contract AgreementAnswerTest is DisputeFixture {
    uint256 private constant CHAIN_ID = 31_337;

    // By seal

    function test_aSealUpholdsTheCaseAndEarnsTheBond() external {
        bytes32 caseId = _contested(1, 5);
        SealAnswer memory answer = _sealAnswer(caseId, 9);
        vm.warp(BEGIN + ANSWER_S);
        vm.expectEmit();
        emit IAgreementDisputes.LegSealed(1, 9, answer.seal.root);
        vm.expectEmit();
        emit IAgreementDisputes.CaseUpheld(caseId, ANSWERER);
        _answer(answer);

        _requireCase(caseId, CaseState.Upheld, PENALTY, 0);
        vm.assertEq(agreement.openDisputes(), 0);
        vm.assertEq(agreement.penaltiesOf(carrier), PENALTY);
        vm.assertEq(ANSWERER.balance, BOND_WEI);
        vm.assertEq(carrier.balance, 100 ether - BOND_WEI);
    }

    function test_aSealOfTheWholeLegAnswersForItsLastEnvelope() external {
        bytes32 caseId = _contested(0, 19);
        _answer(_sealAnswer(caseId, 20));
        _requireCase(caseId, CaseState.Upheld, PENALTY, 0);
    }

    /// @dev A device that did not see the goods go seals what it measured afterwards too.
    function test_aSealBeyondTheEndOfTheLegAnswersForWhatIsBelowIt() external {
        bytes32 caseId = _contested(0, 19);
        _answer(_sealAnswer(caseId, 25));
        _requireCase(caseId, CaseState.Upheld, PENALTY, 0);
    }

    function test_theAccusedItselfMayAnswer() external {
        bytes32 caseId = _contested(1, 5);
        SealAnswer memory answer = _sealAnswer(caseId, 9);
        vm.prank(carrier);
        agreement.answerWithSeal(
            answer.caseId, answer.keys, answer.seal, answer.signature, answer.proof, answer.general
        );
        vm.assertEq(carrier.balance, 100 ether);
    }

    function testFuzz_aSealAnswersForEveryEnvelopeBelowItsSizeAlone(uint8 sizeSeed, uint8 seqSeed, uint8 flip)
        external
    {
        uint32 n = 1 + sizeSeed % 40;
        uint32 seq = seqSeed % n;
        bytes32 caseId = _contested(1, seq);
        SealAnswer memory answer = _sealAnswer(caseId, n);
        if (answer.proof.length > 0) {
            uint256 node = flip % answer.proof.length;
            answer.proof[node] ^= bytes32(uint256(1) << flip);
            _refusesEvidence(answer);
            answer.proof[node] ^= bytes32(uint256(1) << flip);
        }
        _answer(answer);
        _requireCase(caseId, CaseState.Upheld, PENALTY, 0);
    }

    function test_aStoredSealAnswersOtherContestsWithoutItsSignature() external {
        (bytes32 first, bytes32 second) = (_contested(1, 5), _contested(1, 7));
        SealAnswer memory answer = _sealAnswer(second, 9);
        answer.signature = "";
        _refusesSignature(answer);
        _answer(_sealAnswer(first, 9));
        _answer(answer);
        vm.assertTrue(agreement.caseOf(second).state == CaseState.Upheld);
        vm.assertEq(ANSWERER.balance, 2 * BOND_WEI);
    }

    function test_onlyTheLargestSealOfALegIsStored() external {
        (bytes32 first, bytes32 second) = (_contested(1, 5), _contested(1, 7));
        (bytes32 third, bytes32 fourth) = (_contested(1, 2), _contested(1, 3));
        _answer(_sealAnswer(first, 9));
        _answer(_sealAnswer(second, 12));
        _answer(_sealAnswer(third, 9));
        SealAnswer memory answer = _sealAnswer(fourth, 9);
        answer.signature = "";
        _refusesSignature(answer);
        answer = _sealAnswer(fourth, 12);
        answer.signature = "";
        _answer(answer);
        vm.assertEq(agreement.openDisputes(), 0);
    }

    function test_aStoredSealIsOfItsLegAlone() external {
        (bytes32 first, bytes32 second) = (_contested(1, 5), _contested(0, 5));
        _answer(_sealAnswer(first, 9));
        SealAnswer memory answer = _sealAnswer(second, 9);
        answer.signature = "";
        _refusesSignature(answer);
    }

    function test_refusesASealThatIsNotTheStoredOne() external {
        (bytes32 first, bytes32 second) = (_contested(1, 5), _contested(1, 7));
        _answer(_sealAnswer(first, 9));
        SealAnswer memory answer = _sealAnswer(second, 9);
        answer.signature = "";
        answer.seal.head = "another";
        _refusesSignature(answer);
    }

    function test_refusesASealOfAnotherLegAgreementOrChain() external {
        bytes32 caseId = _contested(1, 5);
        SealAnswer memory answer = _sealAnswer(caseId, 9);
        bytes32 key = answer.keys.slhDsaKey;
        answer.signature = _signSlhDsa(key, _sealDigest(0, answer.seal));
        _refusesSignature(answer);

        IAgreement here = agreement;
        agreement = IAgreement(address(0xBEEF));
        answer.signature = _signSlhDsa(key, _sealDigest(1, answer.seal));
        agreement = here;
        _refusesSignature(answer);

        vm.chainId(4242);
        answer.signature = _signSlhDsa(key, _sealDigest(1, answer.seal));
        vm.chainId(CHAIN_ID);
        _refusesSignature(answer);
    }

    function test_refusesASealUnderAnotherKey() external {
        bytes32 caseId = _contested(1, 5);
        SealAnswer memory answer = _sealAnswer(caseId, 9);
        answer.signature = _signSlhDsa("slh", _sealDigest(1, answer.seal));
        _refusesSignature(answer);
        answer.keys.slhDsaKey = "slh";
        vm.expectRevert(abi.encodeWithSelector(IAgreementCustody.AgreementKeysNotOfLeg.selector, 1));
        _answer(answer);
    }

    function test_refusesEachFieldThatTheSealDidNotSign() external {
        bytes32 caseId = _contested(1, 5);
        SealAnswer memory answer = _sealAnswer(caseId, 9);
        answer.seal.head = "another";
        _refusesSignature(answer);
        answer = _sealAnswer(caseId, 9);
        answer.signature = abi.encodePacked(answer.signature, uint8(0));
        _refusesSignature(answer);
        // The leaf at 5 of 9 is not under the same path in a tree of another shape.
        answer = _sealAnswer(caseId, 9);
        answer.seal.n = 6;
        _refusesEvidence(answer);
        // In one of the same shape it is, so the size must be signed.
        answer = _sealAnswer(caseId, 16);
        answer.seal.n = 15;
        _refusesSignature(answer);
    }

    function test_refusesEvidenceAtOrBeyondTheSeal() external {
        bytes32 caseId = _contested(1, 9);
        SealAnswer memory answer = _sealAnswer(caseId, 10);
        answer.seal = _sealOf(1, 9);
        answer.proof = new bytes32[](0);
        answer.signature = _signSlhDsa(answer.keys.slhDsaKey, _sealDigest(1, answer.seal));
        _refusesEvidence(answer);
    }

    function test_refusesTheEvidenceAtAnotherPlace() external {
        (bytes32 caseId, bytes32 other) = (_contested(1, 5), _contested(1, 7));
        SealAnswer memory answer = _sealAnswer(caseId, 9);
        answer.proof = _sealAnswer(other, 9).proof;
        _refusesEvidence(answer);
    }

    /// @dev What a forger of P-256 faces: its envelope is in no seal.
    function test_refusesASealOverOtherEnvelopes() external {
        bytes32 caseId = _contested(1, 5);
        SealAnswer memory answer = _sealAnswer(caseId, 9);
        bytes32[] memory others = _digestsOf(1, 9);
        others[5] = "the true envelope";
        answer.seal.root = MerkleReference.root(others);
        answer.proof = MerkleReference.proof(others, 5);
        answer.signature = _signSlhDsa(answer.keys.slhDsaKey, _sealDigest(1, answer.seal));
        _refusesEvidence(answer);
    }

    function test_refusesAnAnswerToWhatIsNotContested() external {
        bytes32 caseId = _proven(1, 5);
        SealAnswer memory answer = _sealAnswer(caseId, 9);
        vm.expectRevert(_state(caseId, CaseState.Proven));
        _answer(answer);
        _contest(caseId, carrier, BOND_WEI);
        _answer(answer);
        vm.expectRevert(_state(caseId, CaseState.Upheld));
        _answer(answer);
    }

    function test_refusesAnAnswerThatComesTooLate() external {
        bytes32 caseId = _contested(1, 5);
        SealAnswer memory answer = _sealAnswer(caseId, 9);
        _anchor(ANCHOR_WRITER, 0, 1, 9);
        AnchorAnswer memory anchored = _anchorAnswer(caseId, 0, 9);
        vm.warp(BEGIN + ANSWER_S + 1);
        bytes memory reason = abi.encodeWithSelector(IAgreementClaims.AgreementWindow.selector, BEGIN + ANSWER_S);
        vm.expectRevert(reason);
        _answer(answer);
        vm.expectRevert(reason);
        _answer(anchored);
    }

    function test_anAnswererThatTakesNoEtherIsCredited() external {
        bytes32 caseId = _contested(1, 5);
        SealAnswer memory answer = _sealAnswer(caseId, 9);
        vm.etch(ANSWERER, address(new RefusingReceiver()).code);
        _answer(answer);
        _requireCredited(caseId);
    }

    function test_anAnswererThatAnswersAgainIsPaidOnce() external {
        (bytes32 caseId, bytes32 other) = (_contested(1, 5), _contested(1, 7));
        SealAnswer memory answer = _sealAnswer(caseId, 9);
        vm.etch(ANSWERER, address(new ReentrantReceiver()).code);
        ReentrantReceiver receiver = ReentrantReceiver(payable(ANSWERER));
        bytes memory again = abi.encodeCall(
            IAgreementDisputes.answerWithSeal,
            (answer.caseId, answer.keys, answer.seal, answer.signature, answer.proof, answer.general)
        );
        receiver.prepare(address(agreement), again);
        _answer(answer);
        vm.assertFalse(receiver.entered());
        vm.assertEq(ANSWERER.balance, BOND_WEI);
        vm.assertTrue(agreement.caseOf(other).state == CaseState.Contested);
        vm.assertEq(address(agreement).balance, BOND_WEI);
    }

    // By anchor

    function test_anAnchorBeforeClassicalUntilUpholdsTheCase() external {
        bytes32 caseId = _contested(1, 5);
        _anchor(ANCHOR_WRITER, 0, 1, 9);
        vm.expectEmit();
        emit IAgreementDisputes.CaseUpheld(caseId, ANSWERER);
        _answer(_anchorAnswer(caseId, 0, 9));
        _requireCase(caseId, CaseState.Upheld, PENALTY, 0);
        vm.assertEq(ANSWERER.balance, BOND_WEI);
    }

    function test_afterClassicalUntilAnAnchorNeedsAWitnessBefore() external {
        _excursion(1, 5);
        _anchor(ANCHOR_WRITER, 0, 1, 3);
        _anchor(ANCHOR_WRITER, 1, 1, 9);
        vm.warp(CLASSICAL_UNTIL - 1);
        anchorLog.witness(ANCHOR_WRITER);
        vm.warp(CLASSICAL_UNTIL);
        anchorLog.witness(ANCHOR_WRITER);
        bytes32 caseId = _contested(1, 5);
        AnchorAnswer memory answer = _anchorAnswer(caseId, 1, 9);
        _refusesAsLate(answer);
        answer.witnessedAt = uint40(CLASSICAL_UNTIL);
        _refusesAsLate(answer);
        answer.witnessedAt = uint40(CLASSICAL_UNTIL - 2);
        _refusesAsLate(answer);
        answer.witnessedAt = uint40(CLASSICAL_UNTIL - 1);
        _answer(answer);
        _requireCase(caseId, CaseState.Upheld, PENALTY, 0);
    }

    function test_aWitnessCoversOnlyTheAnchorsThatItSaw() external {
        _anchor(ANCHOR_WRITER, 0, 1, 3);
        vm.warp(CLASSICAL_UNTIL - 1);
        anchorLog.witness(ANCHOR_WRITER);
        vm.warp(CLASSICAL_UNTIL);
        bytes32 caseId = _contested(1, 5);
        _anchor(ANCHOR_WRITER, 1, 1, 9);
        AnchorAnswer memory answer = _anchorAnswer(caseId, 1, 9);
        answer.witnessedAt = uint40(CLASSICAL_UNTIL - 1);
        _refusesAsLate(answer);
    }

    function test_refusesTheAnchorOfAnotherWriter() external {
        bytes32 caseId = _contested(1, 5);
        _anchor(ANSWERER, 0, 1, 9);
        AnchorAnswer memory answer = _anchorAnswer(caseId, 0, 9);
        _refusesEvidence(answer);
    }

    function test_refusesAnAnchorWithoutTheEvidence() external {
        bytes32 caseId = _contested(1, 5);
        _anchor(ANCHOR_WRITER, 0, 1, 9);
        AnchorAnswer memory answer = _anchorAnswer(caseId, 0, 9);
        answer.anchorSeq = 1;
        _refusesEvidence(answer);
        answer = _anchorAnswer(caseId, 0, 9);
        answer.index = 6;
        _refusesEvidence(answer);
        answer = _anchorAnswer(caseId, 0, 9);
        answer.proof[0] = "another";
        _refusesEvidence(answer);
        answer = _anchorAnswer(caseId, 0, 9);
        answer.size = 6;
        _refusesEvidence(answer);
    }

    function test_refusesAnAnchorForWhatIsNotContested() external {
        bytes32 caseId = _proven(1, 5);
        _anchor(ANCHOR_WRITER, 0, 1, 9);
        AnchorAnswer memory answer = _anchorAnswer(caseId, 0, 9);
        vm.expectRevert(_state(caseId, CaseState.Proven));
        _answer(answer);
    }

    function test_refusesAnotherClauseForTheGeneralOne() external {
        bytes32 caseId = _contested(1, 5);
        _anchor(ANCHOR_WRITER, 0, 1, 9);
        bytes memory reason =
            abi.encodeWithSelector(Clauses.ClauseKindUnexpected.selector, Clauses.WINDOWS, Clauses.GENERAL);
        AnchorAnswer memory anchored = _anchorAnswer(caseId, 0, 9);
        anchored.general = _clause(WINDOWS);
        vm.expectRevert(reason);
        _answer(anchored);
        SealAnswer memory answer = _sealAnswer(caseId, 9);
        answer.general = _clause(WINDOWS);
        vm.expectRevert(reason);
        _answer(answer);
    }

    function _requireCredited(bytes32 caseId) private view {
        vm.assertTrue(agreement.caseOf(caseId).state == CaseState.Upheld);
        vm.assertEq(agreement.creditOf(ANSWERER), BOND_WEI);
    }

    function _refusesSignature(SealAnswer memory answer) private {
        vm.expectRevert(IAgreementDisputes.AgreementPostQuantumSignatureInvalid.selector);
        _answer(answer);
    }

    function _refusesEvidence(SealAnswer memory answer) private {
        vm.expectRevert(_notIncluded(answer.caseId));
        _answer(answer);
    }

    function _refusesEvidence(AnchorAnswer memory answer) private {
        vm.expectRevert(_notIncluded(answer.caseId));
        _answer(answer);
    }

    function _refusesAsLate(AnchorAnswer memory answer) private {
        vm.expectRevert(IAgreementDisputes.AgreementAnchorTooLate.selector);
        _answer(answer);
    }

    function _notIncluded(bytes32 caseId) private view returns (bytes memory) {
        bytes32 evidence = agreement.caseOf(caseId).evidence;
        return abi.encodeWithSelector(IAgreementDisputes.AgreementEvidenceNotIncluded.selector, evidence);
    }

    function _state(bytes32 caseId, CaseState state) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IAgreementClaims.AgreementCaseState.selector, caseId, uint8(state));
    }
}
