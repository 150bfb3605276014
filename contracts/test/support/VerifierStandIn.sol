// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPostQuantumVerifier} from "../../src/interfaces/IPostQuantumVerifier.sol";

/// @title A scheme in which anybody signs for every key: for tests of what is signed, and by whom, not of signatures
contract VerifierStandIn is IPostQuantumVerifier {
    function verify(bytes32 publicKey, bytes32 digest, bytes calldata signature) external pure returns (bool) {
        return keccak256(signature) == keccak256(StandInSignature.sign(publicKey, digest));
    }
}

library StandInSignature {
    /// @dev Fits this key and digest alone.
    function sign(bytes32 publicKey, bytes32 digest) internal pure returns (bytes memory) {
        return abi.encode("signature of", publicKey, "over", digest);
    }
}
