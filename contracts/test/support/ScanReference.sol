// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Clauses, Limit} from "../../src/libraries/Clauses.sol";

/// @dev One reading of the metric, wherever its envelope.
struct Reading {
    uint32 seq;
    uint16 index;
    bytes16 boot;
    uint256 timeMs;
    int32 value;
    bool isMissing;
}

/// @title What limits mean, said slowly: every pair of readings is looked at, and whether a sample lies between them
library ScanReference {
    /// @dev Whether the reading is a sample in a leg.
    function isSample(Limit memory limit, uint32 leg, Reading memory reading) internal pure returns (bool) {
        return !reading.isMissing && (leg > 0 || reading.timeMs >= limit.startUpMs);
    }

    function isOutside(Limit memory limit, Reading memory reading) internal pure returns (bool) {
        return limit.side == Clauses.SIDE_ABOVE ? reading.value > limit.bound : reading.value < limit.bound;
    }

    /// @dev Place of the sample before `place`; the number of readings when there is none.
    function before(Limit memory limit, uint32 leg, Reading[] memory all, uint256 place)
        internal
        pure
        returns (uint256)
    {
        for (uint256 i = place; i > 0; --i) {
            if (isSample(limit, leg, all[i - 1])) return i - 1;
        }
        return all.length;
    }

    function beginsExcursion(Limit memory limit, uint32 leg, Reading[] memory all, uint256 place)
        internal
        pure
        returns (bool)
    {
        if (!isSample(limit, leg, all[place]) || !isOutside(limit, all[place])) return false;
        uint256 previous = before(limit, leg, all, place);
        return previous == all.length || !isOutside(limit, all[previous]);
    }

    /// @dev Place of the sample inside that ends the excursion that begins at `place`; the number of readings when none does.
    function endOf(Limit memory limit, uint32 leg, Reading[] memory all, uint256 place)
        internal
        pure
        returns (uint256)
    {
        for (uint256 i = place; i < all.length; ++i) {
            if (isSample(limit, leg, all[i]) && !isOutside(limit, all[i])) return i;
        }
        return all.length;
    }

    /// @dev Time outside between the readings `from` and `to`, both among them.
    function outsideMs(Limit memory limit, uint32 leg, Reading[] memory all, uint256 from, uint256 to)
        internal
        pure
        returns (uint256 sumMs)
    {
        for (uint256 i = from; i <= to && i < all.length; ++i) {
            for (uint256 j = i + 1; j <= to && j < all.length; ++j) {
                bool isPair =
                    isSample(limit, leg, all[i]) && isSample(limit, leg, all[j]) && before(limit, leg, all, j) == i;
                if (isPair) sumMs += countedMs(limit, all[i], all[j]);
            }
        }
    }

    function countedMs(Limit memory limit, Reading memory a, Reading memory b) internal pure returns (uint256) {
        if (a.boot != b.boot || b.timeMs < a.timeMs || b.timeMs > a.timeMs + limit.gapMsMax) return 0;
        uint256 elapsedMs = b.timeMs - a.timeMs;
        (bool isFrom, bool isTo) = (isOutside(limit, a), isOutside(limit, b));
        if (limit.between == Clauses.BETWEEN_HOLD) return isFrom ? elapsedMs : 0;
        if (limit.between == Clauses.BETWEEN_WORST_CASE) return isFrom || isTo ? elapsedMs : 0;
        if (isFrom == isTo) return isFrom ? elapsedMs : 0;
        int256 outside = isFrom ? a.value : b.value;
        return elapsedMs * _abs(outside - limit.bound) / _abs(int256(a.value) - b.value);
    }

    /// @dev The value farthest outside among the samples of [from, to).
    function worst(Limit memory limit, uint32 leg, Reading[] memory all, uint256 from, uint256 to)
        internal
        pure
        returns (int32 value)
    {
        value = all[from].value;
        for (uint256 i = from; i < to; ++i) {
            if (!isSample(limit, leg, all[i])) continue;
            bool isFarther = limit.side == Clauses.SIDE_ABOVE ? all[i].value > value : all[i].value < value;
            if (isFarther) value = all[i].value;
        }
    }

    function _abs(int256 value) private pure returns (uint256) {
        return uint256(value < 0 ? -value : value);
    }
}
