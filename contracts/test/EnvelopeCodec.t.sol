// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Disclosure, EnvelopeCodec} from "../src/libraries/EnvelopeCodec.sol";
import {LibraryHarness} from "./support/LibraryHarness.sol";
import {vm} from "./support/Vm.sol";

contract EnvelopeCodecTest {
    /// @dev Temperature, door and longitude.
    uint32 private constant MASK = 1 << 0 | 1 << 6 | 1 << 11;

    LibraryHarness private harness;

    function setUp() external {
        harness = new LibraryHarness();
    }

    function testFuzz_readsWhatTheHeaderSays(uint32 leg, uint32 seq, bytes32 previous, uint16 countSeed) external view {
        uint16 count = 1 + countSeed % 512;
        bytes memory header = abi.encodePacked(
            hex"01010007",
            MASK,
            uint64(block.chainid),
            address(harness),
            leg,
            seq,
            bytes16("boot"),
            type(uint64).max,
            type(uint64).max,
            hex"0200",
            count,
            keccak256("body"),
            previous
        );
        (bytes32 digest, bool isHere, uint32 legRead, uint32 seqRead, bytes32 previousRead, uint16 countRead) =
            harness.envelope(header);
        vm.assertEq(digest, sha256(bytes.concat("consign.envelope", header)));
        vm.assertTrue(isHere);
        vm.assertEq(legRead, leg);
        vm.assertEq(seqRead, seq);
        vm.assertEq(previousRead, previous);
        vm.assertEq(countRead, count);
    }

    function test_refusesWhatNoServiceWouldStore() external {
        _refusesHeader(0, 0x02, "version");
        _refusesHeader(1, 0x02, "suite");
        _refusesHeader(2, 0x01, "flags, high byte");
        _refusesHeader(3, 0x08, "flags, low byte");
        _refusesHeader(76, 0x03, "clock state");
        _refusesHeader(77, 0x01, "reserved byte");
        _refusesHeader(78, 0x03, "513 readings or more");
        bytes memory empty = _header(3);
        empty[79] = 0;
        _refusesHeader(empty);
    }

    function testFuzz_refusesEveryOtherLength(uint16 length) external {
        vm.assume(length != 144);
        bytes memory header = _header(3);
        bytes memory resized = new bytes(length);
        for (uint256 i = 0; i < length && i < 144; ++i) {
            resized[i] = header[i];
        }
        _refusesHeader(resized);
    }

    function testFuzz_readsEveryColumn(int32[] calldata values, uint256 seed) external view {
        vm.assume(values.length > 0 && values.length <= 512);
        _requireValues(values, seed, 0, 1);
        _requireValues(values, seed, 6, 2);
        _requireValues(values, seed, 11, 3);
    }

    function testFuzz_hasNoValuesOfAMetricOutsideTheMask(uint8 metric) external {
        vm.assume(metric > 31 || MASK & (uint256(1) << metric) == 0);
        Disclosure memory shown = _shown(new int32[](3), 0, 1);
        (bytes memory column, bytes32 salt) = (shown.column, shown.columnSalt);
        (shown.column, shown.columnSalt) = ("", 0);
        vm.assertEq(harness.column(shown, metric).length, 0);
        (shown.column, shown.columnSalt) = (column, salt);
        _refusesColumn(shown, metric);
    }

    /// @dev Bodies whose hash is right, but over another number of columns than the mask has.
    function test_refusesTooFewOrTooManyHashes() external {
        Disclosure memory shown = _shown(new int32[](3), 0, 1);
        bytes32[] memory hashes = shown.hashes;
        for (uint256 count = 2; count < 7; ++count) {
            shown.hashes = new bytes32[](count);
            for (uint256 i = 0; i < count && i < hashes.length; ++i) {
                shown.hashes[i] = hashes[i];
            }
            _setBodyHash(shown);
            if (count == 4) vm.assertEq(harness.column(shown, 0).length, 3);
            else _refusesColumn(shown, 0);
        }
    }

    function test_refusesAColumnOfAnotherLengthThanTheCount() external {
        // The hash of a longer column is in the body hash, yet the header counts three readings.
        Disclosure memory shown = _shown(new int32[](4), 0, 1);
        shown.header[79] = 0x03;
        _refusesColumn(shown, 0);
    }

    function testFuzz_readsTheTimes(uint32[] calldata timesMs, uint256 seed) external view {
        vm.assume(timesMs.length > 0 && timesMs.length <= 512);
        Disclosure memory shown = _withTimes(timesMs, seed);
        vm.assertEq(keccak256(abi.encode(harness.times(shown))), keccak256(abi.encode(timesMs)));
    }

    function testFuzz_refusesAnyChangedTimeOrSalt(uint8 place, uint8 bit, bool isSalt) external {
        uint32[] memory timesMs = new uint32[](3);
        (timesMs[1], timesMs[2]) = (60_000, type(uint32).max);
        Disclosure memory shown = _withTimes(timesMs, 7);
        if (isSalt) shown.timesSalt ^= bytes32(uint256(1) << bit);
        else shown.times[place % 12] ^= bytes1(uint8(1 << (bit % 8)));
        _refusesTimes(shown);
    }

    function test_refusesTimesOfAnotherLengthThanTheCount() external {
        Disclosure memory shown = _withTimes(new uint32[](4), 7);
        shown.header[79] = 0x03;
        _refusesTimes(shown);
        shown = _withTimes(new uint32[](3), 7);
        shown.times = "";
        _refusesTimes(shown);
    }

    function testFuzz_readsBootAndClocks(bytes16 boot, uint64 monotonicMs, uint64 utcMs, uint8 clock) external view {
        bytes memory header = bytes.concat(
            hex"01010000", new bytes(40), boot, bytes8(monotonicMs), bytes8(utcMs), bytes1(clock % 3), new bytes(67)
        );
        (bytes16 bootRead, uint64 monotonicRead, uint64 utcRead, uint8 clockRead) = harness.clocks(header);
        vm.assertEq(bytes32(bootRead), bytes32(boot));
        vm.assertEq(monotonicRead, monotonicMs);
        vm.assertEq(utcRead, utcMs);
        vm.assertEq(clockRead, clock % 3);
    }

    function _withTimes(uint32[] memory timesMs, uint256 seed) private pure returns (Disclosure memory shown) {
        shown = _shown(new int32[](timesMs.length), seed, 1);
        for (uint256 i = 0; i < timesMs.length; ++i) {
            shown.times = abi.encodePacked(shown.times, timesMs[i]);
        }
        shown.timesSalt = keccak256(abi.encode("times", seed));
        shown.hashes[0] = sha256(abi.encodePacked(shown.timesSalt, shown.times));
        _setBodyHash(shown);
    }

    function _refusesTimes(Disclosure memory shown) private {
        vm.expectRevert(abi.encodeWithSelector(EnvelopeCodec.EnvelopeTimesMismatch.selector, 0));
        harness.times(shown);
    }

    function _requireValues(int32[] memory values, uint256 seed, uint8 metric, uint256 place) private view {
        int32[] memory read = harness.column(_shown(values, seed, place), metric);
        vm.assertEq(keccak256(abi.encode(read)), keccak256(abi.encode(values)));
    }

    /// @dev An envelope whose column hash number `place` is that of `values`.
    function _shown(int32[] memory values, uint256 seed, uint256 place) private pure returns (Disclosure memory shown) {
        shown.column = new bytes(4 * values.length);
        for (uint256 i = 0; i < shown.column.length; ++i) {
            shown.column[i] = bytes4(uint32(values[i / 4]))[i % 4];
        }
        shown.columnSalt = keccak256(abi.encode(seed));
        shown.hashes = new bytes32[](4);
        for (uint256 i = 0; i < 4; ++i) {
            shown.hashes[i] = keccak256(abi.encode(seed, i));
        }
        shown.hashes[place] = sha256(abi.encodePacked(shown.columnSalt, shown.column));
        shown.header = _header(uint16(values.length));
        _setBodyHash(shown);
    }

    function _setBodyHash(Disclosure memory shown) private pure {
        bytes32 bodyHash = sha256(abi.encodePacked(shown.hashes));
        for (uint256 i = 0; i < 32; ++i) {
            shown.header[80 + i] = bodyHash[i];
        }
    }

    function _header(uint16 count) private pure returns (bytes memory) {
        return bytes.concat(hex"01010000", bytes4(MASK), new bytes(70), bytes2(count), new bytes(64));
    }

    function _refusesHeader(uint256 place, uint8 value, string memory what) private {
        bytes memory header = _header(3);
        harness.envelope(header);
        header[place] = bytes1(value);
        vm.assertEq(header.length, 144, what);
        _refusesHeader(header);
    }

    function _refusesHeader(bytes memory header) private {
        vm.expectRevert(EnvelopeCodec.EnvelopeHeaderMalformed.selector);
        harness.envelope(header);
    }

    function _refusesColumn(Disclosure memory shown, uint8 metric) private {
        vm.expectRevert(abi.encodeWithSelector(EnvelopeCodec.EnvelopeColumnMismatch.selector, 0));
        harness.column(shown, metric);
    }
}
