// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {Sha256} from "./Sha256.sol";

/// @notice A party lets somebody else accept goods for it.
/// @param delegate Wallet that accepts in place of the party's.
/// @param pqKeyHash Names the delegate's post-quantum keys.
/// @param scope The terms hash of the one agreement that it is for; 0 for all agreements of the party.
/// @param notAfterMs Last moment, UTC milliseconds by the device's clock, in which the delegate can accept.
struct Delegation {
    address delegate;
    bytes32 pqKeyHash;
    bytes32 scope;
    uint64 notAfterMs;
}

/// @title What parties sign so that others accept for them
library Delegations {
    bytes32 private constant DELEGATION_TYPEHASH =
        keccak256("Delegation(address party,address delegate,bytes32 pqKeyHash,bytes32 scope,uint64 notAfterMs)");
    /// @dev Without a contract: a delegation may be for agreements that do not exist yet.
    bytes32 private constant DOMAIN_TYPEHASH = keccak256("EIP712Domain(string name,string version,uint256 chainId)");
    bytes32 private constant DOMAIN_NAME = keccak256("Consign");
    bytes32 private constant DOMAIN_VERSION = keccak256("1");
    /// @dev Tag and suite, as in records of devices.
    bytes17 private constant DELEGATE_KEYS = "consign.delegate\x01";

    /// @notice Thrown when the delegation is for another agreement.
    error DelegationOutOfScope(bytes32 scope, bytes32 termsHash);

    /// @notice Thrown when the delegation had ended.
    /// @param atMs When it was used, UTC milliseconds.
    error DelegationExpired(uint64 notAfterMs, uint256 atMs);

    /// @notice Thrown when the post-quantum keys are not those that the delegation names.
    error DelegationKeysUnexpected(bytes32 pqKeyHash);

    /// @notice EIP-712 digest in the domain `{ name: "Consign", version: "1", chainId }`.
    function digest(address party, Delegation calldata delegation) internal view returns (bytes32) {
        bytes32 domain = keccak256(abi.encode(DOMAIN_TYPEHASH, DOMAIN_NAME, DOMAIN_VERSION, block.chainid));
        bytes32 structHash = keccak256(
            abi.encode(
                DELEGATION_TYPEHASH,
                party,
                delegation.delegate,
                delegation.pqKeyHash,
                delegation.scope,
                delegation.notAfterMs
            )
        );
        return MessageHashUtils.toTypedDataHash(domain, structHash);
    }

    /// @notice Checks that the delegation is for these terms and had not ended at `atMs`.
    function requireHolds(Delegation calldata delegation, bytes32 termsHash, uint256 atMs) internal pure {
        (bytes32 scope, uint64 notAfterMs) = (delegation.scope, delegation.notAfterMs);
        if (scope != 0 && scope != termsHash) revert DelegationOutOfScope(scope, termsHash);
        if (atMs > notAfterMs) revert DelegationExpired(notAfterMs, atMs);
    }

    /// @notice Checks that the delegation names these keys.
    /// @param mlDsaKeyHash SHA-256 of the delegate's ML-DSA-44 public key.
    /// @param slhDsaKey The delegate's SLH-DSA-SHA2-128s public key.
    function requireKeys(Delegation calldata delegation, bytes32 mlDsaKeyHash, bytes32 slhDsaKey) internal view {
        bytes32 named = Sha256.hash(abi.encodePacked(DELEGATE_KEYS, mlDsaKeyHash, slhDsaKey));
        if (named != delegation.pqKeyHash) revert DelegationKeysUnexpected(delegation.pqKeyHash);
    }
}
