// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {SignedMath} from "@openzeppelin/contracts/utils/math/SignedMath.sol";
import {IAgreementClaims} from "../interfaces/IAgreementClaims.sol";
import {Clauses, Limit} from "./Clauses.sol";
import {Disclosure, EnvelopeCodec} from "./EnvelopeCodec.sol";

/// @notice How far a walk over the readings of one metric has come.
enum Stage {
    /// The first reading outside is still to come.
    Seeking,
    /// In the excursion.
    Outside,
    /// A reading inside has ended the excursion.
    Over,
    /// A cumulative limit: all readings count, wherever they lie.
    Counting
}

/// @notice What a walk remembers, in three slots. A sample is a reading that is there: not missing, not of the start-up.
/// @param firstSeq Envelope with which the walk began.
/// @param nextSeq Envelope that it expects next.
/// @param startSeq Envelope of the first sample outside.
/// @param startIndex Its place in the envelope.
/// @param worst The value farthest outside.
/// @param value Value of the last sample.
/// @param outsideMs Time outside so far.
/// @param boot Boot of the device in which the last sample was taken.
/// @param timeMs When, in milliseconds since the leg began: a header's 64 bits and a time's 32.
/// @param seq Envelope of the last sample.
/// @param index Its place in the envelope.
/// @param hasSample Whether there is a last sample.
/// @param head Digest of the last envelope; 0 before the first.
struct Scan {
    Stage stage;
    uint32 firstSeq;
    uint32 nextSeq;
    uint32 startSeq;
    uint16 startIndex;
    int32 worst;
    int32 value;
    uint64 outsideMs;
    bytes16 boot;
    uint72 timeMs;
    uint32 seq;
    uint16 index;
    bool hasSample;
    bytes32 head;
}

