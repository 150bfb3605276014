// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPostQuantumVerifier} from "./IPostQuantumVerifier.sol";

/// @title Verifies SLH-DSA-SHA2-128s (FIPS 205, pure variant)
interface ISlhDsaVerifier is IPostQuantumVerifier {
    /// @notice Whether a signature over a message of any length, with any context, is of the key: so that the verifier can be checked
    /// against every other implementation. Never reverts for anything malformed.
    /// @param publicKey `PK.seed ‖ PK.root`.
    /// @param message The message itself, not a digest.
    /// @param context At most 255 bytes; with more the answer is false.
    /// @param signature 7856 bytes; with any other length the answer is false.
    function verifyMessage(bytes32 publicKey, bytes calldata message, bytes calldata context, bytes calldata signature)
        external
        view
        returns (bool);
}
