// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ICollateralEscrow} from "../src/interfaces/ICollateralEscrow.sol";
import {EscrowHandler} from "./support/EscrowHandler.sol";
import {Invariants} from "./support/Invariants.sol";
import {vm} from "./support/Vm.sol";

contract CollateralEscrowInvariantTest is Invariants {
    EscrowHandler private handler;
    ICollateralEscrow private escrow;
    IERC20 private token;

    function setUp() external {
        handler = new EscrowHandler();
        handler.setUp();
        escrow = handler.theEscrow();
        token = IERC20(escrow.token());
        bytes4[] memory selectors = new bytes4[](14);
        selectors[0] = EscrowHandler.deposit.selector;
        selectors[1] = EscrowHandler.force.selector;
        selectors[2] = EscrowHandler.issue.selector;
        selectors[3] = EscrowHandler.withdraw.selector;
        selectors[4] = EscrowHandler.reserve.selector;
        selectors[5] = EscrowHandler.release.selector;
        selectors[6] = EscrowHandler.transfer.selector;
        selectors[7] = EscrowHandler.redeem.selector;
        selectors[8] = EscrowHandler.execute.selector;
        selectors[9] = EscrowHandler.payCredit.selector;
        selectors[10] = EscrowHandler.say.selector;
        selectors[11] = EscrowHandler.drift.selector;
        selectors[12] = EscrowHandler.breakFeed.selector;
        selectors[13] = EscrowHandler.pass.selector;
        _target(address(handler), selectors);
    }

    /// @dev All in one, as forge runs each invariant by itself, and from the start.
    function invariant_theBooksOfTheEscrow() external view {
        _supplyIsWhatWasIssuedLessWhatWasRedeemed();
        _whatWasIssuedWithdrawnOrReservedLeft150Percent();
        _nobodyWasPaidMoreThanParOrItsShare();
        _noRedemptionWasRefused();
        _noEtherIsMadeOrLost();
        _theEscrowHoldsTheTokensOfTheQueue();
        _obligationsAreSupplyAndReservations();
    }

    /// @dev Each path of the handler is one that does something: else the invariants would hold of nothing.
    function test_theHandlerReachesEverything() external {
        handler.deposit(1 ether);
        handler.force(1 ether);
        handler.issue(0, 30_000 ether);
        handler.issue(3, 10_000 ether);
        handler.withdraw(1 ether);
        handler.reserve(5000 ether);
        handler.release(1000 ether);
        handler.transfer(0, 1, 5000 ether);
        handler.redeem(1, 100 ether);
        handler.redeem(3, 100 ether);
        handler.payCredit(0);
        handler.breakFeed(0);
        handler.redeem(1, 100 ether);
        handler.redeem(1, 100 ether);
        handler.pass(4 days);
        handler.pass(4 days);
        handler.execute(0);
        handler.say(1500e8);
        handler.drift(1);
        handler.execute(1);
        vm.assertEq(handler.issued(), 40_000 ether + 2, "issued");
        vm.assertEq(handler.reservedNow(), 4000 ether, "reserved");
        vm.assertGe(handler.ownedWei(), 1 ether, "withdrawn and paid");
        vm.assertEq(handler.queuedCount(), 2, "queued");
        vm.assertEq(handler.executedCount(), 2, "executed");
        vm.assertEq(handler.paidCount(), 4, "paid");
        vm.assertEq(handler.creditWei(), 0, "credit");
    }

    function _supplyIsWhatWasIssuedLessWhatWasRedeemed() private view {
        vm.assertEq(token.totalSupply(), handler.issued() - handler.redeemed());
    }

    function _whatWasIssuedWithdrawnOrReservedLeft150Percent() private view {
        vm.assertEq(handler.undercoveredCount(), 0);
    }

    function _nobodyWasPaidMoreThanParOrItsShare() private view {
        vm.assertEq(handler.overpaidCount(), 0);
    }

    function _noRedemptionWasRefused() private view {
        vm.assertEq(handler.refusedCount(), 0);
    }

    function _noEtherIsMadeOrLost() private view {
        vm.assertEq(address(escrow).balance + handler.ownedWei(), handler.inWei());
        vm.assertEq(escrow.collateral() + handler.creditWei(), address(escrow).balance);
    }

    function _theEscrowHoldsTheTokensOfTheQueue() private view {
        vm.assertEq(token.balanceOf(address(escrow)), handler.queuedAmount());
    }

    function _obligationsAreSupplyAndReservations() private view {
        vm.assertEq(escrow.reserved(), handler.reservedNow());
        vm.assertEq(escrow.obligations(), token.totalSupply() + handler.reservedNow());
    }
}
