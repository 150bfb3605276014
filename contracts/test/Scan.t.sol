// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAgreementClaims} from "../src/interfaces/IAgreementClaims.sol";
import {Clauses, Limit} from "../src/libraries/Clauses.sol";
import {Disclosure, EnvelopeCodec} from "../src/libraries/EnvelopeCodec.sol";
import {Scan, Stage} from "../src/libraries/Scan.sol";
import {RandomSeries} from "./support/RandomSeries.sol";
import {ScanHarness} from "./support/ScanHarness.sol";
import {Reading, ScanReference} from "./support/ScanReference.sol";
import {vm} from "./support/Vm.sol";

contract ScanTest is RandomSeries {
    uint256 private constant NOWHERE = type(uint256).max;

    ScanHarness private harness;

    function setUp() external {
        harness = new ScanHarness();
    }

    /// @dev Every reading of a leg is tried as the first outside: the walk takes exactly those that are, and measures each excursion alike.
    function testFuzz_findsAndMeasuresEveryExcursionLikeTheReference(uint256 seed, uint64 durationMs) external {
        _sow(seed);
        uint32 leg = uint32(_draw(2));
        Limit memory limit = _randomLimit(uint64(durationMs % 100_000));
        Envelope[] memory envelopes = _randomEnvelopes(leg, 0);
        Reading[] memory all = _readings(envelopes);
        Disclosure[] memory run = _disclosed(envelopes);
        for (uint256 place = 0; place < all.length; ++place) {
            _requireLikeReference(limit, leg, run, all, place);
        }
    }

    function testFuzz_sumsALegLikeTheReference(uint256 seed) external {
        _sow(seed);
        uint32 leg = uint32(_draw(2));
        Limit memory limit = _randomLimit(100_000);
        Envelope[] memory envelopes = _randomEnvelopes(leg, uint32(_draw(3)));
        Reading[] memory all = _readings(envelopes);
        uint256 expectedMs = ScanReference.outsideMs(limit, leg, all, 0, all.length);
        Scan memory scan = harness.walk(
            harness.begin(Clauses.CUMULATIVE_LIMIT), _inLeg(limit, leg), _disclosed(envelopes), NOWHERE, 0
        );
        vm.assertEq(scan.outsideMs, expectedMs);
        vm.assertTrue(harness.isBroken(scan, limit) == (expectedMs >= limit.durationMs));
    }

    function testFuzz_givesTheSameHoweverTheRunIsSplit(uint256 seed) external {
        _sow(seed);
        uint32 leg = uint32(_draw(2));
        Limit memory limit = _randomLimit(uint64(_draw(2) * 30_000));
        Envelope[] memory envelopes = _randomEnvelopes(leg, 0);
        Reading[] memory all = _readings(envelopes);
        Disclosure[] memory run = _disclosed(envelopes);
        for (uint256 place = 0; place < all.length; ++place) {
            if (!ScanReference.beginsExcursion(limit, leg, all, place)) continue;
            _requireSplit(
                harness.begin(Clauses.SINGLE_LIMIT), _inLeg(limit, leg), run, all[place].seq, all[place].index
            );
        }
        if (limit.durationMs == 0) return;
        _requireSplit(harness.begin(Clauses.CUMULATIVE_LIMIT), _inLeg(limit, leg), run, NOWHERE, 0);
    }

    function test_measuresDepthOnTheSideOfTheLimit() external view {
        Limit memory limit;
        (limit.side, limit.bound) = (Clauses.SIDE_BELOW, -5);
        Scan memory scan;
        scan.worst = type(int32).min + 1;
        vm.assertEq(harness.excessOf(scan, limit, Clauses.INSTANTANEOUS_LIMIT), uint256(2 ** 31 - 6));
        (limit.side, scan.worst) = (Clauses.SIDE_ABOVE, type(int32).max);
        vm.assertEq(harness.excessOf(scan, limit, Clauses.INSTANTANEOUS_LIMIT), uint256(2 ** 31 + 4));
    }

    function test_countsTimeBeyondTheDuration() external view {
        Limit memory limit;
        Scan memory scan;
        (limit.durationMs, scan.outsideMs) = (40, 42);
        vm.assertEq(harness.excessOf(scan, limit, Clauses.SINGLE_LIMIT), uint256(2));
    }

    /// @dev The farthest that values and times go: no sum of an honest prover's is ever refused for its size.
    function test_bearsTheLargestTimesAndValues() external view {
        Limit memory limit = _timedLimit(Clauses.BETWEEN_LINEAR);
        (limit.bound, limit.gapMsMax) = (type(int32).min + 2, type(uint64).max);
        Envelope[] memory envelopes = new Envelope[](3);
        for (uint32 i = 0; i < 3; ++i) {
            envelopes[i] = _measured(1, i, "", _values(type(int32).max, type(int32).max));
            envelopes[i].times[1] = type(uint32).max;
            envelopes[i].baseMonotonicMs = i % 2 == 0 ? 0 : type(uint64).max;
        }
        envelopes[0].columns[0][0] = type(int32).min + 1;
        Scan memory scan =
            harness.walk(harness.begin(Clauses.CUMULATIVE_LIMIT), limit, _disclosed(envelopes), NOWHERE, 0);
        vm.assertEq(scan.outsideMs, uint256(type(uint64).max));
        vm.assertEq(scan.timeMs, uint256(type(uint32).max));
    }

    function test_countsNothingAcrossAnEnvelopeThatASumLeavesOut() external view {
        Limit memory limit = _timedLimit(Clauses.BETWEEN_HOLD);
        Envelope[] memory envelopes = new Envelope[](3);
        for (uint32 i = 0; i < 3; ++i) {
            envelopes[i] = _measured(1, i, "", _values(9, 9, 9));
            envelopes[i].baseMonotonicMs = 3 * READING_MS * i;
        }
        Disclosure[] memory run = _disclosed(envelopes);
        Scan memory scan = harness.begin(Clauses.CUMULATIVE_LIMIT);
        vm.assertEq(harness.walk(scan, limit, run, NOWHERE, 0).outsideMs, uint256(8 * READING_MS));
        run[1] = Disclosure(run[1].header, "", 0, "", 0, new bytes32[](0));
        vm.assertEq(harness.walk(scan, limit, run, NOWHERE, 0).outsideMs, uint256(4 * READING_MS));
    }

    function test_leavesNoEnvelopeOfAnExcursionOut() external {
        Disclosure[] memory run = _pair(_envelope(1, 0, "", _values(9)), _envelope(1, 1, "", _values(9)));
        run[1] = Disclosure(run[1].header, "", 0, "", 0, new bytes32[](0));
        Scan memory scan = harness.begin(Clauses.SINGLE_LIMIT);
        vm.expectRevert(abi.encodeWithSelector(EnvelopeCodec.EnvelopeColumnMismatch.selector, 1));
        harness.walk(scan, _timedLimit(Clauses.BETWEEN_HOLD), run, 0, 0);
    }

    function test_asksForTimesOnlyWhereTheyCount() external {
        Limit memory limit;
        limit.side = Clauses.SIDE_ABOVE;
        Disclosure[] memory run = _alone(_envelope(0, 0, "", _values(9)));
        run[0].times = "";
        harness.walk(harness.begin(Clauses.INSTANTANEOUS_LIMIT), limit, run, 0, 0);
        limit.startUpMs = 1;
        _refusesTimes(limit, run);
        (limit.startUpMs, limit.durationMs) = (0, 1);
        _refusesTimes(limit, run);
        run[0] = _silentEnvelope(0, 0, "", 2);
        run[0].times = "";
        vm.assertTrue(harness.walk(harness.begin(Clauses.SINGLE_LIMIT), limit, run, NOWHERE, 0).stage == Stage.Seeking);
    }

    function _refusesTimes(Limit memory limit, Disclosure[] memory run) private {
        Scan memory scan = harness.begin(Clauses.SINGLE_LIMIT);
        vm.expectRevert(abi.encodeWithSelector(EnvelopeCodec.EnvelopeTimesMismatch.selector, 0));
        harness.walk(scan, limit, run, 0, 0);
    }

    function _requireLikeReference(
        Limit memory limit,
        uint32 leg,
        Disclosure[] memory run,
        Reading[] memory all,
        uint256 place
    ) private {
        Reading memory reading = all[place];
        Scan memory scan = harness.begin(Clauses.SINGLE_LIMIT);
        bytes memory refusal = _refusal(limit, leg, all, place);
        if (refusal.length > 0) vm.expectRevert(refusal);
        scan = harness.walk(scan, _inLeg(limit, leg), run, reading.seq, reading.index);
        if (refusal.length > 0) return;

        uint256 end = ScanReference.endOf(limit, leg, all, place);
        uint256 before = ScanReference.before(limit, leg, all, place);
        uint256 from = before == all.length ? place : before;
        vm.assertEq(scan.outsideMs, ScanReference.outsideMs(limit, leg, all, from, end), "outsideMs");
        vm.assertEq(int256(scan.worst), ScanReference.worst(limit, leg, all, place, end));
        vm.assertEq(scan.startSeq, reading.seq);
        vm.assertEq(scan.startIndex, reading.index);
        vm.assertTrue(scan.stage == (end == all.length ? Stage.Outside : Stage.Over), "stage");
    }

    function _refusal(Limit memory limit, uint32 leg, Reading[] memory all, uint256 place)
        private
        pure
        returns (bytes memory)
    {
        if (ScanReference.beginsExcursion(limit, leg, all, place)) return "";
        Reading memory reading = all[place];
        if (!ScanReference.isSample(limit, leg, reading)) {
            return abi.encodeWithSelector(IAgreementClaims.AgreementReadingAbsent.selector, reading.index);
        }
        if (!ScanReference.isOutside(limit, reading)) {
            return abi.encodeWithSelector(IAgreementClaims.AgreementReadingInside.selector, reading.value);
        }
        Reading memory before = all[ScanReference.before(limit, leg, all, place)];
        return abi.encodeWithSelector(IAgreementClaims.AgreementNotFirstOutside.selector, before.seq, before.index);
    }

    /// @dev One walk over all, and one in runs of one to three envelopes.
    function _requireSplit(
        Scan memory scan,
        Limit memory limit,
        Disclosure[] memory run,
        uint256 position,
        uint16 index
    ) private {
        Scan memory whole = harness.walk(scan, limit, run, position, index);
        uint256 taken = 0;
        while (taken < run.length) {
            uint256 length = 1 + _draw(3);
            if (length > run.length - taken) length = run.length - taken;
            Disclosure[] memory part = new Disclosure[](length);
            for (uint256 i = 0; i < length; ++i) {
                part[i] = run[taken + i];
            }
            bool isHere = position >= taken && position < taken + length;
            scan = harness.walk(scan, limit, part, isHere ? position - taken : NOWHERE, index);
            taken += length;
        }
        vm.assertEq(keccak256(abi.encode(scan)), keccak256(abi.encode(whole)));
    }

    /// @dev The start-up is over where the leg is not the first, as who walks sees to.
    function _inLeg(Limit memory limit, uint32 leg) private pure returns (Limit memory there) {
        there = Limit(
            limit.limitId,
            limit.metric,
            limit.side,
            limit.bound,
            limit.durationMs,
            leg > 0 ? 0 : limit.startUpMs,
            limit.gapMsMax,
            limit.between,
            limit.scope,
            limit.penalty
        );
    }

    function _timedLimit(uint8 between) private pure returns (Limit memory limit) {
        limit.side = Clauses.SIDE_ABOVE;
        (limit.durationMs, limit.gapMsMax, limit.between) = (1, READING_MS, between);
    }
}
