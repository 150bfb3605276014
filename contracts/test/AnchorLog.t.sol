// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAnchorLog} from "../src/interfaces/IAnchorLog.sol";
import {vm} from "./support/Vm.sol";

contract AnchorLogTest {
    address private constant WRITER = address(0xA11CE);
    address private constant OTHER = address(0xB0B);
    bytes32 private constant ROOT = keccak256("root");

    IAnchorLog private log;

    function setUp() external {
        log = IAnchorLog(vm.deployCode("AnchorLog.sol:AnchorLog"));
        vm.warp(1_800_000_000);
    }

    function test_recordsRootSizeAndTime() external {
        vm.expectEmit();
        emit IAnchorLog.Anchored(WRITER, 0, ROOT, 7);
        _anchor(WRITER, 0, ROOT, 7);
        _requireLatest(WRITER, 1, 7, 1_800_000_000, ROOT);
        vm.assertEq(log.root(WRITER, 0), ROOT);
        vm.assertEq(log.root(WRITER, 1), 0);
    }

    function test_hasNothingOfAWriterWhoNeverWrote() external view {
        _requireLatest(WRITER, 0, 0, 0, 0);
        vm.assertEq(log.root(WRITER, 0), 0);
    }

    function testFuzz_keepsEveryRootOfAGrowingLog(uint8 countSeed, uint32 growth) external {
        uint64 count = 1 + countSeed % 20;
        uint64 size = 0;
        for (uint64 seq = 0; seq < count; ++seq) {
            size += 1 + uint64(growth);
            _anchor(WRITER, seq, keccak256(abi.encode(seq)), size);
        }
        for (uint64 seq = 0; seq < count; ++seq) {
            vm.assertEq(log.root(WRITER, seq), keccak256(abi.encode(seq)));
        }
        _requireLatest(WRITER, count, size, 1_800_000_000, keccak256(abi.encode(count - 1)));
    }

    function test_keepsWritersApart() external {
        _anchor(WRITER, 0, ROOT, 7);
        _anchor(OTHER, 0, keccak256("other"), 3);
        _requireLatest(WRITER, 1, 7, 1_800_000_000, ROOT);
        _requireLatest(OTHER, 1, 3, 1_800_000_000, keccak256("other"));
    }

    function test_changesNothingWhenTheLatestIsRepeated() external {
        _anchor(WRITER, 0, ROOT, 7);
        vm.warp(1_900_000_000);
        _anchor(WRITER, 0, ROOT, 7);
        _requireLatest(WRITER, 1, 7, 1_800_000_000, ROOT);
    }

    function test_changesNothingWhenAnEarlierOneIsRepeated() external {
        _anchor(WRITER, 0, ROOT, 7);
        _anchor(WRITER, 1, keccak256("second"), 9);
        _anchor(WRITER, 0, ROOT, 7);
        _requireLatest(WRITER, 2, 9, 1_800_000_000, keccak256("second"));
    }

    function test_refusesAnotherRootUnderATakenNumber() external {
        _anchor(WRITER, 0, ROOT, 7);
        vm.expectRevert(abi.encodeWithSelector(IAnchorLog.AnchorLogSeqNotNext.selector, 0, 1));
        _anchor(WRITER, 0, keccak256("forged"), 7);
    }

    function test_refusesAnotherSizeUnderTheLatestRoot() external {
        _anchor(WRITER, 0, ROOT, 7);
        vm.expectRevert(abi.encodeWithSelector(IAnchorLog.AnchorLogSeqNotNext.selector, 0, 1));
        _anchor(WRITER, 0, ROOT, 8);
    }

    function testFuzz_refusesToSkipANumber(uint64 seq) external {
        vm.assume(seq != 0);
        vm.expectRevert(abi.encodeWithSelector(IAnchorLog.AnchorLogSeqNotNext.selector, seq, 0));
        _anchor(WRITER, seq, ROOT, 7);
    }

    function testFuzz_refusesATreeThatDoesNotGrow(uint64 first, uint64 second) external {
        vm.assume(first > 0 && second <= first);
        _anchor(WRITER, 0, ROOT, first);
        vm.expectRevert(abi.encodeWithSelector(IAnchorLog.AnchorLogSizeNotGrown.selector, second, first));
        _anchor(WRITER, 1, keccak256("second"), second);
    }

    function test_refusesTheZeroRoot() external {
        vm.expectRevert(IAnchorLog.AnchorLogRootZero.selector);
        _anchor(WRITER, 0, 0, 7);
    }

    function test_notesForAnyoneHowManyRootsALogHolds() external {
        _anchor(WRITER, 0, ROOT, 7);
        vm.expectEmit();
        emit IAnchorLog.Witnessed(WRITER, 1, 1_800_000_000);
        vm.prank(OTHER);
        log.witness(WRITER);
        vm.warp(1_800_000_012);
        _anchor(WRITER, 1, keccak256("second"), 9);
        vm.assertEq(log.witnessed(WRITER, 1_800_000_000), 1);
        vm.assertEq(log.witnessed(WRITER, 1_800_000_012), 0);
        vm.assertEq(log.witnessed(OTHER, 1_800_000_000), 0);
    }

    function test_notesTheLargerCountOfOneSecond() external {
        _anchor(WRITER, 0, ROOT, 7);
        log.witness(WRITER);
        _anchor(WRITER, 1, keccak256("second"), 9);
        log.witness(WRITER);
        vm.assertEq(log.witnessed(WRITER, 1_800_000_000), 2);
    }

    function test_witnessingLeavesTheLogAsItIs() external {
        _anchor(WRITER, 0, ROOT, 7);
        vm.warp(1_900_000_000);
        log.witness(WRITER);
        _requireLatest(WRITER, 1, 7, 1_800_000_000, ROOT);
    }

    function _anchor(address writer, uint64 seq, bytes32 root, uint64 size) private {
        vm.prank(writer);
        log.anchor(seq, root, size);
    }

    function _requireLatest(address writer, uint64 count, uint64 size, uint256 anchoredAt, bytes32 root) private view {
        (uint64 countNow, uint64 sizeNow, uint256 anchoredAtNow, bytes32 rootNow) = log.latest(writer);
        vm.assertEq(countNow, count);
        vm.assertEq(sizeNow, size);
        vm.assertEq(anchoredAtNow, anchoredAt);
        vm.assertEq(rootNow, root);
    }
}
