// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IAgreement} from "../src/interfaces/IAgreement.sol";
import {IAgreementCustody} from "../src/interfaces/IAgreementCustody.sol";
import {IAgreementPayout} from "../src/interfaces/IAgreementPayout.sol";
import {Clause, Clauses, General, Heading} from "../src/libraries/Clauses.sol";
import {PayoutFixture} from "./support/PayoutFixture.sol";
import {vm} from "./support/Vm.sol";

contract AgreementFundTest is PayoutFixture {
    struct Permit {
        uint8 v;
        bytes32 r;
        bytes32 s;
    }

    function test_paysInTheGuarantee() external {
        vm.assertFalse(agreement.isFunded());
        vm.prank(payer);
        IERC20(token).approve(address(agreement), 2 * GUARANTEE);
        (Heading memory heading, Clause memory windows) = _shown();
        vm.expectEmit();
        emit IAgreementPayout.Funded(payer, 2 * GUARANTEE);
        vm.prank(payer);
        agreement.fund(heading, windows);
        vm.assertTrue(agreement.isFunded());
        vm.assertEq(_balance(address(agreement)), 2 * GUARANTEE);
    }

    function test_refusesToBeFundedTwiceOrAfterItsStart() external {
        _fund();
        _refusesToFund();
        _start(_startCall());
        _refusesToFund();
    }

    function test_refusesFundsWhenItWasClosedUnfunded() external {
        vm.warp(BEGIN + 40 days);
        agreement.closeUndelivered(0, _clause(DEADLINE));
        _refusesToFund();
    }

    function test_refusesFundsWhenNoneWereAgreed() external {
        General memory general = _general();
        (general.guaranteeBps, general.guaranteeTotal) = (0, 0);
        _replace(GENERAL, _generalBody(general));
        _sealTerms();
        agreement = IAgreement(_create(PAYER_KEY, PAYEE_KEY));
        _refusesToFund();
    }

    function test_refusesAGuaranteeThatTheTermsDoNotSay() external {
        (Heading memory altered, Clause memory windows) = _shown();
        General memory general = _general();
        general.guaranteeTotal = 1;
        altered.general.body = _generalBody(general);
        vm.expectRevert(abi.encodeWithSelector(Clauses.ClauseNotInTerms.selector, termsHash));
        agreement.fund(altered, windows);
    }

    function test_takesNoTokensThatWereNotApproved() external {
        (Heading memory heading, Clause memory windows) = _shown();
        vm.expectRevert(
            abi.encodeWithSelector(
                IERC20Errors.ERC20InsufficientAllowance.selector, address(agreement), 0, 2 * GUARANTEE
            )
        );
        vm.prank(payer);
        agreement.fund(heading, windows);
    }

    function test_paysInByPermit() external {
        _fundWithPermit(_permit(2 * GUARANTEE));
        vm.assertTrue(agreement.isFunded());
        vm.assertEq(IERC20(token).allowance(payer, address(agreement)), 0);
    }

    /// @dev Anyone who sees the permit in the pool of transactions can show it first.
    function test_paysInByAPermitThatSomebodyElseHasShown() external {
        Permit memory permit = _permit(2 * GUARANTEE);
        IERC20Permit(token)
            .permit(payer, address(agreement), 2 * GUARANTEE, type(uint256).max, permit.v, permit.r, permit.s);
        _fundWithPermit(permit);
        vm.assertTrue(agreement.isFunded());
    }

    function test_refusesAPermitOfAnotherAmountOrByAnotherSender() external {
        Permit memory permit = _permit(2 * GUARANTEE - 1);
        (Heading memory heading, Clause memory windows) = _shown();
        vm.expectPartialRevert(ERC20Permit.ERC2612InvalidSigner.selector);
        vm.prank(payer);
        agreement.fundWithPermit(heading, windows, type(uint256).max, permit.v, permit.r, permit.s);

        permit = _permit(2 * GUARANTEE);
        vm.expectPartialRevert(ERC20Permit.ERC2612InvalidSigner.selector);
        vm.prank(carrier);
        agreement.fundWithPermit(heading, windows, type(uint256).max, permit.v, permit.r, permit.s);
    }

    /// @dev The code that agreements run their payouts by holds nothing and does nothing by itself.
    function test_theCodeAloneRefusesEverything() external {
        IAgreement alone = IAgreement(vm.deployCode("AgreementPayout.sol:AgreementPayout"));
        Clause memory general = _clause(GENERAL);
        (Clause memory windows, Clause memory party) = (_clause(WINDOWS), _clause(PAYEE));
        Heading memory heading = _heading(PARTIES);
        vm.expectPartialRevert(Clauses.ClauseNotInTerms.selector);
        alone.fund(heading, windows);
        vm.expectPartialRevert(Clauses.ClauseNotInTerms.selector);
        alone.fundWithPermit(heading, windows, 0, 27, 0, 0);
        vm.expectPartialRevert(Clauses.ClauseNotInTerms.selector);
        alone.settle(heading, windows);
        vm.expectRevert(IAgreementPayout.AgreementNotSettled.selector);
        alone.claim(general, windows, party);
        vm.expectRevert(IAgreementPayout.AgreementNotSettled.selector);
        alone.release(general, party);
        bytes32 digest = _acknowledgementDigest(address(alone), payee, 1);
        vm.expectPartialRevert(IAgreementCustody.AgreementPhaseUnexpected.selector);
        alone.acknowledge(payee, 1, _signWallet(PAYEE_KEY, digest));
    }

    function _fundWithPermit(Permit memory permit) private {
        (Heading memory heading, Clause memory windows) = _shown();
        vm.prank(payer);
        agreement.fundWithPermit(heading, windows, type(uint256).max, permit.v, permit.r, permit.s);
    }

    function _refusesToFund() private {
        (Heading memory heading, Clause memory windows) = _shown();
        vm.expectRevert(IAgreementPayout.AgreementFundingNotNeeded.selector);
        vm.prank(payer);
        agreement.fund(heading, windows);
    }

    /// @dev Before a prank: disclosing makes calls, which would use it up.
    function _shown() private view returns (Heading memory, Clause memory) {
        return (_heading(PARTIES), _clause(WINDOWS));
    }

    function _permit(uint256 value) private view returns (Permit memory permit) {
        bytes32 typehash =
            keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
        bytes32 permission = keccak256(abi.encode(typehash, payer, address(agreement), value, 0, type(uint256).max));
        bytes32 domain = IERC20Permit(token).DOMAIN_SEPARATOR();
        (permit.v, permit.r, permit.s) = vm.sign(PAYER_KEY, keccak256(abi.encodePacked(hex"1901", domain, permission)));
    }
}
