// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Case, CaseState, IAgreementClaims, SignedHeader} from "../src/interfaces/IAgreementClaims.sol";
import {IAgreementCustody, Phase} from "../src/interfaces/IAgreementCustody.sol";
import {IAgreementDisputes} from "../src/interfaces/IAgreementDisputes.sol";
import {IAgreementPayout} from "../src/interfaces/IAgreementPayout.sol";
import {Clause, Clauses, Heading, Windows} from "../src/libraries/Clauses.sol";
import {LegKeys} from "../src/libraries/Records.sol";
import {DisputeFixture} from "./support/DisputeFixture.sol";
import {BurningReceiver, RefusingReceiver, ReentrantReceiver, VerboseReceiver} from "./support/Receivers.sol";
import {vm} from "./support/Vm.sol";

/// @dev Contests, what becomes of them without an answer, and who holds the bond meanwhile.
contract AgreementContestTest is DisputeFixture {
    uint256 private constant OTHER_WINDOWS = 16;

    /// @dev With a second windows clause, which contradicts the first: parties could sign that.
    function _sampleTerms() internal override {
        super._sampleTerms();
        Windows memory longer = _windows();
        longer.contestMs = 1000 * DAY_MS;
        _add(Clauses.WINDOWS, abi.encode(longer));
        _sealTerms();
    }

    // Who, when, how much

    function test_theAccusedContestsAgainstABond() external {
        bytes32 caseId = _proven(1, 5);
        vm.warp(BEGIN + 1 days);
        vm.expectEmit();
        emit IAgreementDisputes.CaseContested(caseId, BEGIN + 1 days + ANSWER_S);
        _contest(caseId, carrier, BOND_WEI + 7);

        _requireCase(caseId, CaseState.Contested, PENALTY, BOND_WEI + 7);
        Case memory contested = agreement.caseOf(caseId);
        vm.assertEq(contested.challenger, carrier);
        vm.assertEq(contested.openUntil, BEGIN + 1 days + ANSWER_S);
        vm.assertEq(agreement.openDisputes(), 1);
        vm.assertEq(agreement.penaltiesOf(carrier), PENALTY);
        vm.assertEq(carrier.balance, 100 ether - BOND_WEI - 7);
    }

    function test_nobodyElseContests() external {
        bytes32 caseId = _proven(1, 5);
        address[4] memory others = [vm.addr(PAYER_KEY), payee, ANSWERER, address(agreement)];
        for (uint256 i = 0; i < others.length; ++i) {
            vm.deal(others[i], 1 ether);
            _refuses(
                caseId,
                others[i],
                BOND_WEI,
                abi.encodeWithSelector(IAgreementDisputes.AgreementNotAccused.selector, others[i], carrier)
            );
        }
    }

    function test_eachCaseIsItsOwnCustodians() external {
        bytes32 caseId = _proven(0, 5);
        _refuses(
            caseId,
            carrier,
            BOND_WEI,
            abi.encodeWithSelector(IAgreementDisputes.AgreementNotAccused.selector, carrier, payee)
        );
        _contest(caseId, payee, BOND_WEI);
        _requireCase(caseId, CaseState.Contested, PENALTY, BOND_WEI);
    }

    function test_onlyAProvenCaseIsContested() external {
        _refuses("no case", carrier, BOND_WEI, _state("no case", CaseState.None));
        bytes32 caseId = _contested(1, 5);
        _refuses(caseId, carrier, BOND_WEI, _state(caseId, CaseState.Contested));
        vm.warp(BEGIN + ANSWER_S + 1);
        agreement.resolve(caseId);
        _refuses(caseId, carrier, BOND_WEI, _state(caseId, CaseState.Void));
    }

    function test_anUpheldCaseIsNotContestedAgain() external {
        bytes32 caseId = _contested(1, 5);
        _answer(_sealAnswer(caseId, 9));
        _refuses(caseId, carrier, BOND_WEI, _state(caseId, CaseState.Upheld));
    }

    function test_aLossHasNoEvidenceToContest() external {
        vm.warp(BEGIN + 41 days);
        agreement.closeUndelivered(1, _clause(DEADLINE));
        bytes32 caseId = _caseId(1, DEADLINE_ID, type(uint32).max, type(uint16).max - 1);
        _refuses(caseId, carrier, BOND_WEI, _state(caseId, CaseState.Upheld));
    }

    function test_contestsUntilTheWindowEnds() external {
        (bytes32 early, bytes32 late) = (_proven(1, 5), _proven(1, 7));
        vm.warp(BEGIN + CONTEST_S - 1);
        _contest(early, carrier, BOND_WEI);
        vm.warp(BEGIN + CONTEST_S);
        _refuses(
            late,
            carrier,
            BOND_WEI,
            abi.encodeWithSelector(IAgreementClaims.AgreementWindow.selector, BEGIN + CONTEST_S)
        );
    }

    function test_refusesAContestAfterSettlementWhateverTheClausesSay() external {
        bytes32 caseId = _proven(1, 5);
        _recordCut(_cutCall(1, 9, PAYER, PAYER_KEY));
        vm.warp(BEGIN + 14 days);
        _settle();
        Clause memory longer = _clause(OTHER_WINDOWS);
        vm.expectRevert(
            abi.encodeWithSelector(IAgreementCustody.AgreementPhaseUnexpected.selector, uint8(Phase.Settled))
        );
        vm.prank(carrier);
        agreement.contest{value: BOND_WEI}(caseId, longer);
    }

    function test_theBondIsAtLeastThatOfTheTerms() external {
        bytes32 caseId = _proven(1, 5);
        _refuses(caseId, carrier, BOND_WEI - 1, _tooLow(BOND_WEI - 1, BOND_WEI));
        _refuses(caseId, carrier, 0, _tooLow(0, BOND_WEI));
    }

    function testFuzz_theBondIsAtLeastWhatAnAnswerCosts(uint64 baseFeeWei, uint96 termsWei) external {
        vm.fee(baseFeeWei);
        uint256 answerWei = uint256(1_200_000) * baseFeeWei;
        vm.assertEq(agreement.contestBondWei(termsWei), answerWei > termsWei ? answerWei : termsWei);
        bytes32 caseId = _proven(1, 5);
        uint256 needed = answerWei > BOND_WEI ? answerWei : BOND_WEI;
        vm.deal(carrier, needed);
        _refuses(caseId, carrier, needed - 1, _tooLow(needed - 1, needed));
        _contest(caseId, carrier, needed);
        _requireCase(caseId, CaseState.Contested, PENALTY, needed);
    }

    function test_refusesABondThatFitsNoCase() external {
        bytes32 caseId = _proven(1, 5);
        vm.deal(carrier, 1 << 97);
        Clause memory windows = _clause(WINDOWS);
        vm.expectPartialRevert(bytes4(keccak256("SafeCastOverflowedUintDowncast(uint8,uint256)")));
        vm.prank(carrier);
        agreement.contest{value: 1 << 96}(caseId, windows);
    }

    function test_refusesAnotherClauseForTheWindows() external {
        bytes32 caseId = _proven(1, 5);
        Clause memory other = _clause(GENERAL);
        vm.expectRevert(abi.encodeWithSelector(Clauses.ClauseKindUnexpected.selector, Clauses.GENERAL, Clauses.WINDOWS));
        vm.prank(carrier);
        agreement.contest{value: BOND_WEI}(caseId, other);

        other = _clause(WINDOWS);
        Windows memory generous = _windows();
        generous.contestBondWei = 0;
        other.body = abi.encode(generous);
        vm.expectRevert(abi.encodeWithSelector(Clauses.ClauseNotInTerms.selector, termsHash));
        vm.prank(carrier);
        agreement.contest(caseId, other);
    }

    function test_holds255DisputesAtOnce() external {
        bytes32 last;
        for (uint32 seq = 0; seq < 255; ++seq) {
            last = _contested(1, seq);
        }
        bytes32 oneMore = _proven(1, 255);
        bytes4 tooMany = IAgreementClaims.AgreementTooManyDisputes.selector;
        _refuses(oneMore, carrier, BOND_WEI, abi.encodeWithSelector(tooMany));
        _answer(_sealAnswer(last, 256));
        _contest(oneMore, carrier, BOND_WEI);
        vm.assertEq(agreement.openDisputes(), 255);
    }

    // Without an answer

    function test_withoutAnAnswerTheCaseIsVoidAndTheBondGoesBack() external {
        bytes32 caseId = _contested(1, 5);
        vm.warp(BEGIN + ANSWER_S + 1);
        vm.expectEmit();
        emit IAgreementDisputes.CaseVoided(caseId);
        vm.prank(ANSWERER);
        agreement.resolve(caseId);

        _requireCase(caseId, CaseState.Void, 0, 0);
        vm.assertEq(agreement.openDisputes(), 0);
        vm.assertEq(agreement.penaltiesOf(carrier), 0);
        vm.assertEq(carrier.balance, 100 ether);
        vm.assertEq(ANSWERER.balance, 0);
    }

    function test_voidsThatCaseAlone() external {
        (bytes32 caseId, bytes32 other) = (_contested(1, 5), _proven(1, 7));
        vm.warp(BEGIN + ANSWER_S + 1);
        agreement.resolve(caseId);
        vm.assertEq(agreement.penaltiesOf(carrier), PENALTY);
        vm.assertTrue(agreement.caseOf(other).state == CaseState.Proven);
    }

    function test_resolvesNothingThatCanStillBeAnswered() external {
        bytes32 caseId = _contested(1, 5);
        vm.warp(BEGIN + ANSWER_S);
        vm.expectRevert(abi.encodeWithSelector(IAgreementClaims.AgreementWindow.selector, BEGIN + ANSWER_S));
        agreement.resolve(caseId);
    }

    function test_resolvesNothingThatIsNotOpen() external {
        bytes32 caseId = _proven(1, 5);
        vm.expectRevert(_state(caseId, CaseState.Proven));
        agreement.resolve(caseId);
        vm.expectRevert(_state("no case", CaseState.None));
        agreement.resolve("no case");
    }

    function test_settlementWaitsForTheDisputeAndForContestsOfOthers() external {
        bytes32 caseId = _proven(1, 5);
        _recordCut(_cutCall(1, 9, PAYER, PAYER_KEY));
        vm.warp(BEGIN + CONTEST_S - 1);
        _contest(caseId, carrier, BOND_WEI);
        vm.warp(BEGIN + 14 days);
        (Heading memory heading, Clause memory windows) = (_heading(3), _clause(WINDOWS));
        vm.expectRevert(abi.encodeWithSelector(IAgreementPayout.AgreementDisputesOpen.selector, 1));
        agreement.settle(heading, windows);

        agreement.resolve(caseId);
        vm.expectRevert(
            abi.encodeWithSelector(IAgreementPayout.AgreementNotSettleable.selector, BEGIN + 14 days + CONTEST_S)
        );
        agreement.settle(heading, windows);
        vm.warp(BEGIN + 14 days + CONTEST_S);
        agreement.settle(heading, windows);
        vm.assertTrue(agreement.phase() == Phase.Settled);
    }

    // Claims that nobody refutes

    function test_anUnrefutedClaimIsProvenAndCanBeContested() external {
        (bytes32 caseId, uint256 penalty) = _claimed(5);
        uint256 until = agreement.caseOf(caseId).openUntil;
        vm.warp(until);
        vm.expectRevert(abi.encodeWithSelector(IAgreementClaims.AgreementWindow.selector, until));
        agreement.resolve(caseId);

        vm.warp(until + 1);
        vm.expectEmit();
        emit IAgreementDisputes.ClaimStood(caseId);
        agreement.resolve(caseId);
        _requireCase(caseId, CaseState.Proven, penalty, 0);
        vm.assertEq(agreement.caseOf(caseId).provenAt, until + 1);
        vm.assertEq(agreement.openDisputes(), 0);
        vm.assertEq(ANSWERER.balance, 1 ether);

        vm.warp(until + CONTEST_S);
        _contest(caseId, carrier, BOND_WEI);
        vm.warp(until + CONTEST_S + ANSWER_S + 1);
        agreement.resolve(caseId);
        _requireCase(caseId, CaseState.Void, 0, 0);
    }

    // Bonds that are not taken

    function test_creditsABondThatIsNotTaken() external {
        bytes32 caseId = _contested(1, 5);
        vm.etch(carrier, address(new RefusingReceiver()).code);
        vm.warp(BEGIN + ANSWER_S + 1);
        agreement.resolve(caseId);
        vm.assertTrue(agreement.caseOf(caseId).state == CaseState.Void);
        vm.assertEq(agreement.creditOf(carrier), BOND_WEI);
        vm.assertEq(address(agreement).balance, BOND_WEI);

        _refusesCredit(carrier, BOND_WEI);
        RefusingReceiver(payable(carrier)).change();
        vm.expectEmit();
        emit IAgreementDisputes.CreditWithdrawn(carrier, BOND_WEI);
        vm.prank(carrier);
        agreement.withdrawCredit();
        vm.assertEq(carrier.balance, 100 ether);
        vm.assertEq(agreement.creditOf(carrier), 0);
        _refusesCredit(carrier, 0);
    }

    function test_nobodyWithoutCreditTakesAny() external {
        bytes32 caseId = _contested(1, 5);
        vm.etch(carrier, address(new RefusingReceiver()).code);
        vm.warp(BEGIN + ANSWER_S + 1);
        agreement.resolve(caseId);
        _refusesCredit(ANSWERER, 0);
    }

    function test_aReceiverThatBurnsItsGasStopsNobody() external {
        _requireCredited(address(new BurningReceiver()).code);
    }

    function test_aReceiverThatAnswersAtLengthStopsNobody() external {
        _requireCredited(address(new VerboseReceiver()).code);
    }

    function test_aReceiverThatResolvesAgainGetsItsBondOnce() external {
        (bytes32 caseId, bytes32 other) = (_contested(1, 5), _contested(1, 7));
        vm.etch(carrier, address(new ReentrantReceiver()).code);
        ReentrantReceiver receiver = ReentrantReceiver(payable(carrier));
        receiver.prepare(address(agreement), abi.encodeCall(IAgreementDisputes.resolve, (caseId)));
        vm.warp(BEGIN + ANSWER_S + 1);
        agreement.resolve(caseId);
        vm.assertFalse(receiver.entered());
        vm.assertEq(carrier.balance, 100 ether - BOND_WEI);
        _requireOpen(other);
    }

    function test_aReceiverThatTakesItsCreditAgainGetsItOnce() external {
        (bytes32 caseId, bytes32 other) = (_contested(1, 5), _contested(1, 7));
        vm.etch(carrier, address(new RefusingReceiver()).code);
        vm.warp(BEGIN + ANSWER_S + 1);
        agreement.resolve(caseId);
        vm.etch(carrier, address(new ReentrantReceiver()).code);
        ReentrantReceiver receiver = ReentrantReceiver(payable(carrier));
        receiver.prepare(address(agreement), abi.encodeCall(IAgreementDisputes.withdrawCredit, ()));
        vm.prank(carrier);
        agreement.withdrawCredit();
        vm.assertFalse(receiver.entered());
        vm.assertEq(carrier.balance, 100 ether - BOND_WEI);
        _requireOpen(other);
    }

    function test_takesNoEtherButBonds() external {
        (bool isPaid, bytes memory reason) = address(agreement).call{value: 1 ether}("");
        vm.assertFalse(isPaid);
        vm.assertEq(bytes32(reason), bytes32(IAgreementCustody.AgreementEtherUnasked.selector));
    }

    // Wherever it stands

    function test_namesWhatItRestsOn() external view {
        vm.assertEq(agreement.anchorLog(), address(anchorLog));
        vm.assertTrue(agreement.postQuantumVerifier().code.length > 0);
    }

    function test_aDirectCallOfThePartReachesNothing() external {
        bytes32 caseId = _contested(1, 5);
        IAgreementDisputes part = IAgreementDisputes(
            vm.deployCode("AgreementDisputes.sol:AgreementDisputes", abi.encode(address(1), address(2)))
        );
        vm.expectRevert(_state(caseId, CaseState.None));
        part.resolve(caseId);
        Clause memory windows = _clause(WINDOWS);
        vm.expectRevert(_state(caseId, CaseState.None));
        part.contest(caseId, windows);
        vm.expectPartialRevert(IAgreementDisputes.AgreementCreditNotPaid.selector);
        part.withdrawCredit();
    }

    /// @dev Nothing came after envelope `seq` of the carrier's leg, claims the answerer.
    function _claimed(uint32 seq) private returns (bytes32 caseId, uint256 penalty) {
        bytes memory header = _envelope(1, seq, "before", _values(20_000)).header;
        SignedHeader memory last = SignedHeader(header, _signP256(_legKey(1), _digest(header)));
        (LegKeys memory keys, Clause memory silence) = (_legKeys(1), _clause(SILENCE));
        vm.warp(BEGIN + 1 days);
        vm.deal(ANSWERER, 1 ether);
        vm.prank(ANSWERER);
        agreement.claimSilence{value: _silence().bondWei}(1, keys, silence, last);
        caseId = _caseId(1, SILENCE_ID, seq, type(uint16).max);
        penalty = agreement.caseOf(caseId).penalty;
        _requireCase(caseId, CaseState.Claimed, PENALTY, _silence().bondWei);
    }

    function _requireCredited(bytes memory code) private {
        bytes32 caseId = _contested(1, 5);
        vm.etch(carrier, code);
        vm.warp(BEGIN + ANSWER_S + 1);
        agreement.resolve{gas: 300_000}(caseId);
        vm.assertTrue(agreement.caseOf(caseId).state == CaseState.Void);
        vm.assertEq(agreement.creditOf(carrier), BOND_WEI);
    }

    function _requireOpen(bytes32 caseId) private view {
        vm.assertTrue(agreement.caseOf(caseId).state == CaseState.Contested);
        vm.assertEq(agreement.openDisputes(), 1);
        vm.assertEq(address(agreement).balance, BOND_WEI);
    }

    function _refusesCredit(address account, uint256 amountWei) private {
        vm.expectRevert(abi.encodeWithSelector(IAgreementDisputes.AgreementCreditNotPaid.selector, account, amountWei));
        vm.prank(account);
        agreement.withdrawCredit();
    }

    function _refuses(bytes32 caseId, address caller, uint256 bondWei, bytes memory reason) private {
        Clause memory windows = _clause(WINDOWS);
        vm.expectRevert(reason);
        vm.prank(caller);
        agreement.contest{value: bondWei}(caseId, windows);
    }

    function _state(bytes32 caseId, CaseState state) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IAgreementClaims.AgreementCaseState.selector, caseId, uint8(state));
    }

    function _tooLow(uint256 bondWei, uint256 needed) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IAgreementClaims.AgreementBondTooLow.selector, bondWei, needed);
    }

    function _settle() private {
        agreement.settle(_heading(3), _clause(WINDOWS));
    }
}
