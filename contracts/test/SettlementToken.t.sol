// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {ISettlementToken} from "../src/interfaces/ISettlementToken.sol";
import {vm} from "./support/Vm.sol";

interface IToken is ISettlementToken, IERC20Metadata, IERC20Permit {}

contract SettlementTokenTest {
    address private constant ISSUER = address(0x155E);
    address private constant HOLDER = address(0xA11CE);
    uint256 private constant OWNER_KEY = 7;

    IToken private token;

    function setUp() external {
        token = IToken(vm.deployCode("SettlementToken.sol:SettlementToken", abi.encode(ISSUER)));
    }

    function test_has18DecimalsAndNamesItsIssuer() external view {
        vm.assertEq(token.decimals(), 18);
        vm.assertEq(token.issuer(), ISSUER);
        vm.assertEq(token.totalSupply(), 0);
    }

    function test_refusesToHaveNoIssuer() external {
        vm.expectRevert(ISettlementToken.SettlementTokenIssuerZero.selector);
        vm.deployCode("SettlementToken.sol:SettlementToken", abi.encode(address(0)));
    }

    function testFuzz_supplyIsWhatWasIssuedLessWhatWasBurned(uint128 issued, uint128 burned) external {
        vm.assume(burned <= issued);
        vm.prank(ISSUER);
        token.mint(HOLDER, issued);
        vm.prank(HOLDER);
        token.burn(burned);
        vm.assertEq(token.totalSupply(), uint256(issued) - burned);
        vm.assertEq(token.balanceOf(HOLDER), uint256(issued) - burned);
    }

    function testFuzz_refusesAnIssueByAnyoneElse(address caller) external {
        vm.assume(caller != ISSUER);
        vm.expectRevert(abi.encodeWithSelector(ISettlementToken.SettlementTokenNotIssuer.selector, caller));
        vm.prank(caller);
        token.mint(caller, 1);
    }

    function test_letsTheIssuerBurnNobodyElsesTokens() external {
        vm.prank(ISSUER);
        token.mint(HOLDER, 5);
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, ISSUER, 0, 5));
        vm.prank(ISSUER);
        token.burn(5);
    }

    function test_takesAPermitOnceOnThisChainOnly() external {
        address owner = vm.addr(OWNER_KEY);
        bytes32 typehash =
            keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
        bytes32 permission = keccak256(abi.encode(typehash, owner, HOLDER, 9, 0, type(uint256).max));
        (uint8 v, bytes32 r, bytes32 s) =
            vm.sign(OWNER_KEY, keccak256(abi.encodePacked(hex"1901", token.DOMAIN_SEPARATOR(), permission)));

        vm.chainId(4242);
        vm.expectPartialRevert(ERC20Permit.ERC2612InvalidSigner.selector);
        this.permit(owner, v, r, s);
        vm.chainId(31_337);
        this.permit(owner, v, r, s);
        vm.assertEq(token.allowance(owner, HOLDER), 9);
        vm.expectPartialRevert(ERC20Permit.ERC2612InvalidSigner.selector);
        this.permit(owner, v, r, s);
    }

    function permit(address owner, uint8 v, bytes32 r, bytes32 s) external {
        token.permit(owner, HOLDER, 9, type(uint256).max, v, r, s);
    }
}
