// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {ICollateralEscrow} from "../src/interfaces/ICollateralEscrow.sol";
import {EscrowFixture} from "./support/EscrowFixture.sol";
import {Holder} from "./support/Holders.sol";
import {vm} from "./support/Vm.sol";

/// @dev Holders with code: those who take no ether, and those who call back.
contract CollateralEscrowHoldersTest is EscrowFixture {
    function test_creditsWhoTakesNoEther() external {
        Holder holder = _newHolder(4000 ether);
        vm.expectEmit();
        emit ICollateralEscrow.Credited(address(holder), 1.99 ether);
        (uint256 amountWei,) = _redeemBy(holder, 4000 ether);
        vm.assertEq(amountWei, 1.99 ether);
        vm.assertEq(escrow.creditOf(address(holder)), 1.99 ether);
        vm.assertEq(escrow.collateral(), ETHER_THERE - 1.99 ether);
    }

    function test_paysACreditToItsAccountWhoeverAsks() external {
        Holder holder = _newHolder(4000 ether);
        _redeemBy(holder, 4000 ether);
        holder.takeEther(0);
        vm.expectEmit();
        emit ICollateralEscrow.CreditPaid(address(holder), 1.99 ether);
        vm.prank(BOB);
        escrow.payCredit(address(holder));
        vm.assertEq(address(holder).balance, 1.99 ether);
        vm.assertEq(escrow.creditOf(address(holder)), 0);
        vm.assertEq(escrow.collateral(), address(escrow).balance);
    }

    function test_letsAnAccountTakeOutItsCreditOnce() external {
        Holder holder = _newHolder(4000 ether);
        _redeemBy(holder, 4000 ether);
        holder.takeEther(0);
        holder.run(address(escrow), abi.encodeCall(ICollateralEscrow.withdrawCredit, ()));
        vm.assertEq(address(holder).balance, 1.99 ether);
        vm.expectRevert(ICollateralEscrow.CollateralEscrowAmountZero.selector);
        holder.run(address(escrow), abi.encodeCall(ICollateralEscrow.withdrawCredit, ()));
    }

    function test_keepsACreditThatCannotBePaid() external {
        Holder holder = _newHolder(4000 ether);
        _redeemBy(holder, 4000 ether);
        bytes4 refusal = ICollateralEscrow.CollateralEscrowPaymentFailed.selector;
        vm.expectRevert(abi.encodeWithSelector(refusal, holder));
        escrow.payCredit(address(holder));
        vm.assertEq(escrow.creditOf(address(holder)), 1.99 ether);
    }

    function test_creditsCoverNothing() external {
        Holder holder = _newHolder(4000 ether);
        _redeemBy(holder, 4000 ether);
        uint256 left = ETHER_THERE - 1.99 ether;
        vm.expectRevert(abi.encodeWithSelector(ICollateralEscrow.CollateralEscrowUndercollateralised.selector, 0, 0));
        _withdraw(left + 1);
        vm.expectPartialRevert(ICollateralEscrow.CollateralEscrowUndercollateralised.selector);
        _issue(ALICE, left * 4000 / 3 + 1 ether);
        _withdraw(left);
        holder.takeEther(0);
        escrow.payCredit(address(holder));
        vm.assertEq(address(escrow).balance, 0);
    }

    function test_aHolderThatTakesNoEtherBlocksNobodyInTheQueue() external {
        Holder holder = _newHolder(4000 ether);
        _issue(ALICE, 4000 ether);
        _passStale(1);
        (, uint256 first) = _redeemBy(holder, 4000 ether);
        (, uint256 second) = _redeem(ALICE, 4000 ether);
        vm.warp(block.timestamp + 1);
        _say(PRICE);
        escrow.execute(first);
        escrow.execute(second);
        vm.assertEq(escrow.creditOf(address(holder)), 1.99 ether);
        vm.assertEq(ALICE.balance, 1.99 ether);
    }

    /// @dev Who executes with too little gas for a costly receiver turns the payment into a credit; nothing is lost.
    function test_aPaymentThatLackedGasCanBeRepeated() external {
        Holder holder = _newHolder(4000 ether);
        holder.takeEther(5_000_000);
        _passStale(1);
        (, uint256 id) = _redeemBy(holder, 4000 ether);
        vm.warp(block.timestamp + 1);
        _say(PRICE);
        escrow.execute{gas: 5_000_000}(id);
        vm.assertEq(escrow.creditOf(address(holder)), 1.99 ether);
        escrow.payCredit(address(holder));
        vm.assertEq(address(holder).balance, 1.99 ether);
    }

    function test_letsNobodyBackInWhileItPays() external {
        bytes[5] memory reactions = [
            abi.encodeCall(ICollateralEscrow.redeem, (1 ether)),
            abi.encodeCall(ICollateralEscrow.execute, (1)),
            abi.encodeCall(ICollateralEscrow.withdrawCredit, ()),
            abi.encodeCall(ICollateralEscrow.payCredit, (ALICE)),
            abi.encodeCall(ICollateralEscrow.withdraw, (payable(ALICE), 1))
        ];
        bytes memory refusal = abi.encodeWithSelector(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector);
        for (uint256 i = 0; i < reactions.length; ++i) {
            Holder holder = _newHolder(4000 ether);
            holder.reactWith(address(escrow), reactions[i]);
            (uint256 amountWei,) = _redeemBy(holder, 2000 ether);
            vm.assertEq(address(holder).balance, amountWei);
            vm.assertFalse(holder.hasReacted());
            vm.assertEq(keccak256(holder.answer()), keccak256(refusal));
        }
    }

    /// @dev Everything is booked before ether leaves, so what the holder can still call sees the truth.
    function test_showsItsBooksInOrderWhileItPays() external {
        Holder holder = _newHolder(4000 ether);
        holder.reactWith(address(escrow), abi.encodeCall(ICollateralEscrow.collateral, ()));
        _redeemBy(holder, 4000 ether);
        vm.assertEq(abi.decode(holder.answer(), (uint256)), ETHER_THERE - 1.99 ether);
        vm.assertTrue(holder.hasReacted());
    }
}
