// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ICollateralEscrow} from "../../src/interfaces/ICollateralEscrow.sol";
import {Holder} from "./Holders.sol";
import {ScriptedFeed} from "./ScriptedFeed.sol";
import {vm} from "./Vm.sol";

/// @title An organisation's escrow with 100 ether at 2,000 USD each
abstract contract EscrowFixture {
    address internal constant ORGANISATION = address(0x0126);
    address internal constant FACTORY = address(0xFAC7);
    address internal constant AGREEMENT = address(0xA62EE);
    address internal constant ALICE = address(0xA11CE);
    address internal constant BOB = address(0xB0B);
    uint256 internal constant NOW = 1_800_000_000;
    uint256 internal constant AGE_MAX_S = 1 hours;
    uint256 internal constant WEEK_S = 7 days;
    int256 internal constant PRICE = 2000e8;
    uint256 internal constant ETHER_THERE = 100 ether;

    ICollateralEscrow internal escrow;
    IERC20 internal token;
    ScriptedFeed internal feed;

    function setUp() public virtual {
        vm.warp(NOW);
        feed = new ScriptedFeed(8);
        feed.say(PRICE, NOW);
        escrow = _newEscrow(feed);
        token = IERC20(escrow.token());
        vm.deal(address(this), ETHER_THERE);
        escrow.deposit{value: ETHER_THERE}();
        _approve(ORGANISATION);
        _approve(ALICE);
        _approve(BOB);
    }

    function _newEscrow(ScriptedFeed priceFeed) internal returns (ICollateralEscrow) {
        bytes memory arguments = abi.encode(ORGANISATION, FACTORY, priceFeed, AGE_MAX_S);
        return ICollateralEscrow(vm.deployCode("CollateralEscrow.sol:CollateralEscrow", arguments));
    }

    function _issue(address to, uint256 amount) internal {
        vm.prank(ORGANISATION);
        escrow.issue(to, amount);
    }

    function _withdraw(uint256 amountWei) internal {
        vm.prank(ORGANISATION);
        escrow.withdraw(payable(ORGANISATION), amountWei);
    }

    function _reserve(uint256 amount) internal {
        vm.prank(FACTORY);
        escrow.reserve(AGREEMENT, ORGANISATION, amount);
    }

    function _release(uint256 amount) internal {
        vm.prank(FACTORY);
        escrow.release(AGREEMENT, amount);
    }

    function _redeem(address holder, uint256 amount) internal returns (uint256 amountWei, uint256 id) {
        vm.prank(holder);
        return escrow.redeem(amount);
    }

    function _approve(address holder) internal {
        vm.prank(holder);
        token.approve(address(escrow), type(uint256).max);
    }

    /// @dev A holder with code and tokens, which may take no ether.
    function _newHolder(uint256 amount) internal returns (Holder holder) {
        holder = new Holder();
        _issue(address(holder), amount);
        holder.approve(address(token), address(escrow));
    }

    function _redeemBy(Holder holder, uint256 amount) internal returns (uint256 amountWei, uint256 id) {
        bytes memory returned = holder.run(address(escrow), abi.encodeCall(ICollateralEscrow.redeem, (amount)));
        return abi.decode(returned, (uint256, uint256));
    }

    /// @dev The price of now.
    function _say(int256 price) internal {
        feed.say(price, block.timestamp);
    }

    /// @dev Lets the feed's last price become stale by `s` seconds.
    function _passStale(uint256 s) internal {
        vm.warp(block.timestamp + AGE_MAX_S + s);
    }

    /// @dev Ether for tokens at par, at the price of `setUp`, less the fee.
    function _parWei(uint256 amount) internal pure returns (uint256) {
        return _lessFee(amount / 2000);
    }

    function _lessFee(uint256 amountWei) internal pure returns (uint256) {
        return amountWei - (amountWei * 50 + 9999) / 10_000;
    }
}
