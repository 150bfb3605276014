// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Clause, Clauses, Device, General, Heading, Limit, Party} from "../../src/libraries/Clauses.sol";
import {Delegation, Delegations} from "../../src/libraries/Delegations.sol";
import {Disclosure, EnvelopeCodec} from "../../src/libraries/EnvelopeCodec.sol";
import {Cut, LegKeys, Offer, Records} from "../../src/libraries/Records.sol";
import {Rfc9162} from "../../src/libraries/Rfc9162.sol";

/// @title The libraries, callable; records are digested for the address that the harness stands at
contract LibraryHarness {
    function legKeysDigest(uint32 leg, LegKeys calldata keys) external view returns (bytes32) {
        return Records.legKeysDigest(leg, keys);
    }

    function offerDigest(uint32 leg, Offer calldata offer) external view returns (bytes32) {
        return Records.offerDigest(leg, offer);
    }

    function cutDigest(uint32 leg, bytes32 offered, bytes32 accepted, Cut calldata cut)
        external
        view
        returns (bytes32)
    {
        return Records.cutDigest(leg, offered, accepted, cut);
    }

    function delegationDigest(address by, Delegation calldata delegation) external view returns (bytes32) {
        return Delegations.digest(by, delegation);
    }

    function requireKeys(Delegation calldata delegation, bytes32 mlDsaKeyHash, bytes32 slhDsaKey) external view {
        Delegations.requireKeys(delegation, mlDsaKeyHash, slhDsaKey);
    }

    function caseId(uint32 leg, uint16 limitId, uint32 startSeq, uint16 startIndex) external view returns (bytes32) {
        return Records.caseId(leg, limitId, startSeq, startIndex);
    }

    function envelope(bytes calldata header)
        external
        view
        returns (bytes32 digest, bool isHere, uint32 leg, uint32 seq, bytes32 previous, uint16 count)
    {
        EnvelopeCodec.requireHeader(header);
        isHere = EnvelopeCodec.chainIdOf(header) == block.chainid && EnvelopeCodec.agreementOf(header) == address(this);
        return (
            EnvelopeCodec.digest(header),
            isHere,
            EnvelopeCodec.legOf(header),
            EnvelopeCodec.seqOf(header),
            EnvelopeCodec.previousOf(header),
            EnvelopeCodec.countOf(header)
        );
    }

    function column(Disclosure calldata shown, uint8 metric) external pure returns (int32[] memory values) {
        values = new int32[](EnvelopeCodec.requireColumn(shown, metric));
        for (uint256 i = 0; i < values.length; ++i) {
            values[i] = EnvelopeCodec.valueAt(shown.column, i);
        }
    }

    function times(Disclosure calldata shown) external pure returns (uint32[] memory timesMs) {
        EnvelopeCodec.requireTimes(shown);
        timesMs = new uint32[](EnvelopeCodec.countOf(shown.header));
        for (uint256 i = 0; i < timesMs.length; ++i) {
            timesMs[i] = EnvelopeCodec.timeAt(shown.times, i);
        }
    }

    function clocks(bytes calldata header) external pure returns (bytes16, uint64, uint64, uint8) {
        EnvelopeCodec.requireHeader(header);
        return (
            EnvelopeCodec.bootOf(header),
            EnvelopeCodec.baseMonotonicMsOf(header),
            EnvelopeCodec.baseUtcMsOf(header),
            EnvelopeCodec.clockStateOf(header)
        );
    }

    function heading(bytes32 termsHash, Heading calldata shown) external view returns (General memory, Party[] memory) {
        return Clauses.heading(termsHash, shown);
    }

    function party(bytes32 termsHash, Clause calldata clause) external view returns (Party memory) {
        return Clauses.party(termsHash, clause);
    }

    function device(bytes32 termsHash, Clause calldata clause) external view returns (Device memory) {
        return Clauses.device(termsHash, clause);
    }

    function limit(bytes32 termsHash, Clause calldata clause) external view returns (Limit memory) {
        return Clauses.limit(termsHash, clause);
    }

    function isIncluded(bytes32 data, uint256 index, uint256 size, bytes32 root, bytes32[] calldata proof)
        external
        view
        returns (bool)
    {
        return Rfc9162.verifyInclusion(data, index, size, root, proof);
    }
}
