// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAgreement} from "../src/interfaces/IAgreement.sol";
import {Conduct, IAgreementFactory, Rating} from "../src/interfaces/IAgreementFactory.sol";
import {ICollateralEscrow} from "../src/interfaces/ICollateralEscrow.sol";
import {ShipmentFixture} from "./support/ShipmentFixture.sol";
import {vm} from "./support/Vm.sol";

contract AgreementRatingsTest is ShipmentFixture {
    address private immutable payer = vm.addr(PAYER_KEY);
    address private immutable payee = vm.addr(PAYEE_KEY);
    address private immutable carrier = vm.addr(CARRIER_KEY);

    function test_concludingRatesThePartiesAndFreesTheReservation() external {
        Rating memory rated = Rating(1, 0, 3, 30 ether);
        vm.expectEmit();
        emit IAgreementFactory.Rated(payer, carrier, address(agreement), rated);
        vm.expectEmit();
        emit IAgreementFactory.AgreementConcluded(address(agreement), payer);
        vm.expectEmit();
        emit ICollateralEscrow.Released(address(agreement), 2 * AMOUNT);
        _conclude(_one(carrier, 3, 30 ether));
        _requireRating(payer, carrier, rated);
        vm.assertEq(escrow.reserved(), 0);
    }

    function test_nobodyButTheAgreementConcludesIt() external {
        Conduct[] memory conducts = _one(carrier, 0, 0);
        _refuses(vm.addr(STRANGER_KEY), termsHash, payee, conducts);
        _refuses(payer, termsHash, payee, conducts);
        // An agreement cannot speak for another: neither for other terms nor for other signers.
        _refuses(address(agreement), "other terms", payee, conducts);
        _refuses(address(agreement), termsHash, carrier, conducts);
        _requireRating(payer, carrier, Rating(0, 0, 0, 0));
        vm.assertEq(escrow.reserved(), 2 * AMOUNT);
    }

    /// @dev The implementation is no agreement: it carries no terms that anybody signed.
    function test_theImplementationConcludesNothing() external {
        _refuses(factory.implementation(), termsHash, payee, _one(carrier, 0, 0));
    }

    /// @dev Who pays itself through a ring of accounts gets ratings with those payers only.
    function test_ratingsArePerPayer() external {
        _conclude(_one(carrier, 0, 0));
        _requireRating(payer, carrier, Rating(1, 1, 0, 0));
        _requireRating(payee, carrier, Rating(0, 0, 0, 0));
        _requireRating(carrier, payer, Rating(0, 0, 0, 0));
        _requireRating(payer, payee, Rating(0, 0, 0, 0));
    }

    /// forge-config: default.fuzz.runs = 50
    /// forge-config: deep.fuzz.runs = 500
    function testFuzz_ratingsAddUpOverAgreements(uint16[4] calldata cases, uint96[4] calldata charged) external {
        Rating memory sum;
        for (uint256 i = 0; i < 4; ++i) {
            _conclude(_one(carrier, cases[i], charged[i]));
            ++sum.agreements;
            if (cases[i] == 0) ++sum.clean;
            sum.cases += cases[i];
            sum.charged += charged[i];
            _requireRating(payer, carrier, sum);
            _nextAgreement();
        }
        vm.assertEq(escrow.reserved(), 2 * AMOUNT);
    }

    /// @dev By the whole way: an agreement rates what was held against its parties.
    function test_aSettledAgreementRatesItsParties() external {
        _start(_startCall());
        _recordCut(_cutCall(0, 3, CARRIER, CARRIER_KEY));
        vm.warp(BEGIN + 40 days);
        agreement.closeUndelivered(1, _clause(DEADLINE));
        vm.warp(BEGIN + 54 days);
        agreement.settle(_heading(3), _clause(WINDOWS));
        _requireRating(payer, payee, Rating(1, 1, 0, 0));
        _requireRating(payer, carrier, Rating(1, 0, 1, uint128(PENALTY_CAP)));
        vm.assertEq(escrow.reserved(), 0);
    }

    function _nextAgreement() private {
        _add(6, "so that the terms are others");
        _sealTerms();
        agreement = IAgreement(_create(PAYER_KEY, PAYEE_KEY));
    }

    function _conclude(Conduct[] memory conducts) private {
        vm.prank(address(agreement));
        factory.conclude(termsHash, payer, payee, token, 2 * AMOUNT, conducts);
    }

    function _refuses(address caller, bytes32 terms, address withPayee, Conduct[] memory conducts) private {
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(IAgreementFactory.AgreementFactoryNotAgreement.selector, caller));
        factory.conclude(terms, payer, withPayee, token, 2 * AMOUNT, conducts);
    }

    function _requireRating(address of_, address party, Rating memory expected) private view {
        Rating memory rating = factory.ratingOf(of_, party);
        vm.assertEq(keccak256(abi.encode(rating)), keccak256(abi.encode(expected)));
    }

    function _one(address party, uint32 cases, uint96 charged) private pure returns (Conduct[] memory conducts) {
        conducts = new Conduct[](1);
        conducts[0] = Conduct(party, cases, charged);
    }
}
