// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAgreement} from "../src/interfaces/IAgreement.sol";
import {IAgreementClaims, SignedHeader} from "../src/interfaces/IAgreementClaims.sol";
import {Phase} from "../src/interfaces/IAgreementCustody.sol";
import {Clause, Heading, Windows} from "../src/libraries/Clauses.sol";
import {LegKeys} from "../src/libraries/Records.sol";
import {ClaimsFixture} from "./support/ClaimsFixture.sol";
import {vm} from "./support/Vm.sol";

/// @dev Until when breaches can be claimed, and that settlement comes, whoever would rather have it never come.
contract ClaimsTimeTest is ClaimsFixture {
    uint256 private constant DISPUTE_S = 14 days;
    uint256 private constant REFUTE_S = 1 days;

    uint64 private _disputeMs = uint64(DISPUTE_S) * 1000;

    function setUp() public override {
        super.setUp();
        vm.deal(address(this), 100 ether);
    }

    receive() external payable {}

    function test_takesClaimsToTheLastSecondOfTheDisputeWindow() external {
        uint256 until = _delivered() + DISPUTE_S;
        vm.warp(until);
        _proven(1, 0);
        vm.warp(until + 1);
        bytes memory refusal = _closed(until);
        _refuses(_proofCall(1, ABOVE_40, _alone(_excursion(1, 4)), 1), refusal);
        _refusesToAdvance(_proofCall(1, ABOVE_40, _alone(_excursion(1, 4)), 1), refusal);
        (LegKeys memory keys, Clause memory silence) = (_legKeys(1), _clause(SILENCE));
        SignedHeader memory last = _signed(_heartbeat(1, 6, BEFORE));
        vm.expectRevert(refusal);
        agreement.claimSilence{value: 0.1 ether}(1, keys, silence, last);
    }

    /// @dev What was claimed in time can be raised in time, and no later.
    function test_raisesNothingAfterwards() external {
        uint256 until = _delivered() + DISPUTE_S;
        vm.warp(until);
        _prove(_proofCall(1, ABOVE_40, _alone(_excursion(1, 0)), 1));
        vm.warp(until + 1);
        _refuses(_proofCall(1, ABOVE_40, _alone(_envelope(1, 0, "before", _values(39_000, 90_000))), 1), _closed(until));
    }

    /// @dev A rehearsal's windows are seconds: its proofs are not shut out.
    function test_leavesAnHourAtLeast() external {
        _disputeMs = 2000;
        _renew();
        uint256 until = _delivered() + 1 hours;
        vm.warp(until);
        _proven(1, 0);
        vm.warp(until + 1);
        _refuses(_proofCall(1, ABOVE_40, _alone(_excursion(1, 2)), 1), _closed(until));
    }

    function test_theHourKeepsNobodyFromSettlingBefore() external {
        _disputeMs = 2000;
        _renew();
        uint256 delivered = _delivered();
        vm.warp(delivered + CONTEST_S);
        _settles();
    }

    /// @dev Who had proofs and showed them one by one could keep everybody's money away for ever.
    function test_proofsShownOneByOneEnd() external {
        uint256 until = _delivered() + DISPUTE_S;
        for (uint32 i = 0; block.timestamp <= until; ++i) {
            _proven(1, 2 * i);
            vm.warp(block.timestamp + CONTEST_S - 1);
        }
        _refuses(_proofCall(1, ABOVE_40, _alone(_excursion(1, 18)), 1), _closed(until));
        vm.warp(until + CONTEST_S);
        _settles();
    }

    /// @dev The latest that anybody can bring about: claimed at last, contested at last, answered never.
    function testFuzz_settlementComes(uint32 claimAt, uint32 contestAt, bool isContested) external {
        uint256 until = _delivered() + DISPUTE_S;
        vm.warp(until - claimAt % DISPUTE_S);
        bytes32 caseId = _proven(1, 0);
        if (isContested) {
            vm.warp(block.timestamp + contestAt % CONTEST_S);
            _contest(caseId, carrier, agreement.contestBondWei(uint96(BOND_WEI)));
            vm.warp(block.timestamp + ANSWER_S + 1);
            agreement.resolve(caseId);
        }
        vm.warp(until + CONTEST_S + ANSWER_S + 1 + CONTEST_S);
        _settles();
    }

    /// @dev The longest way there is: a claim of silence that nobody refutes, contested when it stands.
    function testFuzz_settlementComesAfterAClaimOfSilence(uint32 claimAt, uint32 contestAt, bool isContested) external {
        uint256 until = _delivered() + DISPUTE_S;
        vm.warp(until - claimAt % DISPUTE_S);
        (LegKeys memory keys, Clause memory silence) = (_legKeys(1), _clause(SILENCE));
        agreement.claimSilence{value: 0.1 ether}(1, keys, silence, _signed(_heartbeat(1, 4, BEFORE)));
        vm.warp(block.timestamp + REFUTE_S + 1);
        bytes32 caseId = _caseId(1, SILENCE_ID, 4, ONCE_INDEX);
        agreement.resolve(caseId);
        if (isContested) {
            vm.warp(block.timestamp + contestAt % CONTEST_S);
            _contest(caseId, carrier, agreement.contestBondWei(uint96(BOND_WEI)));
            vm.warp(block.timestamp + ANSWER_S + 1);
            agreement.resolve(caseId);
        }
        vm.warp(until + REFUTE_S + 1 + CONTEST_S + ANSWER_S + 1 + CONTEST_S);
        _settles();
    }

    function _windows() internal view override returns (Windows memory windows) {
        windows = super._windows();
        windows.disputeMs = _disputeMs;
    }

    /// @dev The same shipment under the windows as they are now.
    function _renew() private {
        _replace(WINDOWS, abi.encode(_windows()));
        _sealTerms();
        agreement = IAgreement(_create(PAYER_KEY, PAYEE_KEY));
        _begin();
    }

    function _delivered() private returns (uint256 deliveredAt) {
        _recordCut(_cutCall(1, 20, PAYER, PAYER_KEY));
        deliveredAt = agreement.deliveredAt();
        vm.assertEq(deliveredAt, block.timestamp);
    }

    function _settles() private {
        (Heading memory heading, Clause memory windows) = (_heading(PARTIES), _clause(WINDOWS));
        agreement.settle(heading, windows);
        vm.assertTrue(agreement.phase() == Phase.Settled);
    }

    function _closed(uint256 until) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IAgreementClaims.AgreementClaimsClosed.selector, until);
    }
}
