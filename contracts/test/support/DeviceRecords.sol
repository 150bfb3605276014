// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAgreement} from "../../src/interfaces/IAgreement.sol";
import {Disclosure} from "../../src/libraries/EnvelopeCodec.sol";
import {Cut, LegKeys, Offer, Seal} from "../../src/libraries/Records.sol";
import {SampleTerms} from "./SampleTerms.sol";
import {vm} from "./Vm.sol";

/// @title Leg keys, records and envelopes as a device makes them for `agreement`, encoded here anew
abstract contract DeviceRecords is SampleTerms {
    /// @dev An envelope with all that a test may want otherwise. `columns[i]` is that of `metrics[i]`; metrics ascend.
    struct Envelope {
        uint16 flags;
        uint32 leg;
        uint32 seq;
        bytes16 bootId;
        uint64 baseMonotonicMs;
        uint64 baseUtcMs;
        uint8 clockState;
        bytes32 previous;
        uint32[] times;
        uint8[] metrics;
        int32[][] columns;
    }

    int32 internal constant MISSING = type(int32).min;
    /// @dev Between two envelopes, and between two readings of one.
    uint64 internal constant ENVELOPE_MS = HOUR_MS;
    uint32 internal constant READING_MS = 5 * 60_000;

    IAgreement internal agreement;

    // Keys and records

    function _legKey(uint32 leg) internal pure returns (uint256) {
        return 0x1000 + uint256(leg);
    }

    function _legKeys(uint32 leg) internal pure returns (LegKeys memory) {
        (uint256 x, uint256 y) = vm.publicKeyP256(_legKey(leg));
        return LegKeys(bytes32(x), bytes32(y), keccak256(abi.encode("ml", leg)), keccak256(abi.encode("slh", leg)));
    }

    function _keysHash(uint32 leg, LegKeys memory keys) internal view returns (bytes32) {
        return sha256(
            abi.encodePacked(_prefix("consign.legkeys", leg), keys.p256X, keys.p256Y, keys.mlDsaKeyHash, keys.slhDsaKey)
        );
    }

    function _offerDigest(uint32 leg, Offer memory offer) internal view returns (bytes32) {
        return sha256(
            abi.encodePacked(
                _prefix("consign.offer", leg),
                offer.device,
                offer.m,
                offer.head,
                offer.nextKeysHash,
                offer.nonce,
                offer.ttlEnvelopes
            )
        );
    }

    function _cutDigest(uint32 leg, bytes32 offered, bytes32 accepted, Cut memory cut) internal view returns (bytes32) {
        return sha256(abi.encodePacked(_prefix("consign.cut", leg), offered, accepted, cut.n, cut.head, cut.root));
    }

    function _sealDigest(uint32 leg, Seal memory seal) internal view returns (bytes32) {
        return sha256(abi.encodePacked(_prefix("consign.seal", leg), seal.n, seal.root, seal.head));
    }

    function _caseId(uint32 leg, uint16 limitId, uint32 seq, uint16 index) internal view returns (bytes32) {
        return sha256(abi.encodePacked(bytes16("consign.case"), address(agreement), leg, limitId, seq, index));
    }

    function _prefix(bytes16 tag, uint32 leg) private view returns (bytes memory) {
        return abi.encodePacked(tag, uint8(1), uint64(block.chainid), address(agreement), leg);
    }

    // Envelopes

    /// @dev Temperature and humidity every READING_MS; an envelope each ENVELOPE_MS since the leg and the agreement began.
    function _measured(uint32 leg, uint32 seq, bytes32 previous, int32[] memory temperatures)
        internal
        pure
        returns (Envelope memory envelope)
    {
        int32[][] memory columns = new int32[][](2);
        (columns[0], columns[1]) = (temperatures, new int32[](temperatures.length));
        return _measured(leg, seq, previous, _metrics(TEMPERATURE, HUMIDITY), columns);
    }

    /// @dev Where the goods were.
    function _located(uint32 leg, uint32 seq, bytes32 previous, int32[] memory latitudes, int32[] memory longitudes)
        internal
        pure
        returns (Envelope memory envelope)
    {
        int32[][] memory columns = new int32[][](2);
        (columns[0], columns[1]) = (latitudes, longitudes);
        return _measured(leg, seq, previous, _metrics(LATITUDE, LONGITUDE), columns);
    }

    /// @dev Any columns; none for a heartbeat.
    function _measured(uint32 leg, uint32 seq, bytes32 previous, uint8[] memory metrics, int32[][] memory columns)
        internal
        pure
        returns (Envelope memory envelope)
    {
        (envelope.leg, envelope.seq, envelope.previous) = (leg, seq, previous);
        (envelope.metrics, envelope.columns) = (metrics, columns);
        (envelope.bootId, envelope.clockState) = ("boot", 1);
        envelope.baseMonotonicMs = uint64(seq) * ENVELOPE_MS;
        envelope.baseUtcMs = BEGIN_MS + envelope.baseMonotonicMs;
        envelope.times = new uint32[](columns.length == 0 ? 0 : columns[0].length);
        for (uint32 i = 0; i < envelope.times.length; ++i) {
            envelope.times[i] = i * READING_MS;
        }
    }

    /// @dev The envelope with the column of one metric and the times; without that metric the column is empty.
    function _disclose(Envelope memory envelope, uint8 metric) internal view returns (Disclosure memory shown) {
        shown.times = _packed(envelope.times);
        shown.timesSalt = _salt(envelope, 0xff);
        shown.hashes = new bytes32[](1 + envelope.metrics.length);
        shown.hashes[0] = sha256(abi.encodePacked(shown.timesSalt, shown.times));
        uint32 mask = 0;
        for (uint256 i = 0; i < envelope.metrics.length; ++i) {
            bytes memory column = _packed(envelope.columns[i]);
            bytes32 salt = _salt(envelope, envelope.metrics[i]);
            shown.hashes[1 + i] = sha256(abi.encodePacked(salt, column));
            mask |= uint32(1) << envelope.metrics[i];
            if (envelope.metrics[i] == metric) (shown.column, shown.columnSalt) = (column, salt);
        }
        shown.header = _header(envelope, mask, sha256(abi.encodePacked(shown.hashes)));
    }

    /// @dev An envelope that measured temperature (`values`) and humidity, with its temperatures.
    function _envelope(uint32 leg, uint32 seq, bytes32 previous, int32[] memory values)
        internal
        view
        returns (Disclosure memory)
    {
        return _disclose(_measured(leg, seq, previous, values), TEMPERATURE);
    }

    /// @dev An envelope without a column of temperature: humidity only, or a heartbeat.
    function _silentEnvelope(uint32 leg, uint32 seq, bytes32 previous, uint16 count)
        internal
        view
        returns (Disclosure memory)
    {
        int32[][] memory columns = new int32[][](count == 0 ? 0 : 1);
        if (count > 0) columns[0] = new int32[](count);
        uint8[] memory metrics = new uint8[](columns.length);
        if (count > 0) metrics[0] = HUMIDITY;
        return _disclose(_measured(leg, seq, previous, metrics, columns), TEMPERATURE);
    }

    function _digest(Disclosure memory shown) internal pure returns (bytes32) {
        return _digest(shown.header);
    }

    function _digest(bytes memory header) internal pure returns (bytes32) {
        return sha256(abi.encodePacked("consign.envelope", header));
    }

    function _header(Envelope memory envelope, uint32 mask, bytes32 bodyHash) internal view returns (bytes memory) {
        bytes memory until = abi.encodePacked(
            hex"0101", envelope.flags, mask, uint64(block.chainid), address(agreement), envelope.leg, envelope.seq
        );
        return abi.encodePacked(
            until,
            envelope.bootId,
            envelope.baseMonotonicMs,
            envelope.baseUtcMs,
            envelope.clockState,
            uint8(0),
            uint16(envelope.times.length),
            bodyHash,
            envelope.previous
        );
    }

    function _salt(Envelope memory envelope, uint8 id) private pure returns (bytes32) {
        return keccak256(abi.encode("salt", envelope.leg, envelope.seq, id));
    }

    function _packed(uint32[] memory times) private pure returns (bytes memory bytes_) {
        for (uint256 i = 0; i < times.length; ++i) {
            bytes_ = abi.encodePacked(bytes_, times[i]);
        }
    }

    function _packed(int32[] memory values) private pure returns (bytes memory bytes_) {
        for (uint256 i = 0; i < values.length; ++i) {
            bytes_ = abi.encodePacked(bytes_, values[i]);
        }
    }

    // Short forms

    function _metrics(uint8 first, uint8 second) internal pure returns (uint8[] memory metrics) {
        metrics = new uint8[](2);
        (metrics[0], metrics[1]) = (first, second);
    }

    function _alone(Disclosure memory shown) internal pure returns (Disclosure[] memory run) {
        run = new Disclosure[](1);
        run[0] = shown;
    }

    function _pair(Disclosure memory first, Disclosure memory second) internal pure returns (Disclosure[] memory run) {
        run = new Disclosure[](2);
        (run[0], run[1]) = (first, second);
    }

    function _values(int32 first) internal pure returns (int32[] memory values) {
        values = new int32[](1);
        values[0] = first;
    }

    function _values(int32 first, int32 second) internal pure returns (int32[] memory values) {
        values = new int32[](2);
        (values[0], values[1]) = (first, second);
    }

    function _values(int32 first, int32 second, int32 third) internal pure returns (int32[] memory values) {
        values = new int32[](3);
        (values[0], values[1], values[2]) = (first, second, third);
    }
}
