// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice What a proof shows of one envelope: its header, the column of one metric and, where time counts, the times.
/// @param header The 144 header bytes.
/// @param times Milliseconds after the header's base, 4 bytes a reading; empty where time does not count.
/// @param timesSalt Salt of the times.
/// @param column The metric's column, 4 bytes a reading; empty when the mask lacks the metric.
/// @param columnSalt Salt of that column.
/// @param hashes All column hashes of the body in order, the times' first.
struct Disclosure {
    bytes header;
    bytes times;
    bytes32 timesSalt;
    bytes column;
    bytes32 columnSalt;
    bytes32[] hashes;
}

/// @title Envelopes as devices sign them
/// @notice Fixed-width, big-endian; every byte is laid out in docs/formats.md.
library EnvelopeCodec {
    /// @dev A column's value where nothing was measured (INT32_MIN): skipped, never compared.
    int32 internal constant MISSING = type(int32).min;

    uint256 private constant HEADER_BYTES = 144;
    bytes16 private constant TAG_ENVELOPE = "consign.envelope";
    /// @dev Version 1, suite 1.
    bytes2 private constant VERSION_AND_SUITE = 0x0101;
    /// @dev Checkpoint, excursion, handover.
    uint16 private constant FLAGS_KNOWN = 7;
    uint8 private constant CLOCK_STATE_MAX = 2;
    uint16 private constant READINGS_MAX = 512;

    /// @notice Thrown when a header is not one that services would store: 144 bytes, version 1, suite 1, known flags and clock state, a zero
    /// at byte 77, at most 512 readings, no columns without readings.
    error EnvelopeHeaderMalformed();

    /// @notice Thrown when the disclosed column is not what the header's body hash commits to.
    /// @param seq Sequence number of the envelope.
    error EnvelopeColumnMismatch(uint32 seq);

    /// @notice Thrown when the disclosed times are not what the hashes commit to, or are not shown where time counts.
    /// @param seq Sequence number of the envelope.
    error EnvelopeTimesMismatch(uint32 seq);

    function requireHeader(bytes calldata header) internal pure {
        if (header.length != HEADER_BYTES) revert EnvelopeHeaderMalformed();
        uint16 count = countOf(header);
        bool sound = bytes2(header[0:2]) == VERSION_AND_SUITE && uint16(bytes2(header[2:4])) <= FLAGS_KNOWN
            && clockStateOf(header) <= CLOCK_STATE_MAX && header[77] == 0 && count <= READINGS_MAX
            && (count > 0 || maskOf(header) == 0);
        if (!sound) revert EnvelopeHeaderMalformed();
    }

    /// @notice What the device signs, and what links to it: SHA-256(tag ‖ header).
    function digest(bytes calldata header) internal pure returns (bytes32) {
        return sha256(abi.encodePacked(TAG_ENVELOPE, header));
    }

    function maskOf(bytes calldata header) internal pure returns (uint32) {
        return uint32(bytes4(header[4:8]));
    }

    function chainIdOf(bytes calldata header) internal pure returns (uint64) {
        return uint64(bytes8(header[8:16]));
    }

    function agreementOf(bytes calldata header) internal pure returns (address) {
        return address(bytes20(header[16:36]));
    }

    function legOf(bytes calldata header) internal pure returns (uint32) {
        return uint32(bytes4(header[36:40]));
    }

    function seqOf(bytes calldata header) internal pure returns (uint32) {
        return uint32(bytes4(header[40:44]));
    }

    /// @notice Which start of the device measured it: monotonic times of two boots do not compare.
    function bootOf(bytes calldata header) internal pure returns (bytes16) {
        return bytes16(header[44:60]);
    }

    /// @notice Milliseconds since the leg began, to which the times of the readings are added.
    function baseMonotonicMsOf(bytes calldata header) internal pure returns (uint64) {
        return uint64(bytes8(header[60:68]));
    }

    function baseUtcMsOf(bytes calldata header) internal pure returns (uint64) {
        return uint64(bytes8(header[68:76]));
    }

    /// @notice 0 unsynchronised, 1 synchronised, 2 holdover.
    function clockStateOf(bytes calldata header) internal pure returns (uint8) {
        return uint8(header[76]);
    }

    function countOf(bytes calldata header) internal pure returns (uint16) {
        return uint16(bytes2(header[78:80]));
    }

    function previousOf(bytes calldata header) internal pure returns (bytes32) {
        return bytes32(header[112:144]);
    }

    /// @notice Checks that the disclosed column belongs to the header: its length, its hash at the metric's place, and all hashes
    /// together against the body hash. Without the metric in the mask the column must be empty.
    /// @param metric The metric's bit, 0 to 31.
    /// @return count Values in the column; 0 when the mask lacks the metric.
    function requireColumn(Disclosure calldata shown, uint8 metric) internal pure returns (uint256 count) {
        bytes calldata header = shown.header;
        uint32 mask = maskOf(header);
        bool sound = shown.hashes.length == 1 + _bitsIn(mask)
            && sha256(abi.encodePacked(shown.hashes)) == bytes32(header[80:112]);
        uint256 bit = uint256(1) << metric;
        if (mask & bit == 0) {
            sound = sound && shown.column.length == 0;
        } else {
            count = countOf(header);
            sound = sound && shown.column.length == 4 * count
                && sha256(abi.encodePacked(shown.columnSalt, shown.column))
                    == shown.hashes[1 + _bitsIn(mask & (bit - 1))];
        }
        if (!sound) revert EnvelopeColumnMismatch(seqOf(header));
    }

    /// @notice Checks that the disclosed times belong to the header, after `requireColumn` has checked the hashes.
    function requireTimes(Disclosure calldata shown) internal pure {
        bool sound = shown.times.length == 4 * uint256(countOf(shown.header))
            && sha256(abi.encodePacked(shown.timesSalt, shown.times)) == shown.hashes[0];
        if (!sound) revert EnvelopeTimesMismatch(seqOf(shown.header));
    }

    /// @notice Value `index` of a column, in the fixed unit of its metric.
    /// @dev Of a column that `requireColumn` has checked, below its count: the index is not checked again, as proofs read every value.
    function valueAt(bytes calldata column, uint256 index) internal pure returns (int32 value) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            value := sar(224, calldataload(add(column.offset, shl(2, index))))
        }
    }

    /// @notice When reading `index` was taken, in milliseconds after the header's base.
    /// @dev Of times that `requireTimes` has checked, below the count.
    function timeAt(bytes calldata times, uint256 index) internal pure returns (uint32 timeMs) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            timeMs := shr(224, calldataload(add(times.offset, shl(2, index))))
        }
    }

    function _bitsIn(uint256 mask) private pure returns (uint256 count) {
        for (; mask != 0; mask &= mask - 1) {
            ++count;
        }
    }
}
