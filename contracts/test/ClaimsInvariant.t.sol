// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Case, CaseState} from "../src/interfaces/IAgreementClaims.sol";
import {ChargingHandler} from "./support/ChargingHandler.sol";
import {Invariants} from "./support/Invariants.sol";
import {vm} from "./support/Vm.sol";

contract ClaimsInvariantTest is Invariants {
    uint16 private constant LIMITS = 9;

    ChargingHandler private handler;

    function setUp() external {
        handler = new ChargingHandler();
        handler.setUp();
        bytes4[] memory selectors = new bytes4[](8);
        selectors[0] = ChargingHandler.prove.selector;
        selectors[1] = ChargingHandler.advance.selector;
        selectors[2] = ChargingHandler.contest.selector;
        selectors[3] = ChargingHandler.answer.selector;
        selectors[4] = ChargingHandler.resolve.selector;
        selectors[5] = ChargingHandler.claim.selector;
        selectors[6] = ChargingHandler.refute.selector;
        selectors[7] = ChargingHandler.pass.selector;
        _target(address(handler), selectors);
    }

    /// forge-config: default.invariant.runs = 24
    /// forge-config: deep.invariant.runs = 1000
    function invariant_everyCaseIsABreachAndTheBooksAreTheirSum() external view {
        bytes32[] memory ids = handler.cases();
        Case[] memory cases = new Case[](ids.length);
        for (uint256 i = 0; i < ids.length; ++i) {
            cases[i] = handler.found(ids[i]);
        }
        _requireBreaches(ids, cases);
        for (uint32 leg = 0; leg < 2; ++leg) {
            vm.assertEq(handler.penaltiesOf(leg), _sumOf(cases, leg));
        }
        _requireBonds(cases);
    }

    /// @dev The invariant would hold of a handler that never gets anything done.
    function test_theHandlerReachesEveryState() external {
        for (uint256 i = 0; i < 600; ++i) {
            uint256 draw = uint256(keccak256(abi.encode(i)));
            (uint8 a, uint8 b, uint8 c, uint8 d) = (uint8(draw), uint8(draw >> 8), uint8(draw >> 16), uint8(draw >> 24));
            uint256 what = (draw >> 64) % 12;
            bool isSecond = (draw >> 128) % 2 == 1;
            if (what < 4) handler.prove(isSecond, a, b, c, d, uint8(draw >> 32));
            else if (what < 6) handler.advance(isSecond, a, b, c, d, uint8(draw >> 32));
            else if (what == 6) handler.contest(a);
            else if (what == 7) handler.answer(a);
            else if (what == 8) handler.resolve(a);
            else if (what == 9) handler.claim(isSecond, a);
            else if (what == 10) handler.refute(a);
            else handler.pass(uint32(draw >> 32));
        }
        vm.assertTrue(handler.provenCount() > handler.raisedCount());
        vm.assertTrue(handler.raisedCount() > 0);
        vm.assertTrue(handler.contestedCount() > 0);
        vm.assertTrue(handler.upheldCount() > 0);
        vm.assertTrue(handler.voidedCount() > 0);
        vm.assertTrue(handler.claimedCount() > 0);
        vm.assertTrue(handler.refutedCount() > 0);
    }

    /// @dev So an excursion is charged once, wherever a proof begins and however it is split.
    function _requireBreaches(bytes32[] memory ids, Case[] memory cases) private view {
        for (uint256 i = 0; i < ids.length; ++i) {
            (Case memory found, uint256 cost) = (cases[i], handler.costOf(ids[i]));
            vm.assertTrue(cost > 0, "no such breach");
            vm.assertLe(found.penalty, cost, "penalty");
            vm.assertTrue((found.penalty == 0) == (found.state == CaseState.Void), "state");
        }
    }

    /// @dev What the agreement holds are the bonds of open disputes.
    function _requireBonds(Case[] memory cases) private view {
        (uint256 open, uint256 bondsWei) = (0, 0);
        for (uint256 i = 0; i < cases.length; ++i) {
            Case memory found = cases[i];
            bool isOpen = found.state == CaseState.Contested || found.state == CaseState.Claimed;
            if (isOpen) ++open;
            vm.assertTrue(isOpen == (found.challenger != address(0)), "challenger");
            bondsWei += found.bondWei;
        }
        vm.assertEq(handler.openDisputes(), open);
        vm.assertEq(handler.heldWei(), bondsWei);
    }

    /// @dev What its cases cost the custodian of a leg, each clause up to its cap.
    function _sumOf(Case[] memory cases, uint32 leg) private view returns (uint256 sum) {
        for (uint16 limitId = 1; limitId < LIMITS; ++limitId) {
            uint256 ofClause = 0;
            for (uint256 i = 0; i < cases.length; ++i) {
                if (cases[i].leg == leg && cases[i].limitId == limitId) ofClause += cases[i].penalty;
            }
            uint256 limitMax = handler.limitMaxOf(limitId);
            sum += ofClause < limitMax ? ofClause : limitMax;
        }
    }
}
