// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Phase} from "../src/interfaces/IAgreementCustody.sol";
import {Rating} from "../src/interfaces/IAgreementFactory.sol";
import {Invariants} from "./support/Invariants.sol";
import {Deal, MoneyHandler} from "./support/MoneyHandler.sol";
import {vm} from "./support/Vm.sol";

/// @dev Several agreements under one escrow, charged in any way, settled, acknowledged, claimed and released in any order.
contract MoneyInvariantTest is Invariants {
    MoneyHandler private handler;

    function setUp() external {
        handler = new MoneyHandler();
        handler.setUp();
        bytes4[] memory selectors = new bytes4[](7);
        selectors[0] = MoneyHandler.charge.selector;
        selectors[1] = MoneyHandler.recharge.selector;
        selectors[2] = MoneyHandler.deliver.selector;
        selectors[3] = MoneyHandler.acknowledge.selector;
        selectors[4] = MoneyHandler.settle.selector;
        selectors[5] = MoneyHandler.claim.selector;
        selectors[6] = MoneyHandler.release.selector;
        _target(address(handler), selectors);
    }

    /// @dev All in one, as forge runs each invariant by itself, and from the start.
    function invariant_theMoneyOfAgreements() external view {
        _payoutsAndRefundAreTheAmountsAndNobodyIsChargedAboveItsCap();
        _nobodyClaimsMoreThanItWasNotPaid();
        _claimedAndReleasedAndWhatRemainsAreTheGuarantees();
        _theEscrowCoversWhatIsNotSettled();
        _eachSettlementRatesEachPartyOnce();
    }

    /// @dev Each path of the handler is one that does something: else the invariants would hold of nothing.
    function test_theHandlerReachesEverything() external {
        for (uint256 i = 0; i < handler.DEALS(); ++i) {
            handler.charge(i, 0, 1, 1 ether);
            handler.charge(i, 1, 2, 3 ether);
            handler.recharge(i, 1, 2, 2 ether, 2 * i + 2);
            handler.deliver(i);
        }
        for (uint256 i = 0; i < handler.DEALS(); ++i) {
            handler.settle(i, 14 days);
            vm.assertGe(handler.dueTo(i, 1), 1);
        }
        handler.acknowledge(0, 0, 45 ether);
        handler.acknowledge(2, 1, 1 ether);
        handler.claim(0, 0, 30 days);
        handler.claim(0, 1, 0);
        handler.release(0, 0);
        vm.assertEq(handler.settledCount(), 3, "settled");
        vm.assertEq(handler.claimedCount(), 2, "claimed");
        vm.assertEq(handler.releasedCount(), 1, "released");
    }

    function _payoutsAndRefundAreTheAmountsAndNobodyIsChargedAboveItsCap() private view {
        vm.assertEq(handler.unbalancedCount(), 0);
    }

    function _nobodyClaimsMoreThanItWasNotPaid() private view {
        vm.assertEq(handler.overclaimedCount(), 0);
    }

    function _claimedAndReleasedAndWhatRemainsAreTheGuarantees() private view {
        uint256 claimedInAll = 0;
        for (uint256 i = 0; i < handler.DEALS(); ++i) {
            Deal memory deal = handler.dealOf(i);
            uint256 left = deal.guarantees[0] + deal.guarantees[1];
            for (uint256 party = 0; party < handler.PAID(); ++party) {
                (uint256 claimed, uint256 released) = deal.agreement.guaranteeUsed(handler.paidAt(party));
                vm.assertLe(claimed + released, deal.guarantees[party]);
                left -= claimed + released;
                claimedInAll += claimed;
            }
            vm.assertEq(handler.balanceOf(address(deal.agreement)), left);
        }
        vm.assertEq(handler.balanceOf(handler.paidAt(0)) + handler.balanceOf(handler.paidAt(1)), claimedInAll);
    }

    function _theEscrowCoversWhatIsNotSettled() private view {
        uint256 open = 0;
        for (uint256 i = 0; i < handler.DEALS(); ++i) {
            Deal memory deal = handler.dealOf(i);
            if (deal.agreement.phase() != Phase.Settled) open += deal.amounts[0] + deal.amounts[1];
        }
        vm.assertEq(handler.reserved(), open);
    }

    function _eachSettlementRatesEachPartyOnce() private view {
        for (uint256 party = 0; party < handler.PAID(); ++party) {
            Rating memory rating = handler.theFactory().ratingOf(handler.thePayer(), handler.paidAt(party));
            vm.assertEq(rating.agreements, handler.settledCount());
        }
    }
}
