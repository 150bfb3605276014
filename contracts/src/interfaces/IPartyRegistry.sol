// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice The post-quantum keys of a party.
/// @param mlDsaKeyHash SHA-256 of the ML-DSA-44 public key.
/// @param slhDsaKey The SLH-DSA-SHA2-128s public key.
/// @param version 1 at registration, one more at each rotation; 0 when the party is not registered.
/// @param since When these keys became valid, in seconds since 1970.
/// @param revokedAt When they ceased to be, in seconds since 1970; 0 while they hold.
struct PartyKeys {
    bytes32 mlDsaKeyHash;
    bytes32 slhDsaKey;
    uint32 version;
    uint40 since;
    uint40 revokedAt;
}

/// @title Which post-quantum keys belong to which wallet
/// @notice A wallet registers its keys once. New keys come only under the old SLH-DSA key, so that who breaks or steals the wallet's
/// classical key cannot replace them; it can only revoke them. Revocation is final: such a party goes on with another wallet. Nobody else has
/// any power here. What was signed while keys held stands: events have the keys of every version.
interface IPartyRegistry {
    /// @notice Emitted when a party has registered its keys.
    event PartyRegistered(address indexed party, bytes32 mlDsaKeyHash, bytes32 slhDsaKey);

    /// @notice Emitted when a party has new keys.
    event PartyKeysRotated(address indexed party, uint32 version, bytes32 mlDsaKeyHash, bytes32 slhDsaKey);

    /// @notice Emitted when a party's keys hold no longer.
    event PartyRevoked(address indexed party);

    /// @notice Thrown when the wallet has registered already: rotate.
    error PartyRegistryAlreadyRegistered(address party);

    /// @notice Thrown when the wallet has not registered.
    error PartyRegistryNotRegistered(address party);

    /// @notice Thrown when the party's keys were revoked.
    error PartyRegistryRevokedBefore(address party);

    /// @notice Thrown when a key is zero.
    error PartyRegistryKeyZero();

    /// @notice Thrown when the signature is not by the party's present SLH-DSA key over these new keys.
    error PartyRegistrySignatureInvalid(address party);

    /// @notice Registers the sender's keys.
    function register(bytes32 mlDsaKeyHash, bytes32 slhDsaKey) external;

    /// @notice Replaces a party's keys. Anyone who has the signature may call.
    /// @param signature By the present SLH-DSA key over `rotationDigest`, 7856 bytes.
    function rotate(address party, bytes32 mlDsaKeyHash, bytes32 slhDsaKey, bytes calldata signature) external;

    /// @notice Revokes the sender's keys for ever.
    function revoke() external;

    /// @notice Revokes a party's keys for ever, for who has lost the wallet.
    /// @param signature By the present SLH-DSA key over `revocationDigest`, 7856 bytes.
    function revokeFor(address party, bytes calldata signature) external;

    /// @notice What to sign to rotate: SHA-256(tag consign.rotate ‖ suite 1 ‖ chain id 8 ‖ registry 20 ‖ party 20 ‖ version 4 of the present
    /// keys ‖ mlDsaKeyHash 32 ‖ slhDsaKey 32).
    function rotationDigest(address party, bytes32 mlDsaKeyHash, bytes32 slhDsaKey) external view returns (bytes32);

    /// @notice What to sign to revoke: SHA-256(tag consign.revoke ‖ suite 1 ‖ chain id 8 ‖ registry 20 ‖ party 20 ‖ version 4).
    function revocationDigest(address party) external view returns (bytes32);

    /// @notice Verifies the signatures.
    function postQuantumVerifier() external view returns (address);

    /// @notice The keys of a party; all zero when it has not registered.
    function keysOf(address party) external view returns (PartyKeys memory);
}
