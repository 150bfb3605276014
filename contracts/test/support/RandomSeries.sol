// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Clauses, Limit} from "../../src/libraries/Clauses.sol";
import {Disclosure} from "../../src/libraries/EnvelopeCodec.sol";
import {DeviceRecords} from "./DeviceRecords.sol";
import {Reading} from "./ScanReference.sol";

/// @title Series of readings with all that happens to devices: gaps, reboots, missing values, heartbeats, clocks that go back
abstract contract RandomSeries is DeviceRecords {
    /// @dev Values lie about the bound, gaps about a minute, so that every rule is met often.
    uint64 internal constant GAP_MS_MAX = 60_000;

    uint256 private _draws;
    uint256 private _seed;

    function _sow(uint256 seed) internal {
        (_seed, _draws) = (seed, 0);
    }

    function _draw(uint256 below) internal returns (uint256) {
        return uint256(keccak256(abi.encode(_seed, _draws++))) % below;
    }

    /// @dev A limit over time; without a duration an instantaneous one.
    function _randomLimit(uint64 durationMs) internal returns (Limit memory limit) {
        limit.metric = TEMPERATURE;
        limit.side = uint8(1 + _draw(2));
        limit.bound = int32(int256(_draw(7))) - 3;
        limit.startUpMs = _draw(3) == 0 ? uint64(_draw(200_000)) : 0;
        if (durationMs == 0) return limit;
        (limit.durationMs, limit.gapMsMax) = (durationMs, GAP_MS_MAX);
        limit.between = uint8(1 + _draw(Clauses.BETWEEN_WORST_CASE));
    }

    /// @dev Consecutive envelopes of a leg from `firstSeq` on.
    function _randomEnvelopes(uint32 leg, uint32 firstSeq) internal returns (Envelope[] memory envelopes) {
        envelopes = new Envelope[](1 + _draw(5));
        bytes32 previous = keccak256("before");
        uint64 baseMs = uint64(_draw(100_000));
        bytes16 boot = "boot";
        for (uint32 i = 0; i < envelopes.length; ++i) {
            if (_draw(5) == 0) boot = bytes16(keccak256(abi.encode(boot)));
            envelopes[i] = _randomEnvelope(leg, firstSeq + i, previous, baseMs);
            envelopes[i].bootId = boot;
            previous = _digest(_disclose(envelopes[i], TEMPERATURE));
            baseMs = _draw(12) == 0 ? uint64(_draw(100_000)) : baseMs + uint64(_draw(200_000));
        }
    }

    /// @dev One in eight has no temperatures, another none at all.
    function _randomEnvelope(uint32 leg, uint32 seq, bytes32 previous, uint64 baseMs)
        private
        returns (Envelope memory envelope)
    {
        uint256 kind = _draw(8);
        int32[][] memory columns = new int32[][](kind == 0 ? 0 : 1);
        uint8[] memory metrics = new uint8[](columns.length);
        if (kind > 0) {
            metrics[0] = kind == 1 ? HUMIDITY : TEMPERATURE;
            columns[0] = new int32[](1 + _draw(6));
            for (uint256 i = 0; i < columns[0].length; ++i) {
                columns[0][i] = _draw(5) == 0 ? MISSING : int32(int256(_draw(13))) - 6;
            }
        }
        envelope = _measured(leg, seq, previous, metrics, columns);
        envelope.baseMonotonicMs = baseMs;
        uint32 timeMs = 0;
        for (uint256 i = 0; i < envelope.times.length; ++i) {
            timeMs = _draw(10) == 0 ? uint32(_draw(50_000)) : timeMs + uint32(_draw(2 * GAP_MS_MAX / 3));
            if (_draw(8) == 0) timeMs += uint32(GAP_MS_MAX);
            envelope.times[i] = timeMs;
        }
    }

    function _disclosed(Envelope[] memory envelopes) internal view returns (Disclosure[] memory run) {
        run = new Disclosure[](envelopes.length);
        for (uint256 i = 0; i < run.length; ++i) {
            run[i] = _disclose(envelopes[i], TEMPERATURE);
        }
    }

    /// @dev The temperatures, in order.
    function _readings(Envelope[] memory envelopes) internal pure returns (Reading[] memory all) {
        uint256 count = 0;
        for (uint256 i = 0; i < envelopes.length; ++i) {
            if (_hasTemperatures(envelopes[i])) count += envelopes[i].times.length;
        }
        all = new Reading[](count);
        for (uint256 i = envelopes.length; i > 0; --i) {
            Envelope memory envelope = envelopes[i - 1];
            if (!_hasTemperatures(envelope)) continue;
            for (uint256 j = envelope.times.length; j > 0; --j) {
                int32 value = envelope.columns[0][j - 1];
                uint256 timeMs = uint256(envelope.baseMonotonicMs) + envelope.times[j - 1];
                all[--count] = Reading(envelope.seq, uint16(j - 1), envelope.bootId, timeMs, value, value == MISSING);
            }
        }
    }

    function _hasTemperatures(Envelope memory envelope) private pure returns (bool) {
        return envelope.metrics.length > 0 && envelope.metrics[0] == TEMPERATURE;
    }
}
