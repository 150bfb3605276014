// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Verifies post-quantum signatures over 32-byte digests
/// @notice One contract per algorithm; a factory version names its own, so that a precompile can take its place in a later one.
interface IPostQuantumVerifier {
    /// @notice Whether the signature over the digest, with empty context, is of the key. Never reverts for a malformed signature.
    /// @param publicKey 32 bytes: SLH-DSA-SHA2-128s `PK.seed ‖ PK.root` (FIPS 205).
    /// @param digest The message: 32 bytes, signed as they are (the pure variant, FIPS 205 section 10.2).
    /// @param signature 7856 bytes.
    function verify(bytes32 publicKey, bytes32 digest, bytes calldata signature) external view returns (bool);
}
