// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAgreement} from "../src/interfaces/IAgreement.sol";
import {IAgreementCustody, Phase} from "../src/interfaces/IAgreementCustody.sol";
import {IAgreementFactory, Rating} from "../src/interfaces/IAgreementFactory.sol";
import {IAgreementPayout} from "../src/interfaces/IAgreementPayout.sol";
import {Clause, Clauses, General, Heading, Windows} from "../src/libraries/Clauses.sol";
import {ChargingStandIn} from "./support/ChargingStandIn.sol";
import {PayoutFixture} from "./support/PayoutFixture.sol";
import {vm} from "./support/Vm.sol";

/// @dev When an agreement can be settled, and what that does.
contract AgreementSettleTest is PayoutFixture {
    // When

    function test_waitsForTheDisputeWindow() external {
        _deliver();
        uint256 from = agreement.deliveredAt() + DISPUTE_S;
        vm.warp(from - 1);
        _refuses(abi.encodeWithSelector(IAgreementPayout.AgreementNotSettleable.selector, from));
        vm.warp(from);
        _settle();
        vm.assertEq(agreement.settledAt(), from);
        vm.assertTrue(agreement.phase() == Phase.Settled);
    }

    function test_waitsForTheContestWindowOfTheLastCase() external {
        _deliver();
        vm.warp(block.timestamp + DISPUTE_S - 1 days);
        _charge(PAYEE_LEG, PENALTY, payer);
        uint256 from = block.timestamp + CONTEST_S;
        vm.warp(from - 1);
        _refuses(abi.encodeWithSelector(IAgreementPayout.AgreementNotSettleable.selector, from));
        vm.warp(from);
        _settle();
    }

    function test_roundsWindowsUpToSeconds() external {
        Windows memory windows = _windows();
        windows.disputeMs = 1001;
        _replace(WINDOWS, abi.encode(windows));
        _sealTerms();
        agreement = IAgreement(_create(PAYER_KEY, PAYEE_KEY));
        _deliver();
        vm.warp(block.timestamp + 1);
        _refuses(abi.encodeWithSelector(IAgreementPayout.AgreementNotSettleable.selector, block.timestamp + 1));
        vm.warp(block.timestamp + 1);
        _settle();
    }

    function test_waitsForOpenDisputes() external {
        _deliver();
        ChargingStandIn(address(agreement)).openDispute();
        vm.warp(block.timestamp + 10 * DISPUTE_S);
        _refuses(abi.encodeWithSelector(IAgreementPayout.AgreementDisputesOpen.selector, 1));
        ChargingStandIn(address(agreement)).closeDispute();
        _refuses(abi.encodeWithSelector(IAgreementPayout.AgreementNotSettleable.selector, block.timestamp + CONTEST_S));
        vm.warp(block.timestamp + CONTEST_S);
        _settle();
    }

    function test_refusesWhatIsNotDelivered() external {
        bytes memory refusal = abi.encodeWithSelector(IAgreementPayout.AgreementNotSettleable.selector, 0);
        _refuses(refusal);
        _fund();
        _start(_startCall());
        _refuses(refusal);
    }

    function test_settlesOnce() external {
        _deliverAndSettle();
        _refuses(abi.encodeWithSelector(IAgreementCustody.AgreementPhaseUnexpected.selector, Phase.Settled));
        vm.assertEq(factory.ratingOf(payer, payee).agreements, 1);
    }

    // With whom

    function test_wantsAllPartiesInTheirOrder() external {
        _deliver();
        vm.warp(block.timestamp + DISPUTE_S);
        for (uint256 count = 0; count < 3; ++count) {
            _refuses(
                _heading(count), abi.encodeWithSelector(IAgreementPayout.AgreementPartiesIncomplete.selector, count)
            );
        }
        bytes memory foreign = abi.encodeWithSelector(Clauses.ClauseNotInTerms.selector, termsHash);
        Heading memory heading = _heading(3);
        (heading.parties[1], heading.parties[2]) = (heading.parties[2], heading.parties[1]);
        _refuses(heading, foreign);
        heading.parties[1] = heading.parties[2];
        _refuses(heading, foreign);
    }

    /// @dev Nothing reads on as a party what follows the parties, even where its fields would do for one.
    function test_takesNoOtherClauseForAParty() external {
        _deliver();
        vm.warp(block.timestamp + DISPUTE_S);
        _refuses(_heading(4), abi.encodeWithSelector(Clauses.ClauseNotInTerms.selector, termsHash));
        _replace(DEVICE, _partyBody(3, 3, "no carrier", STRANGER_KEY, AMOUNT, PENALTY_CAP));
        _replace(GENERAL, _generalBodyOf(4));
        _sealTerms();
        agreement = IAgreement(_create(PAYER_KEY, PAYEE_KEY));
        vm.warp(BEGIN + 40 days);
        agreement.closeUndelivered(0, _clause(DEADLINE));
        vm.warp(block.timestamp + DISPUTE_S);
        _refuses(_heading(4), abi.encodeWithSelector(Clauses.ClauseNotInTerms.selector, termsHash));
        _refuses(_heading(3), abi.encodeWithSelector(IAgreementPayout.AgreementPartiesIncomplete.selector, 3));
    }

    function test_refusesPartiesThatAreNotNumberedInTheirOrder() external {
        _replace(CARRIER, _partyBody(3, 3, "carrier", CARRIER_KEY, AMOUNT, PENALTY_CAP));
        _sealTerms();
        agreement = IAgreement(_create(PAYER_KEY, PAYEE_KEY));
        vm.warp(BEGIN + 40 days);
        agreement.closeUndelivered(0, _clause(DEADLINE));
        vm.warp(block.timestamp + DISPUTE_S);
        _refuses(_heading(3), abi.encodeWithSelector(IAgreementPayout.AgreementPartiesIncomplete.selector, 2));
    }

    function test_refusesAPartyThatTheTermsDoNotName() external {
        _deliver();
        vm.warp(block.timestamp + DISPUTE_S);
        Heading memory heading = _heading(3);
        heading.parties[2].body = _partyBody(2, 3, "stranger", STRANGER_KEY, AMOUNT, PENALTY_CAP);
        _refuses(heading, abi.encodeWithSelector(Clauses.ClauseNotInTerms.selector, termsHash));
    }

    /// @dev The payer signs with a stranger what names another payee: nothing is settled in that payee's name, and nobody is rated.
    function test_settlesNothingForAPayeeWhoDidNotSign() external {
        agreement = IAgreement(_create(PAYER_KEY, STRANGER_KEY));
        vm.warp(BEGIN + 40 days);
        agreement.closeUndelivered(0, _clause(DEADLINE));
        vm.warp(block.timestamp + DISPUTE_S);
        _refuses(abi.encodeWithSelector(IAgreementFactory.AgreementFactoryNotAgreement.selector, agreement));
    }

    // What follows

    function test_freesTheEscrow() external {
        vm.assertEq(escrow.reserved(), 2 * AMOUNT);
        _deliverAndSettle();
        vm.assertEq(escrow.reserved(), 0);
    }

    function test_freesTheEscrowWhateverThePriceFeedSays() external {
        _deliver();
        vm.etch(address(priceFeed), hex"fe");
        vm.warp(block.timestamp + DISPUTE_S);
        _settle();
        vm.assertEq(escrow.reserved(), 0);
    }

    function test_ratesPayeeAndCarriersForTheirPayer() external {
        _deliver();
        _charge(CARRIER_LEG, PENALTY, payer);
        _charge(CARRIER_LEG, 4 * PENALTY, payer);
        vm.warp(block.timestamp + DISPUTE_S);
        vm.expectEmit();
        emit IAgreementFactory.Rated(payer, payee, address(agreement), Rating(1, 1, 0, 0));
        vm.expectEmit();
        emit IAgreementFactory.Rated(payer, carrier, address(agreement), Rating(1, 0, 2, uint128(PENALTY_CAP)));
        _settle();
        vm.assertEq(factory.ratingOf(payer, payer).agreements, 0);
        vm.assertEq(factory.ratingOf(carrier, payee).agreements, 0);
    }

    function test_ratesNobodyWhereNoLegBegan() external {
        vm.warp(BEGIN + 40 days);
        agreement.closeUndelivered(0, _clause(DEADLINE));
        vm.warp(block.timestamp + DISPUTE_S);
        vm.expectEmit();
        emit IAgreementPayout.Settled(2 * AMOUNT, 2 * AMOUNT);
        _settle();
        vm.assertEq(factory.ratingOf(payer, payee).agreements, 0);
        vm.assertEq(escrow.reserved(), 0);
    }

    function _refuses(bytes memory refusal) private {
        _refuses(_heading(3), refusal);
    }

    function _refuses(Heading memory heading, bytes memory refusal) private {
        Clause memory windows = _clause(WINDOWS);
        vm.expectRevert(refusal);
        agreement.settle(heading, windows);
    }

    function _generalBodyOf(uint8 partyCount) private view returns (bytes memory) {
        General memory general = _general();
        general.partyCount = partyCount;
        return _generalBody(general);
    }
}
