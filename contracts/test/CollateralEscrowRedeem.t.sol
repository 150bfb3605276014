// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {ICollateralEscrow, Redemption} from "../src/interfaces/ICollateralEscrow.sol";
import {EscrowFixture} from "./support/EscrowFixture.sol";
import {vm} from "./support/Vm.sol";

/// @dev Redemption at a fresh price, and the queue where there is none.
contract CollateralEscrowRedeemTest is EscrowFixture {
    // At a fresh price

    function test_redeemsAtParLessTheFee() external {
        _issue(ALICE, 10_000 ether);
        vm.expectEmit();
        emit ICollateralEscrow.Redeemed(ALICE, 4000 ether, 1.99 ether, uint256(PRICE), 0.01 ether);
        (uint256 amountWei, uint256 id) = _redeem(ALICE, 4000 ether);
        vm.assertEq(amountWei, 1.99 ether);
        vm.assertEq(id, 0);
        vm.assertEq(ALICE.balance, 1.99 ether);
        vm.assertEq(token.totalSupply(), 6000 ether);
        vm.assertEq(escrow.collateral(), ETHER_THERE - 1.99 ether);
    }

    function test_redeemsAllOfTheSupply() external {
        _issue(ALICE, 100_000 ether);
        _redeem(ALICE, 100_000 ether);
        vm.assertEq(token.totalSupply(), 0);
        _withdraw(escrow.collateral());
        vm.assertEq(address(escrow).balance, 0);
    }

    function test_sharesTheEtherWhenItIsWorthLessThanTheTokens() external {
        _issue(ALICE, 60_000 ether);
        _issue(BOB, 40_000 ether);
        _say(500e8);
        (uint256 toAlice,) = _redeem(ALICE, 60_000 ether);
        vm.assertEq(toAlice, _lessFee(60 ether));
        (uint256 toBob,) = _redeem(BOB, 40_000 ether);
        vm.assertEq(toBob, _lessFee(ETHER_THERE - toAlice));
    }

    function test_whoRedeemsFirstTakesNothingFromTheOthers() external {
        _issue(ALICE, 60_000 ether);
        _issue(BOB, 40_000 ether);
        _say(500e8);
        uint256 shareBefore = ETHER_THERE * 40_000 ether / token.totalSupply();
        _redeem(ALICE, 60_000 ether);
        vm.assertGe(escrow.collateral() * 40_000 ether / token.totalSupply(), shareBefore);
    }

    function test_paysNothingWhereThereIsNoEther() external {
        _issue(ALICE, 1000 ether);
        vm.deal(address(escrow), 0);
        (uint256 amountWei,) = _redeem(ALICE, 1000 ether);
        vm.assertEq(amountWei, 0);
        vm.assertEq(token.totalSupply(), 0);
    }

    function test_roundsDustInFavourOfTheEscrow() external {
        _issue(ALICE, 1 ether);
        (uint256 ofOne,) = _redeem(ALICE, 1999);
        vm.assertEq(ofOne, 0);
        (uint256 ofTwo,) = _redeem(ALICE, 4000);
        vm.assertEq(ofTwo, 1);
    }

    /// @dev What a price above the market by less than the feed's threshold gains, the fee takes.
    function test_aFeedThatLagsByItsThresholdGainsNothing() external {
        _issue(ALICE, 10_000 ether);
        int256 market = PRICE * 1005 / 1000;
        (uint256 amountWei,) = _redeem(ALICE, 10_000 ether);
        vm.assertLe(amountWei * uint256(market) / 1e8, 10_000 ether);
    }

    /// forge-config: default.fuzz.runs = 300
    function testFuzz_neverPaysMoreThanParOrTheShare(uint256 issued, uint256 amount, uint256 price) external {
        issued = 1 + issued % 133_333 ether;
        amount = 1 + amount % issued;
        price = 1 + price % 10 ** 14;
        _issue(ALICE, issued);
        _say(int256(price));
        (uint256 amountWei,) = _redeem(ALICE, amount);
        vm.assertLe(amountWei * price, amount * 1e8);
        vm.assertLe(amountWei * issued, ETHER_THERE * amount);
        vm.assertEq(amountWei, ALICE.balance);
        vm.assertEq(token.totalSupply(), issued - amount);
    }

    function test_takesNoTokensThatWereNotApproved() external {
        _issue(FACTORY, 5 ether);
        bytes4 refusal = IERC20Errors.ERC20InsufficientAllowance.selector;
        vm.expectRevert(abi.encodeWithSelector(refusal, address(escrow), 0, 5 ether));
        _redeem(FACTORY, 5 ether);
    }

    function test_refusesToRedeemNothing() external {
        vm.expectRevert(ICollateralEscrow.CollateralEscrowAmountZero.selector);
        escrow.redeem(0);
    }

    // In the queue

    function test_queuesWhateverIsWrongWithThePrice() external {
        _issue(ALICE, 10_000 ether);
        feed.say(PRICE, NOW + 1);
        _queues(1);
        feed.say(PRICE, 0);
        _queues(2);
        _say(PRICE);
        feed.carryOver();
        _queues(3);
        _say(0);
        _queues(4);
        _say(-1);
        _queues(5);
        _say(PRICE);
        feed.sayRaw("no round");
        _queues(6);
        _say(PRICE);
        feed.die();
        _queues(7);
        _say(PRICE);
        _passStale(1);
        _queues(8);
    }

    function test_queuedTokensStayInTheSupply() external {
        _issue(ALICE, 10_000 ether);
        _passStale(1);
        vm.expectEmit();
        emit ICollateralEscrow.RedemptionQueued(1, ALICE, 4000 ether);
        _redeem(ALICE, 4000 ether);
        vm.assertEq(token.balanceOf(address(escrow)), 4000 ether);
        vm.assertEq(escrow.obligations(), 10_000 ether);
    }

    function test_executesAtTheFirstPriceThatComesForWhoeverAsked() external {
        uint256 id = _queued(4000 ether);
        vm.warp(block.timestamp + 10);
        _say(1000e8);
        vm.prank(BOB);
        uint256 amountWei = escrow.execute(id);
        vm.assertEq(amountWei, 3.98 ether);
        vm.assertEq(ALICE.balance, 3.98 ether);
        vm.assertEq(BOB.balance, 0);
    }

    function test_executesNothingTwice() external {
        uint256 id = _queued(4000 ether);
        vm.warp(block.timestamp + 10);
        _say(PRICE);
        escrow.execute(id);
        vm.assertEq(escrow.redemptionOf(id).requestedAt, 0);
        vm.expectRevert(abi.encodeWithSelector(ICollateralEscrow.CollateralEscrowRedemptionUnknown.selector, id));
        escrow.execute(id);
    }

    function test_waitsForAPriceGivenAfterTheRequest() external {
        uint256 id = _queued(4000 ether);
        _waits(id);
        feed.say(PRICE, block.timestamp);
        _waits(id);
        vm.warp(block.timestamp + 1);
        _waits(id);
        _say(0);
        _waits(id);
        feed.say(PRICE, block.timestamp + 1);
        _waits(id);
        _say(PRICE);
        escrow.execute(id);
    }

    function test_takesTheLastPriceOfTheFeedAfterSevenDays() external {
        uint256 id = _queued(4000 ether);
        vm.warp(block.timestamp + WEEK_S - 1);
        feed.say(1000e8, block.timestamp - AGE_MAX_S - 1);
        _waits(id);
        vm.warp(block.timestamp + 1);
        vm.assertEq(escrow.execute(id), 3.98 ether);
    }

    function test_takesTheLastPriceThatItUsedWhenTheFeedHasNone() external {
        int256[3] memory answers = [int256(0), -5, PRICE];
        for (uint256 i = 0; i < answers.length; ++i) {
            uint256 id = _queued(4000 ether);
            vm.warp(block.timestamp + WEEK_S);
            feed.say(answers[i], i == 2 ? block.timestamp + 1 : block.timestamp);
            vm.assertEq(escrow.execute(id), 1.99 ether);
        }
        uint256 last = _queued(4000 ether);
        feed.die();
        vm.warp(block.timestamp + WEEK_S);
        vm.assertEq(escrow.execute(last), 1.99 ether);
    }

    function test_takesAFreshPriceRatherThanTheLastOneHoweverLateItComes() external {
        uint256 id = _queued(4000 ether);
        vm.warp(block.timestamp + 3 * WEEK_S);
        _say(4000e8);
        vm.assertEq(escrow.execute(id), 0.995 ether);
    }

    function test_capsWhatWasQueuedProRata() external {
        uint256 id = _queued(4000 ether);
        vm.deal(address(escrow), 1 ether);
        vm.warp(block.timestamp + WEEK_S);
        vm.assertEq(escrow.execute(id), _lessFee(uint256(1 ether) * 4000 / 10_000));
    }

    function test_nobodyCanStopWhatIsQueued() external {
        uint256 id = _queued(4000 ether);
        feed.die();
        _passStale(1);
        vm.prank(ORGANISATION);
        vm.expectPartialRevert(ICollateralEscrow.CollateralEscrowPriceStale.selector);
        escrow.withdraw(payable(ORGANISATION), 1);
        vm.warp(block.timestamp + WEEK_S);
        escrow.execute(id);
        vm.assertEq(ALICE.balance, 1.99 ether);
    }

    function test_knowsNoRedemptionThatWasNotAsked() external {
        vm.expectRevert(abi.encodeWithSelector(ICollateralEscrow.CollateralEscrowRedemptionUnknown.selector, 0));
        escrow.execute(0);
    }

    /// @dev Of 10,000 tokens of Alice, at a price that has just become stale.
    function _queued(uint256 amount) private returns (uint256 id) {
        _say(PRICE);
        _issue(ALICE, 10_000 ether - token.totalSupply());
        _passStale(1);
        (, id) = _redeem(ALICE, amount);
    }

    function _queues(uint256 expected) private {
        (uint256 amountWei, uint256 id) = _redeem(ALICE, 1 ether);
        vm.assertEq(amountWei, 0);
        vm.assertEq(id, expected);
        Redemption memory queued = escrow.redemptionOf(id);
        vm.assertEq(queued.holder, ALICE);
        vm.assertEq(queued.requestedAt, block.timestamp);
        vm.assertEq(queued.amount, 1 ether);
    }

    function _waits(uint256 id) private {
        uint256 until = escrow.redemptionOf(id).requestedAt + WEEK_S;
        vm.expectRevert(abi.encodeWithSelector(ICollateralEscrow.CollateralEscrowRedemptionWaits.selector, id, until));
        escrow.execute(id);
    }
}
