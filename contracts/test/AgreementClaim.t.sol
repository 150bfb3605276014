// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAgreementPayout} from "../src/interfaces/IAgreementPayout.sol";
import {Clause, Clauses, Windows} from "../src/libraries/Clauses.sol";
import {PayoutFixture} from "./support/PayoutFixture.sol";
import {vm} from "./support/Vm.sol";

/// @dev What becomes of the guarantees: 10 tokens of each amount of 50.
contract AgreementClaimTest is PayoutFixture {
    function test_paysTheWholeGuaranteeToWhoGotNothing() external {
        _settleAndWait();
        vm.expectEmit();
        emit IAgreementPayout.GuaranteeClaimed(payee, GUARANTEE);
        _claim(PAYEE);
        vm.assertEq(_balance(payee), GUARANTEE);
        _requireUsed(payee, GUARANTEE, 0);
        _refusesClaim(PAYEE, payee);
    }

    function test_paysOnlyWhatWasNotAcknowledged() external {
        _settleAndWait();
        _acknowledge(PAYEE_KEY, AMOUNT - 3 ether);
        _claim(PAYEE);
        vm.assertEq(_balance(payee), 3 ether);
        _refusesClaim(PAYEE, payee);
    }

    function test_paysNothingToWhoGotAll() external {
        _settleAndWait();
        _acknowledge(CARRIER_KEY, AMOUNT);
        _refusesClaim(CARRIER, carrier);
    }

    function test_paysNoMoreThanIsDue() external {
        _deliver();
        _charge(CARRIER_LEG, 100 ether, payer);
        _settleLater();
        _acknowledge(CARRIER_KEY, AMOUNT - PENALTY_CAP - 1 ether);
        _claim(CARRIER);
        vm.assertEq(_balance(carrier), 1 ether);
    }

    function test_guaranteesAwardsToo() external {
        _deliver();
        _charge(CARRIER_LEG, 4 ether, payee);
        _settleLater();
        _acknowledge(PAYEE_KEY, AMOUNT);
        _claim(PAYEE);
        vm.assertEq(_balance(payee), 4 ether);
    }

    function test_leavesTimeToPayOffChain() external {
        _deliverAndSettle();
        uint256 from = block.timestamp + PAYMENT_S;
        vm.warp(from - 1);
        (Clause memory general, Clause memory windows, Clause memory party) =
            (_clause(GENERAL), _clause(WINDOWS), _clause(PAYEE));
        vm.expectRevert(abi.encodeWithSelector(IAgreementPayout.AgreementClaimTooEarly.selector, from));
        agreement.claim(general, windows, party);
        vm.warp(from);
        _claim(PAYEE);
    }

    function test_paysAndReleasesNothingBeforeSettlement() external {
        _deliver();
        (Clause memory general, Clause memory windows, Clause memory party) =
            (_clause(GENERAL), _clause(WINDOWS), _clause(PAYEE));
        vm.expectRevert(IAgreementPayout.AgreementNotSettled.selector);
        agreement.claim(general, windows, party);
        vm.expectRevert(IAgreementPayout.AgreementNotSettled.selector);
        agreement.release(general, party);
    }

    function test_releasesWhatCanNoLongerBeClaimed() external {
        _deliverAndSettle();
        _acknowledge(PAYEE_KEY, AMOUNT - 3 ether);
        uint256 before = _balance(payer);
        vm.expectEmit();
        emit IAgreementPayout.GuaranteeReleased(payee, GUARANTEE - 3 ether);
        _release(PAYEE);
        vm.assertEq(_balance(payer) - before, GUARANTEE - 3 ether);
        _refusesRelease(PAYEE, payee);
        _acknowledge(PAYEE_KEY, AMOUNT - 1 ether);
        _release(PAYEE);
        _requireUsed(payee, 0, GUARANTEE - 1 ether);
        vm.warp(block.timestamp + PAYMENT_S);
        _claim(PAYEE);
        _requireUsed(payee, 1 ether, GUARANTEE - 1 ether);
        _refusesRelease(PAYEE, payee);
    }

    function test_releasesNothingThatCanStillBeClaimed() external {
        _deliverAndSettle();
        _refusesRelease(PAYEE, payee);
        vm.warp(block.timestamp + PAYMENT_S);
        _claim(PAYEE);
        _refusesRelease(PAYEE, payee);
    }

    function test_keepsTheGuaranteesOfPartiesApart() external {
        _settleAndWait();
        _claim(PAYEE);
        _refusesClaim(PAYEE, payee);
        _claim(CARRIER);
        vm.assertEq(_balance(carrier), GUARANTEE);
        vm.assertEq(_balance(address(agreement)), 0);
    }

    function test_hasNoGuaranteeForThePayer() external {
        _settleAndWait();
        _refusesClaim(PAYER, payer);
        _refusesRelease(PAYER, payer);
    }

    function test_givesThePayerAllBackWhereNoLegBegan() external {
        _fund();
        uint256 before = _balance(payer);
        vm.warp(BEGIN + 40 days);
        agreement.closeUndelivered(0, _clause(DEADLINE));
        _settleLater();
        _refusesClaim(PAYEE, payee);
        _release(PAYEE);
        _release(CARRIER);
        vm.assertEq(_balance(payer) - before, 2 * GUARANTEE);
    }

    function test_paysNothingFromAGuaranteeThatWasNeverPaidIn() external {
        vm.warp(BEGIN + 40 days);
        agreement.closeUndelivered(0, _clause(DEADLINE));
        _settleLater();
        _refusesClaim(PAYEE, payee);
        _refusesRelease(PAYEE, payee);
    }

    function test_refusesPartiesAndWindowsThatTheTermsDoNotSay() external {
        _settleAndWait();
        Clause memory party = _clause(PAYEE);
        party.body = _partyBody(1, 2, "supplier", STRANGER_KEY, AMOUNT, PENALTY_CAP);
        (Clause memory general, Clause memory windows) = (_clause(GENERAL), _clause(WINDOWS));
        bytes memory refusal = abi.encodeWithSelector(Clauses.ClauseNotInTerms.selector, termsHash);
        vm.expectRevert(refusal);
        agreement.claim(general, windows, party);
        vm.expectRevert(refusal);
        agreement.release(general, party);

        party = _clause(PAYEE);
        Windows memory shorter = _windows();
        shorter.paymentMs = 0;
        windows.body = abi.encode(shorter);
        vm.expectRevert(refusal);
        agreement.claim(general, windows, party);
    }

    /// @dev A party that signs for more than there can be, after it has claimed, harms itself and does not lock the payer's part.
    function test_anAbsurdAcknowledgementBlocksNoRelease() external {
        _deliver();
        _charge(PAYEE_LEG, 100 ether, payer);
        _settleLater();
        _acknowledge(PAYEE_KEY, AMOUNT - PENALTY_CAP - 1 ether);
        _claim(PAYEE);
        _acknowledge(PAYEE_KEY, type(uint256).max);
        _release(PAYEE);
        _requireUsed(payee, 1 ether, GUARANTEE - 1 ether);
    }

    /// forge-config: default.fuzz.runs = 300
    function testFuzz_claimedAndReleasedAreTheGuarantee(uint96 penalty, uint96 award, uint96 acknowledged) external {
        _deliver();
        _charge(PAYEE_LEG, penalty, payer);
        _charge(CARRIER_LEG, award, payee);
        _settleLater();
        if (acknowledged > 0) _acknowledge(PAYEE_KEY, acknowledged);
        uint256 charged = penalty < PENALTY_CAP ? penalty : PENALTY_CAP;
        uint256 due = AMOUNT - charged + (award < PENALTY_CAP ? award : PENALTY_CAP);
        uint256 owed = due > acknowledged ? due - acknowledged : 0;
        uint256 claimable = owed < GUARANTEE ? owed : GUARANTEE;
        if (claimable > 0) _claim(PAYEE);
        if (claimable < GUARANTEE) _release(PAYEE);
        _requireUsed(payee, claimable, GUARANTEE - claimable);
        vm.assertEq(_balance(payee), claimable);
    }

    function _settleAndWait() private {
        _deliver();
        _settleLater();
    }

    function _settleLater() private {
        vm.warp(block.timestamp + DISPUTE_S);
        _settle();
        vm.warp(block.timestamp + PAYMENT_S);
    }

    function _requireUsed(address party, uint256 claimed, uint256 released) private view {
        (uint256 claimedNow, uint256 releasedNow) = agreement.guaranteeUsed(party);
        vm.assertEq(claimedNow, claimed, "claimed");
        vm.assertEq(releasedNow, released, "released");
    }

    function _refusesClaim(uint256 index, address party) private {
        (Clause memory general, Clause memory windows, Clause memory clause) =
            (_clause(GENERAL), _clause(WINDOWS), _clause(index));
        vm.expectRevert(abi.encodeWithSelector(IAgreementPayout.AgreementNothingDue.selector, party));
        agreement.claim(general, windows, clause);
    }

    function _refusesRelease(uint256 index, address party) private {
        (Clause memory general, Clause memory clause) = (_clause(GENERAL), _clause(index));
        vm.expectRevert(abi.encodeWithSelector(IAgreementPayout.AgreementNothingDue.selector, party));
        agreement.release(general, clause);
    }
}
