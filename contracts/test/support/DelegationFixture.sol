// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Delegated, DelegatedKeys} from "../../src/interfaces/IAgreementDelegations.sol";
import {Delegation} from "../../src/libraries/Delegations.sol";
import {Disclosure} from "../../src/libraries/EnvelopeCodec.sol";
import {ShipmentFixture} from "./ShipmentFixture.sol";
import {standInSignature} from "./VerifierStandIn.sol";
import {vm} from "./Vm.sol";

/// @title A driver who accepts for the carrier, by a delegation encoded here anew
abstract contract DelegationFixture is ShipmentFixture {
    uint256 internal constant DRIVER_KEY = 0xA5;
    bytes32 internal constant DRIVER_ML_DSA_HASH = "driver ml";
    bytes32 internal constant DRIVER_SLH_DSA = "driver slh";
    /// @dev After the envelopes of every leg that is cut here.
    uint64 internal constant NOT_AFTER_MS = BEGIN_MS + 30 * DAY_MS;

    /// @dev For this agreement.
    function _delegation() internal view returns (Delegation memory) {
        return Delegation(vm.addr(DRIVER_KEY), _pqKeyHash(DRIVER_ML_DSA_HASH, DRIVER_SLH_DSA), termsHash, NOT_AFTER_MS);
    }

    function _pqKeyHash(bytes32 mlDsaKeyHash, bytes32 slhDsaKey) internal pure returns (bytes32) {
        return sha256(abi.encodePacked("consign.delegate", uint8(1), mlDsaKeyHash, slhDsaKey));
    }

    function _delegationDigest(address party, Delegation memory delegation) internal view returns (bytes32) {
        return _delegationDigest(block.chainid, party, delegation);
    }

    function _delegationDigest(uint256 chainId, address party, Delegation memory delegation)
        internal
        pure
        returns (bytes32)
    {
        bytes32 typehash = keccak256(
            "Delegation(address party,address delegate,bytes32 pqKeyHash,bytes32 scope,uint64 notAfterMs)"
        );
        bytes32 structHash = keccak256(abi.encode(typehash, party, delegation));
        bytes32 domainTypehash = keccak256("EIP712Domain(string name,string version,uint256 chainId)");
        bytes32 domain = keccak256(abi.encode(domainTypehash, keccak256("Consign"), keccak256("1"), chainId));
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }

    /// @dev The carrier's, with the header of the last envelope before a cut.
    function _delegated(Delegation memory delegation, bytes memory head) internal view returns (Delegated memory) {
        bytes32 digest = _delegationDigest(vm.addr(CARRIER_KEY), delegation);
        return Delegated(delegation, _signWallet(CARRIER_KEY, digest), head);
    }

    /// @dev The cut of `leg` after `n` envelopes, accepted by the driver for the carrier, and the header of the last of them.
    function _driversCut(uint32 leg, uint32 n) internal view returns (CutCall memory call, bytes memory head) {
        if (n > 0) head = _last(leg, n).header;
        return (_driversCut(leg, n, head), head);
    }

    /// @dev The same over a header of the test's own.
    function _driversCut(uint32 leg, uint32 n, bytes memory head) internal view returns (CutCall memory call) {
        call = _cutCall(leg, n, CARRIER, CARRIER_KEY);
        if (n > 0) call.cut.head = _digest(head);
        _signCut(call, DRIVER_KEY);
    }

    function _last(uint32 leg, uint32 n) internal view returns (Disclosure memory) {
        return _envelope(leg, n - 1, "previous", _values(20_000));
    }

    function _recordDelegatedCut(CutCall memory call, Delegated memory delegated) internal {
        agreement.recordDelegatedCut(
            call.leg,
            call.keys,
            call.offer,
            call.accept,
            call.acceptSignature,
            call.cut,
            call.signature,
            call.taker,
            delegated
        );
    }

    /// @dev By the party whose SLH-DSA key is `signer`.
    function _delegatedKeys(Delegation memory delegation, bytes32 signer) internal view returns (DelegatedKeys memory) {
        bytes memory signature = standInSignature(signer, _delegationDigest(vm.addr(CARRIER_KEY), delegation));
        return DelegatedKeys(delegation, signature, DRIVER_ML_DSA_HASH, DRIVER_SLH_DSA);
    }
}
