// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPostedPriceFeed} from "../src/interfaces/IPostedPriceFeed.sol";
import {vm} from "./support/Vm.sol";

contract PostedPriceFeedTest {
    address private constant PUBLISHER = address(0x9B1);

    IPostedPriceFeed private feed;

    function setUp() external {
        feed = IPostedPriceFeed(_deploy(PUBLISHER));
        vm.warp(1_800_000_000);
    }

    function test_saysWhoPostsWhat() external view {
        vm.assertEq(feed.publisher(), PUBLISHER);
        vm.assertEq(feed.decimals(), 8);
        vm.assertEq(keccak256(bytes(feed.description())), keccak256("ETH / USD"));
    }

    function test_hasAnOpenRoundBeforeTheFirstPost() external view {
        _requireLatest(0, 0, 0);
    }

    function test_givesTheLatestPost() external {
        vm.expectEmit();
        emit IPostedPriceFeed.PricePosted(1, 2000e8);
        _post(2000e8);
        _requireLatest(1, 2000e8, 1_800_000_000);
        vm.warp(1_800_000_060);
        _post(type(uint128).max);
        _requireLatest(2, int256(uint256(type(uint128).max)), 1_800_000_060);
    }

    function testFuzz_refusesAPostByAnyoneElse(address caller) external {
        vm.assume(caller != PUBLISHER);
        vm.expectRevert(abi.encodeWithSelector(IPostedPriceFeed.PostedPriceFeedNotPublisher.selector, caller));
        vm.prank(caller);
        feed.post(1);
    }

    function test_refusesThePriceZero() external {
        vm.expectRevert(IPostedPriceFeed.PostedPriceFeedPriceZero.selector);
        _post(0);
    }

    function test_refusesToHaveNoPublisher() external {
        vm.expectRevert(IPostedPriceFeed.PostedPriceFeedPublisherZero.selector);
        _deploy(address(0));
    }

    function _deploy(address publisher) private returns (address) {
        return vm.deployCode("PostedPriceFeed.sol:PostedPriceFeed", abi.encode(publisher, 8, "ETH / USD"));
    }

    function _post(uint128 price) private {
        vm.prank(PUBLISHER);
        feed.post(price);
    }

    function _requireLatest(uint80 round, int256 price, uint256 postedAt) private view {
        (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound) =
            feed.latestRoundData();
        vm.assertEq(roundId, round);
        vm.assertEq(answer, price);
        vm.assertEq(startedAt, postedAt);
        vm.assertEq(updatedAt, postedAt);
        vm.assertEq(answeredInRound, round);
    }
}
