// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Leg, Phase} from "../src/interfaces/IAgreementCustody.sol";
import {CustodyHandler} from "./support/CustodyHandler.sol";
import {Invariants} from "./support/Invariants.sol";
import {vm} from "./support/Vm.sol";

/// @dev The handler itself asserts that each step is taken exactly when it should be.
contract CustodyInvariantTest is Invariants {
    CustodyHandler private handler;

    function setUp() external {
        handler = new CustodyHandler();
        handler.setUp();
        handler.begin();
        bytes4[] memory selectors = new bytes4[](9);
        selectors[0] = CustodyHandler.cut.selector;
        selectors[1] = CustodyHandler.cutByHand.selector;
        selectors[2] = CustodyHandler.tender.selector;
        selectors[3] = CustodyHandler.refuse.selector;
        selectors[4] = CustodyHandler.deliver.selector;
        selectors[5] = CustodyHandler.lose.selector;
        selectors[6] = CustodyHandler.replay.selector;
        selectors[7] = CustodyHandler.restart.selector;
        selectors[8] = CustodyHandler.pass.selector;
        _target(address(handler), selectors);
    }

    /// @dev Legs only grow: what is known of one never changes but once, when it ends; there is one open leg, and none after it.
    /// forge-config: default.invariant.runs = 24
    /// forge-config: deep.invariant.runs = 1000
    /// forge-config: default.invariant.fail-on-revert = true
    /// forge-config: deep.invariant.fail-on-revert = true
    function invariant_custodyIsMonotone() external view {
        _requireMonotone();
    }

    /// @dev The invariant would hold of a handler that never gets anything done.
    function test_theHandlerTakesEveryWay() external {
        for (uint256 i = 0; i < 700; ++i) {
            uint256 draw = uint256(keccak256(abi.encode(i)));
            (uint8 a, uint8 b, uint8 c) = (uint8(draw), uint8(draw >> 8), uint8(draw >> 16));
            uint256 what = (draw >> 64) % 12;
            if (what == 0) handler.cut(a, b, uint32(draw >> 32));
            else if (what == 1) handler.cutByHand(a, b, c, uint32(draw >> 32));
            else if (what < 4) handler.tender(a, b);
            else if (what == 4) handler.refuse(a, b);
            else if (what < 7) handler.deliver(a);
            else if (what < 9) handler.lose(a);
            else if (what == 9) handler.replay(draw);
            else if (what == 10) handler.restart();
            else handler.pass(uint32(draw >> 32));
            _requireMonotone();
            if (handler.expectedPhase() == Phase.Delivered && a % 4 == 0) handler.begin();
        }
        vm.assertGe(handler.cuts(), 5, "cuts");
        vm.assertGe(handler.manualCuts(), 5, "manualCuts");
        vm.assertGe(handler.tenders(), 5, "tenders");
        vm.assertGe(handler.refusals(), 1, "refusals");
        vm.assertGe(handler.deliveriesByTender(), 1, "deliveriesByTender");
        vm.assertGe(handler.losses(), 1, "losses");
        vm.assertTrue(handler.deliveries() > handler.deliveriesByTender() + handler.losses());
        vm.assertGe(handler.replays(), 5, "replays");
    }

    function _requireMonotone() private view {
        uint32 legs = handler.legs();
        for (uint32 leg = 0; leg < legs; ++leg) {
            Leg memory expected = handler.expected(leg);
            vm.assertTrue(expected.ended == (leg + 1 < legs));
            vm.assertEq(keccak256(abi.encode(handler.found(leg))), keccak256(abi.encode(expected)));
        }
        Leg memory none;
        vm.assertEq(keccak256(abi.encode(handler.found(legs))), keccak256(abi.encode(none)));
        vm.assertTrue(handler.foundPhase() == handler.expectedPhase());
    }
}
