// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IAgreement} from "../src/interfaces/IAgreement.sol";
import {IAgreementCustody} from "../src/interfaces/IAgreementCustody.sol";
import {IAgreementPayout} from "../src/interfaces/IAgreementPayout.sol";
import {Clause, Clauses, General, Heading} from "../src/libraries/Clauses.sol";
import {PayoutFixture} from "./support/PayoutFixture.sol";
import {vm} from "./support/Vm.sol";

/// @title Terms that both sides can sign, and no contract can settle: no money is taken for them, and no goods go on their way
contract AgreementTermsOrderTest is PayoutFixture {
    function test_takesNothingWhereTheGeneralClauseIsNotTheFirst() external {
        _swap(GENERAL, DEVICE);
        _begin(DEVICE);
        Heading memory heading = _heading(PARTIES);
        _refusesBoth(heading, _notInTerms());
        // Nor when the clause is shown from the place where it is.
        heading.general = _content(DEVICE);
        _refusesBoth(heading, _notInTerms());
    }

    function test_takesNothingWhereAClauseStandsBetweenTheParties() external {
        _swap(CARRIER, WINDOWS);
        _begin();
        Heading memory heading = _heading(PARTIES);
        heading.parties[2] = _content(WINDOWS);
        _refusesToFund(heading, _clause(CARRIER), _notInTerms());
        _refusesToStart(heading, _notInTerms());
        heading = _heading(PARTIES - 1);
        _refusesToFund(heading, _clause(CARRIER), _incomplete(2));
        _refusesToStart(heading, _incomplete(2));
    }

    function test_takesNothingWherePartiesAreNotInTheirOrder() external {
        _swap(PAYEE, CARRIER);
        _begin();
        _refusesBoth(_heading(PARTIES), _incomplete(1));
    }

    function test_takesNothingWithoutWindows() external {
        _replace(WINDOWS, "");
        _begin();
        Heading memory heading = _heading(PARTIES);
        Clause memory other = _clause(DEADLINE);
        _refusesToFund(
            heading,
            other,
            abi.encodeWithSelector(Clauses.ClauseKindUnexpected.selector, Clauses.DEADLINE, Clauses.WINDOWS)
        );
        Clause memory empty = _clause(WINDOWS);
        vm.prank(payer);
        (bool isTaken,) = address(agreement).call(abi.encodeCall(IAgreementPayout.fund, (heading, empty)));
        vm.assertFalse(isTaken);
    }

    function test_takesNothingOfWhichAPartStaysBehind() external {
        for (uint256 more = 0; more < 2; ++more) {
            General memory general = _general();
            uint256 total = 2 * GUARANTEE - 1 + 2 * more;
            general.guaranteeTotal = total;
            _replace(GENERAL, _generalBody(general));
            _begin();
            _refusesToFund(
                _heading(PARTIES),
                _clause(WINDOWS),
                abi.encodeWithSelector(IAgreementPayout.AgreementGuaranteesUnequal.selector, 2 * GUARANTEE, total)
            );
        }
    }

    function test_takesNothingWhereOneWalletIsTwoParties() external {
        _replace(CARRIER, _partyBody(2, 3, "carrier", PAYEE_KEY, AMOUNT, PENALTY_CAP));
        _begin();
        _refusesToFund(
            _heading(PARTIES),
            _clause(WINDOWS),
            abi.encodeWithSelector(IAgreementPayout.AgreementWalletTwice.selector, payee)
        );
    }

    function test_takesNothingForPartiesWhoDidNotSign() external {
        agreement = IAgreement(_create(PAYER_KEY, CARRIER_KEY));
        _refusesToFund(
            _heading(PARTIES),
            _clause(WINDOWS),
            abi.encodeWithSelector(IAgreementCustody.AgreementPartiesNotSigners.selector, payer, payee)
        );
    }

    /// @dev Whatever two clauses have changed places: either nothing is taken, or all of it comes back from an agreement that never starts.
    /// forge-config: default.fuzz.runs = 250
    /// forge-config: deep.fuzz.runs = 2000
    function testFuzz_whatIsTakenComesBack(uint256 a, uint256 b) external {
        (a, b) = (a % (TENDER + 1), b % (TENDER + 1));
        _swap(a, b);
        _add(6, "so that the terms are others");
        _begin(_placeOf(GENERAL, a, b));
        (Heading memory heading, Clause memory windows) = (_heading(PARTIES), _clause(_placeOf(WINDOWS, a, b)));
        bool isInOrder = a == b || (a > PARTIES && b > PARTIES);
        vm.prank(payer);
        (bool isTaken,) = address(agreement).call(abi.encodeCall(IAgreementPayout.fund, (heading, windows)));
        vm.assertTrue(isTaken == isInOrder);
        vm.assertEq(_balance(address(agreement)), isTaken ? 2 * GUARANTEE : 0);
        if (!isTaken) return;
        vm.warp(BEGIN + 40 days);
        agreement.closeUndelivered(0, _clause(_placeOf(DEADLINE, a, b)));
        vm.warp(block.timestamp + DISPUTE_S);
        agreement.settle(heading, windows);
        _release(PAYEE);
        _release(CARRIER);
        vm.assertEq(_balance(address(agreement)), 0);
        vm.assertEq(escrow.reserved(), 2 * AMOUNT);
    }

    function _begin() private {
        _begin(GENERAL);
    }

    /// @dev An agreement on the terms as they are now, with the general clause at `general`, whose payer lets it take what it wants.
    function _begin(uint256 general) private {
        _sealTerms();
        bytes32 digest = _agreementDigest(address(factory), payer, payee);
        (bytes memory byPayer, bytes memory byPayee) = (_signWallet(PAYER_KEY, digest), _signWallet(PAYEE_KEY, digest));
        agreement = IAgreement(factory.create(termsHash, payer, payee, byPayer, byPayee, _clause(general)));
        vm.prank(payer);
        IERC20(token).approve(address(agreement), type(uint256).max);
    }

    function _refusesBoth(Heading memory heading, bytes memory refusal) private {
        _refusesToFund(heading, _clause(WINDOWS), refusal);
        _refusesToStart(heading, refusal);
    }

    function _refusesToFund(Heading memory heading, Clause memory windows, bytes memory refusal) private {
        vm.expectRevert(refusal);
        vm.prank(payer);
        agreement.fund(heading, windows);
        vm.expectRevert(refusal);
        vm.prank(payer);
        agreement.fundWithPermit(heading, windows, 0, 27, 0, 0);
        vm.assertFalse(agreement.isFunded());
        vm.assertEq(_balance(address(agreement)), 0);
    }

    function _refusesToStart(Heading memory heading, bytes memory refusal) private {
        StartCall memory call = _startCall();
        call.heading = heading;
        vm.expectRevert(refusal);
        _start(call);
    }

    function _notInTerms() private view returns (bytes memory) {
        return abi.encodeWithSelector(Clauses.ClauseNotInTerms.selector, termsHash);
    }

    function _incomplete(uint256 position) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IAgreementPayout.AgreementPartiesIncomplete.selector, position);
    }

    function _placeOf(uint256 clause, uint256 a, uint256 b) private pure returns (uint256) {
        return clause == a ? b : clause == b ? a : clause;
    }
}