/// @title The walk over the readings of one metric in one leg that judges a limit (rule version 1)
/// @notice Forward, sample by sample, in order of sequence number and index; that envelopes follow each other is for the caller to check.
/// What counts between two consecutive samples: nothing where the device was restarted between them, time went back, or they lie further
/// apart than `gapMsMax`; else, of the time between them, all from a sample outside (hold), all when either is outside (worst case), or the
/// part of the straight line between them that lies outside (linear), rounded down.
library Scans {
    using Clauses for Limit;

    /// @dev What the samples of one envelope are judged by, and what is known of the one before: how far outside (0 or less inside), when, and
    /// whether time counts since.
    struct Fold {
        uint256 baseMs;
        uint256 startUpMs;
        int256 bound;
        int256 sign;
        bool isTimed;
        bool canEnd;
        bool isLinked;
        int256 depth;
        uint256 timeMs;
        int256 worst;
        uint256 outsideMs;
    }

    /// @dev Start of an excursion that does not lie in the envelope.
    uint256 internal constant ELSEWHERE = type(uint256).max;

    function begin(uint16 kind) internal pure returns (Scan memory scan) {
        if (kind != Clauses.CUMULATIVE_LIMIT) return scan;
        (scan.stage, scan.startSeq, scan.startIndex) = (Stage.Counting, type(uint32).max, type(uint16).max);
    }

    /// @notice Takes one more envelope, whose header has been checked.
    /// @param start Place of the reading that is said to be the first outside; ELSEWHERE when it is not in this envelope.
    function take(Scan memory scan, Limit memory limit, Disclosure calldata shown, uint256 start) internal pure {
        Stage stage = scan.stage;
        if (stage == Stage.Over) return;
        // Shown by its header alone: a prover may leave out what it does not need of a sum, but then nothing counts across.
        if (stage == Stage.Counting && shown.hashes.length == 0) {
            scan.hasSample = false;
            return;
        }
        uint256 count = EnvelopeCodec.requireColumn(shown, limit.metric);
        if (count > 0 && isTimed(limit)) EnvelopeCodec.requireTimes(shown);
        if (stage != Stage.Seeking) return _follow(scan, limit, shown, 0, count);
        _seek(scan, limit, shown, Math.min(start, count));
        if (start == ELSEWHERE) return;
        if (start >= count) revert IAgreementClaims.AgreementReadingAbsent(SafeCast.toUint16(start));
        _begin(scan, limit, shown, start);
        _follow(scan, limit, shown, start, count);
    }

    /// @notice Whether a limit needs the times of readings.
    function isTimed(Limit memory limit) internal pure returns (bool) {
        return limit.durationMs > 0 || limit.startUpMs > 0;
    }

    /// @notice Whether what was walked over breaks the limit.
    function isBroken(Scan memory scan, Limit memory limit) internal pure returns (bool) {
        return scan.stage != Stage.Seeking && scan.outsideMs >= limit.durationMs;
    }

    /// @notice By how much: beyond the bound in the metric's unit for an instantaneous limit, else milliseconds beyond the duration.
    function excessOf(Scan memory scan, Limit memory limit, uint16 kind) internal pure returns (uint256) {
        if (kind == Clauses.INSTANTANEOUS_LIMIT) return uint256(_depthOf(limit, scan.worst));
        return scan.outsideMs - limit.durationMs;
    }

    /// @dev Remembers the last sample below `end`, which is what an excursion that begins later has before it.
    function _seek(Scan memory scan, Limit memory limit, Disclosure calldata shown, uint256 end) private pure {
        uint256 baseMs = EnvelopeCodec.baseMonotonicMsOf(shown.header);
        while (end > 0) {
            (bool isThere,, uint256 timeMs) = _sampleAt(limit, shown.column, shown.times, baseMs, --end);
            if (isThere) return _remember(scan, shown, end, timeMs);
        }
    }

    /// @dev The excursion begins at `start`: that sample is outside, and the one before it inside, or there is none in the leg.
    function _begin(Scan memory scan, Limit memory limit, Disclosure calldata shown, uint256 start) private pure {
        uint256 baseMs = EnvelopeCodec.baseMonotonicMsOf(shown.header);
        (bool isThere, int32 value,) = _sampleAt(limit, shown.column, shown.times, baseMs, start);
        if (!isThere) revert IAgreementClaims.AgreementReadingAbsent(SafeCast.toUint16(start));
        if (!limit.isOutside(value)) revert IAgreementClaims.AgreementReadingInside(value);
        if (!scan.hasSample) {
            if (scan.firstSeq != 0) revert IAgreementClaims.AgreementPredecessorMissing(scan.firstSeq);
        } else if (limit.isOutside(scan.value)) {
            revert IAgreementClaims.AgreementNotFirstOutside(scan.seq, scan.index);
        }
        (scan.stage, scan.worst) = (Stage.Outside, value);
        (scan.startSeq, scan.startIndex) = (EnvelopeCodec.seqOf(shown.header), SafeCast.toUint16(start));
    }

    /// @dev Folds the samples from `from` on, up to the one that ends the excursion. Unchecked, as it is what a proof costs: values have 32
    /// bits, times 72, and an envelope at most 512 readings.
    function _follow(Scan memory scan, Limit memory limit, Disclosure calldata shown, uint256 from, uint256 count)
        private
        pure
    {
        Fold memory fold = _fold(scan, limit, shown.header);
        (bytes calldata column, bytes calldata times) = (shown.column, shown.times);
        uint256 last = count;
        unchecked {
            for (uint256 i = from; i < count; ++i) {
                int256 value = EnvelopeCodec.valueAt(column, i);
                if (value == EnvelopeCodec.MISSING) continue;
                uint256 timeMs = fold.isTimed ? fold.baseMs + EnvelopeCodec.timeAt(times, i) : 0;
                if (timeMs < fold.startUpMs) continue;
                int256 depth = fold.sign * (value - fold.bound);
                if (fold.isLinked) fold.outsideMs += _countedMs(limit, fold.depth, depth, fold.timeMs, timeMs);
                if (depth > fold.worst) fold.worst = depth;
                (last, fold.isLinked, fold.depth, fold.timeMs) = (i, fold.isTimed, depth, timeMs);
                if (depth <= 0 && fold.canEnd) {
                    scan.stage = Stage.Over;
                    break;
                }
            }
        }
        if (last == count) return;
        scan.outsideMs = uint64(Math.min(fold.outsideMs, type(uint64).max));
        scan.worst = int32(fold.bound + fold.sign * fold.worst);
        _remember(scan, shown, last, fold.timeMs);
    }

    function _remember(Scan memory scan, Disclosure calldata shown, uint256 index, uint256 timeMs) private pure {
        scan.value = EnvelopeCodec.valueAt(shown.column, index);
        scan.boot = EnvelopeCodec.bootOf(shown.header);
        scan.timeMs = SafeCast.toUint72(timeMs);
        (scan.seq, scan.index, scan.hasSample) = (EnvelopeCodec.seqOf(shown.header), SafeCast.toUint16(index), true);
    }

    /// @dev What `_follow` needs of scan and limit, at hand.
    function _fold(Scan memory scan, Limit memory limit, bytes calldata header)
        private
        pure
        returns (Fold memory fold)
    {
        fold.baseMs = EnvelopeCodec.baseMonotonicMsOf(header);
        fold.startUpMs = limit.startUpMs;
        (fold.bound, fold.sign) = (limit.bound, limit.side == Clauses.SIDE_ABOVE ? int256(1) : int256(-1));
        (fold.isTimed, fold.canEnd) = (isTimed(limit), scan.stage == Stage.Outside);
        fold.isLinked = fold.isTimed && scan.hasSample && scan.boot == EnvelopeCodec.bootOf(header);
        (fold.depth, fold.timeMs) = (_depthOf(limit, scan.value), scan.timeMs);
        (fold.worst, fold.outsideMs) = (_depthOf(limit, scan.worst), scan.outsideMs);
    }

    /// @dev Time outside between two samples of one boot; their depths tell which of them are.
    function _countedMs(Limit memory limit, int256 lastDepth, int256 depth, uint256 lastMs, uint256 timeMs)
        private
        pure
        returns (uint256 elapsedMs)
    {
        unchecked {
            if (lastDepth <= 0 && depth <= 0 || timeMs < lastMs) return 0;
            elapsedMs = timeMs - lastMs;
            if (elapsedMs > limit.gapMsMax) return 0;
            if (lastDepth > 0 && depth > 0 || limit.between == Clauses.BETWEEN_WORST_CASE) return elapsedMs;
            if (limit.between == Clauses.BETWEEN_HOLD) return lastDepth > 0 ? elapsedMs : 0;
            return elapsedMs * uint256(SignedMath.max(lastDepth, depth)) / SignedMath.abs(lastDepth - depth);
        }
    }

    /// @return isThere Whether the reading is a sample.
    /// @return value Its value.
    /// @return timeMs When it was taken, in milliseconds since the leg began; 0 where time does not count.
    function _sampleAt(Limit memory limit, bytes calldata column, bytes calldata times, uint256 baseMs, uint256 index)
        private
        pure
        returns (bool isThere, int32 value, uint256 timeMs)
    {
        value = EnvelopeCodec.valueAt(column, index);
        if (value == EnvelopeCodec.MISSING) return (false, value, 0);
        if (isTimed(limit)) timeMs = baseMs + EnvelopeCodec.timeAt(times, index);
        isThere = timeMs >= limit.startUpMs;
    }

    /// @dev How far a value lies beyond the bound, in the metric's unit; 0 or less inside.
    function _depthOf(Limit memory limit, int256 value) private pure returns (int256) {
        return limit.side == Clauses.SIDE_ABOVE ? value - limit.bound : limit.bound - value;
    }
}
