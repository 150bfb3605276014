// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICollateralEscrow} from "../src/interfaces/ICollateralEscrow.sol";
import {ISettlementToken} from "../src/interfaces/ISettlementToken.sol";
import {EscrowFixture} from "./support/EscrowFixture.sol";
import {Holder} from "./support/Holders.sol";
import {ScriptedFeed} from "./support/ScriptedFeed.sol";
import {vm} from "./support/Vm.sol";

/// @dev What must be covered: issue, withdraw, reserve, release. 100 ether at 2,000 USD cover 133,333 tokens with 150 %.
contract CollateralEscrowTest is EscrowFixture {
    uint256 private constant COVERED = uint256(400_000 ether) / 3;

    function test_namesWhatItWasMadeWith() external view {
        vm.assertEq(escrow.organisation(), ORGANISATION);
        vm.assertEq(escrow.factory(), FACTORY);
        vm.assertEq(escrow.priceFeed(), address(feed));
        vm.assertEq(escrow.priceAgeMaxS(), AGE_MAX_S);
        vm.assertEq(ISettlementToken(escrow.token()).issuer(), address(escrow));
    }

    function test_refusesAFeedOfMoreThan18Decimals() external {
        ScriptedFeed odd = new ScriptedFeed(19);
        vm.expectRevert(abi.encodeWithSelector(ICollateralEscrow.CollateralEscrowDecimalsTooMany.selector, 19));
        this.newEscrow(odd);
    }

    function newEscrow(ScriptedFeed odd) external {
        _newEscrow(odd);
    }

    // Deposits

    function test_takesEtherOfAnyone() external {
        vm.deal(ALICE, 1 ether);
        vm.expectEmit();
        emit ICollateralEscrow.Deposited(ALICE, 1 ether);
        vm.prank(ALICE);
        escrow.deposit{value: 1 ether}();
        vm.assertEq(escrow.collateral(), ETHER_THERE + 1 ether);
    }

    function test_refusesAnEmptyDeposit() external {
        vm.expectRevert(ICollateralEscrow.CollateralEscrowAmountZero.selector);
        escrow.deposit();
    }

    function test_countsEtherThatWasForcedOnIt() external {
        vm.deal(address(escrow), 101 ether);
        vm.assertEq(escrow.collateral(), 101 ether);
        _withdraw(101 ether);
    }

    // Issue

    function test_issuesUpTo150PercentAndNotOneUnitMore() external {
        vm.expectEmit();
        emit ICollateralEscrow.Issued(ALICE, COVERED, uint256(PRICE));
        _issue(ALICE, COVERED);
        vm.assertEq(token.balanceOf(ALICE), COVERED);
        vm.assertEq(escrow.obligations(), COVERED);
        vm.expectPartialRevert(ICollateralEscrow.CollateralEscrowUndercollateralised.selector);
        _issue(ALICE, 1000);
    }

    function test_issuesAgainstEtherThatComesWithIt() external {
        vm.deal(ORGANISATION, 1 ether);
        vm.expectEmit();
        emit ICollateralEscrow.Deposited(ORGANISATION, 1 ether);
        vm.prank(ORGANISATION);
        escrow.issue{value: 1 ether}(ALICE, uint256(101) * 4000 ether / 3);
        vm.assertEq(escrow.collateral(), 101 ether);
    }

    function test_saysWhatWouldBeThereAndWhatIsNeeded() external {
        vm.expectRevert(_undercollateralised(ETHER_THERE, 150 ether));
        _issue(ALICE, 200_000 ether);
    }

    /// forge-config: default.fuzz.runs = 300
    function testFuzz_neverIssuesMoreThanIsCovered(uint256 amount, uint256 price) external {
        (amount, price) = (1 + amount % 10 ** 28, 1 + price % 10 ** 14);
        _say(int256(price));
        uint256 neededWei = escrow.collateralFor(amount);
        vm.assertGe(neededWei * price * 2, amount * 3 * 1e8);
        if (neededWei > ETHER_THERE) vm.expectRevert(_undercollateralised(ETHER_THERE, neededWei));
        _issue(ALICE, amount);
    }

    function test_countsTokensOfTheOrganisationToo() external {
        _issue(ORGANISATION, COVERED);
        vm.assertEq(escrow.obligations(), COVERED);
        vm.expectPartialRevert(ICollateralEscrow.CollateralEscrowUndercollateralised.selector);
        _reserve(1 ether);
    }

    function test_readsAFeedOf18Decimals() external {
        feed = new ScriptedFeed(18);
        feed.say(2000 ether, NOW);
        escrow = _newEscrow(feed);
        vm.assertEq(escrow.collateralFor(4000 ether), 3 ether);
    }

    function test_letsOnlyTheOrganisationIssueAndWithdraw() external {
        bytes memory refusal = abi.encodeWithSelector(ICollateralEscrow.CollateralEscrowNotOrganisation.selector, ALICE);
        vm.expectRevert(refusal);
        vm.prank(ALICE);
        escrow.issue(ALICE, 1);
        vm.expectRevert(refusal);
        vm.prank(ALICE);
        escrow.withdraw(payable(ALICE), 1);
    }

    function test_refusesToIssueOrWithdrawNothing() external {
        vm.expectRevert(ICollateralEscrow.CollateralEscrowAmountZero.selector);
        _issue(ALICE, 0);
        vm.expectRevert(ICollateralEscrow.CollateralEscrowAmountZero.selector);
        _withdraw(0);
    }

    // Prices

    function test_takesAPriceUpToItsAge() external {
        vm.warp(NOW + AGE_MAX_S);
        _issue(ALICE, 1 ether);
        vm.warp(NOW + AGE_MAX_S + 1);
        _refusesPrice(_stale(NOW));
    }

    function test_refusesAPriceOfTheFuture() external {
        feed.say(PRICE, NOW + 1);
        _refusesPrice(_stale(NOW + 1));
    }

    function test_refusesAPriceOfAnOpenRound() external {
        feed.say(PRICE, 0);
        _refusesPrice(_stale(0));
        _say(PRICE);
        feed.carryOver();
        _refusesPrice(_stale(0));
    }

    function test_refusesAPriceThatIsNotPositive() external {
        _say(0);
        _refusesPrice(_notPositive(0));
        _say(-1);
        _refusesPrice(_notPositive(-1));
    }

    function test_refusesAFeedThatIsDeadOrAnswersNoRound() external {
        feed.die();
        _refusesPrice(_stale(0));
        _say(PRICE);
        feed.sayRaw(abi.encode(1, PRICE, NOW, NOW));
        _refusesPrice(_stale(0));
    }

    // Withdraw

    function test_withdrawsWhatIsNotNeededAndNotOneWeiMore() external {
        _issue(ALICE, 60_000 ether);
        _reserve(20_000 ether);
        vm.expectRevert(_undercollateralised(60 ether - 1, 60 ether));
        _withdraw(40 ether + 1);
        vm.expectEmit();
        emit ICollateralEscrow.Withdrawn(ORGANISATION, 40 ether);
        _withdraw(40 ether);
        vm.assertEq(ORGANISATION.balance, 40 ether);
    }

    function test_refusesToWithdrawMoreThanThereIs() external {
        vm.expectRevert(_undercollateralised(0, 0));
        _withdraw(ETHER_THERE + 1);
    }

    function test_withdrawsWithoutAPriceWhereNothingIsToBeCovered() external {
        feed.die();
        _withdraw(ETHER_THERE);
        vm.assertEq(ORGANISATION.balance, ETHER_THERE);
    }

    function test_sendsNothingToWhoTakesNoEther() external {
        address payable to = payable(address(new Holder()));
        vm.expectRevert(abi.encodeWithSelector(ICollateralEscrow.CollateralEscrowPaymentFailed.selector, to));
        vm.prank(ORGANISATION);
        escrow.withdraw(to, 1 ether);
    }

    /// @dev Were its own tokens not counted, the organisation could redeem them and take the cover of what it reserved.
    function test_theOrganisationCannotTakeTheCoverOfAReservationByItsOwnTokens() external {
        _issue(ORGANISATION, 66_666 ether);
        _reserve(66_666 ether);
        _redeem(ORGANISATION, 66_666 ether);
        vm.assertGe(escrow.collateral(), escrow.collateralFor(66_666 ether));
        vm.prank(ORGANISATION);
        vm.expectPartialRevert(ICollateralEscrow.CollateralEscrowUndercollateralised.selector);
        escrow.withdraw(payable(ORGANISATION), 50 ether);
    }

    // Reservations

    function test_reservesForSeveralAgreementsAndFreesEach() external {
        vm.expectEmit();
        emit ICollateralEscrow.Reserved(AGREEMENT, 100_000 ether);
        _reserve(100_000 ether);
        _reserve(33_333 ether);
        vm.assertEq(escrow.reserved(), 133_333 ether);
        vm.expectPartialRevert(ICollateralEscrow.CollateralEscrowUndercollateralised.selector);
        _reserve(1 ether);

        feed.die();
        vm.expectEmit();
        emit ICollateralEscrow.Released(AGREEMENT, 100_000 ether);
        _release(100_000 ether);
        vm.assertEq(escrow.reserved(), 33_333 ether);
        _say(PRICE);
        _reserve(100_000 ether);
    }

    function test_releasesNoMoreThanIsReserved() external {
        _reserve(5);
        vm.expectRevert(abi.encodeWithSignature("Panic(uint256)", 0x11));
        _release(6);
    }

    function test_letsOnlyTheFactoryReserveAndRelease() external {
        bytes memory refusal =
            abi.encodeWithSelector(ICollateralEscrow.CollateralEscrowNotFactory.selector, ORGANISATION);
        vm.expectRevert(refusal);
        vm.prank(ORGANISATION);
        escrow.reserve(AGREEMENT, ORGANISATION, 1);
        vm.expectRevert(refusal);
        vm.prank(ORGANISATION);
        escrow.release(AGREEMENT, 1);
    }

    function test_coversNoAgreementOfAnotherPayer() external {
        vm.expectRevert(
            abi.encodeWithSelector(ICollateralEscrow.CollateralEscrowPayerUnexpected.selector, ALICE, ORGANISATION)
        );
        vm.prank(FACTORY);
        escrow.reserve(AGREEMENT, ALICE, 1);
    }

    function _refusesPrice(bytes memory refusal) private {
        vm.expectRevert(refusal);
        _issue(ALICE, 1 ether);
        vm.expectRevert(refusal);
        _reserve(1 ether);
        vm.expectRevert(refusal);
        escrow.collateralFor(1);
    }

    function _stale(uint256 updatedAt) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ICollateralEscrow.CollateralEscrowPriceStale.selector, updatedAt);
    }

    function _notPositive(int256 price) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ICollateralEscrow.CollateralEscrowPriceNotPositive.selector, price);
    }

    function _undercollateralised(uint256 thereWei, uint256 neededWei) private pure returns (bytes memory) {
        return
            abi.encodeWithSelector(ICollateralEscrow.CollateralEscrowUndercollateralised.selector, thereWei, neededWei);
    }
}
