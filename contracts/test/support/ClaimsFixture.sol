// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SignedHeader} from "../../src/interfaces/IAgreementClaims.sol";
import {Disclosure} from "../../src/libraries/EnvelopeCodec.sol";
import {DisputeFixture} from "./DisputeFixture.sol";
import {vm} from "./Vm.sol";

/// @title Breaches of every kind, and how they are shown
abstract contract ClaimsFixture is DisputeFixture {
    /// @dev Readings that fill an envelope without a gap to the next.
    uint256 internal constant READINGS = ENVELOPE_MS / READING_MS;
    uint256 internal constant ELSEWHERE = type(uint256).max;
    uint32 internal constant ONCE_SEQ = type(uint32).max;
    uint16 internal constant ONCE_INDEX = type(uint16).max;
    bytes32 internal constant BEFORE = keccak256("what was before");

    /// @dev One reading every READING_MS from the begin of envelope `seq` on, in envelopes that follow each other.
    function _series(uint32 leg, uint32 seq, int32[] memory temperatures)
        internal
        view
        returns (Disclosure[] memory run)
    {
        run = new Disclosure[]((temperatures.length + READINGS - 1) / READINGS);
        bytes32 previous = BEFORE;
        for (uint32 i = 0; i < run.length; ++i) {
            uint256 from = i * READINGS;
            uint256 count = temperatures.length - from < READINGS ? temperatures.length - from : READINGS;
            run[i] = _envelope(leg, seq + i, previous, _slice(temperatures, from, count));
            previous = _digest(run[i]);
        }
    }

    function _part(Disclosure[] memory run, uint256 from, uint256 count)
        internal
        pure
        returns (Disclosure[] memory part)
    {
        part = new Disclosure[](count);
        for (uint256 i = 0; i < count; ++i) {
            part[i] = run[from + i];
        }
    }

    /// @dev `count` readings of one value after others.
    function _then(int32[] memory values, int32 value, uint256 count) internal pure returns (int32[] memory more) {
        more = new int32[](values.length + count);
        for (uint256 i = 0; i < more.length; ++i) {
            more[i] = i < values.length ? values[i] : value;
        }
    }

    function _slice(int32[] memory values, uint256 from, uint256 count) private pure returns (int32[] memory slice) {
        slice = new int32[](count);
        for (uint256 i = 0; i < count; ++i) {
            slice[i] = values[from + i];
        }
    }

    /// @dev The proof that a run of `leg` holds the first reading outside at `index` of its envelope `position`.
    function _proofAt(uint32 leg, uint256 limit, Disclosure[] memory run, uint256 position, uint16 index)
        internal
        view
        returns (ProofCall memory call)
    {
        call = _proofCall(leg, limit, run, index);
        call.position = position;
    }

    function _refuses(ProofCall memory call, bytes memory refusal) internal {
        vm.expectRevert(refusal);
        _prove(call);
    }

    function _advance(ProofCall memory call) internal {
        agreement.advanceScan(call.leg, call.keys, call.limit, call.run, call.position, call.index, call.signature);
    }

    function _refusesToAdvance(ProofCall memory call, bytes memory refusal) internal {
        vm.expectRevert(refusal);
        _advance(call);
    }

    /// @dev An envelope without readings.
    function _heartbeat(uint32 leg, uint32 seq, bytes32 previous) internal pure returns (Envelope memory) {
        return _measured(leg, seq, previous, new uint8[](0), new int32[][](0));
    }

    function _headerOf(Envelope memory envelope) internal view returns (bytes memory) {
        return _disclose(envelope, TEMPERATURE).header;
    }

    function _signed(Envelope memory envelope) internal view returns (SignedHeader memory) {
        return _signed(envelope.leg, _headerOf(envelope));
    }

    function _signed(uint32 leg, bytes memory header) internal view returns (SignedHeader memory) {
        return SignedHeader(header, _signP256(_legKey(leg), _digest(header)));
    }

    /// @dev Who held which leg owes `owed`, and who held the other what it owes.
    function _requirePenalties(uint256 ofPayee, uint256 ofCarrier) internal view {
        vm.assertEq(agreement.penaltiesOf(payee), ofPayee, "payee");
        vm.assertEq(agreement.penaltiesOf(carrier), ofCarrier, "carrier");
    }

    function _selector(bytes4 selector) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(selector);
    }
}
