// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPartyRegistry, PartyKeys} from "./interfaces/IPartyRegistry.sol";
import {IPostQuantumVerifier} from "./interfaces/IPostQuantumVerifier.sol";
import {Records} from "./libraries/Records.sol";

/// @title Implementation of IPartyRegistry, where everything is described
contract PartyRegistry is IPartyRegistry {
    bytes16 private constant TAG_ROTATE = "consign.rotate";
    bytes16 private constant TAG_REVOKE = "consign.revoke";

    /// @inheritdoc IPartyRegistry
    address public immutable postQuantumVerifier;

    mapping(address party => PartyKeys) private _keys;

    constructor(IPostQuantumVerifier verifier) {
        postQuantumVerifier = address(verifier);
    }

    /// @inheritdoc IPartyRegistry
    function register(bytes32 mlDsaKeyHash, bytes32 slhDsaKey) external {
        if (_keys[msg.sender].version != 0) revert PartyRegistryAlreadyRegistered(msg.sender);
        _set(msg.sender, 1, mlDsaKeyHash, slhDsaKey);
        emit PartyRegistered(msg.sender, mlDsaKeyHash, slhDsaKey);
    }

    /// @inheritdoc IPartyRegistry
    function rotate(address party, bytes32 mlDsaKeyHash, bytes32 slhDsaKey, bytes calldata signature) external {
        _requireSigned(party, rotationDigest(party, mlDsaKeyHash, slhDsaKey), signature);
        uint32 version = _keys[party].version + 1;
        _set(party, version, mlDsaKeyHash, slhDsaKey);
        emit PartyKeysRotated(party, version, mlDsaKeyHash, slhDsaKey);
    }

    /// @inheritdoc IPartyRegistry
    function revoke() external {
        _requireValid(msg.sender);
        _revoke(msg.sender);
    }

    /// @inheritdoc IPartyRegistry
    function revokeFor(address party, bytes calldata signature) external {
        _requireSigned(party, revocationDigest(party), signature);
        _revoke(party);
    }

    /// @inheritdoc IPartyRegistry
    function keysOf(address party) external view returns (PartyKeys memory) {
        return _keys[party];
    }

    /// @inheritdoc IPartyRegistry
    function rotationDigest(address party, bytes32 mlDsaKeyHash, bytes32 slhDsaKey) public view returns (bytes32) {
        return sha256(abi.encodePacked(_prefix(TAG_ROTATE, party), mlDsaKeyHash, slhDsaKey));
    }

    /// @inheritdoc IPartyRegistry
    function revocationDigest(address party) public view returns (bytes32) {
        return sha256(_prefix(TAG_REVOKE, party));
    }

    function _set(address party, uint32 version, bytes32 mlDsaKeyHash, bytes32 slhDsaKey) private {
        if (mlDsaKeyHash == 0 || slhDsaKey == 0) revert PartyRegistryKeyZero();
        _keys[party] = PartyKeys(mlDsaKeyHash, slhDsaKey, version, uint40(block.timestamp), 0);
    }

    function _revoke(address party) private {
        _keys[party].revokedAt = uint40(block.timestamp);
        emit PartyRevoked(party);
    }

    function _requireSigned(address party, bytes32 digest, bytes calldata signature) private view {
        _requireValid(party);
        if (!IPostQuantumVerifier(postQuantumVerifier).verify(_keys[party].slhDsaKey, digest, signature)) {
            revert PartyRegistrySignatureInvalid(party);
        }
    }

    function _requireValid(address party) private view {
        PartyKeys storage keys = _keys[party];
        if (keys.version == 0) revert PartyRegistryNotRegistered(party);
        if (keys.revokedAt != 0) revert PartyRegistryRevokedBefore(party);
    }

    /// @dev The version in it makes each signature good for one change only.
    function _prefix(bytes16 tag, address party) private view returns (bytes memory) {
        return abi.encodePacked(tag, Records.SUITE, uint64(block.chainid), address(this), party, _keys[party].version);
    }
}
