// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPostQuantumVerifier} from "../../src/interfaces/IPostQuantumVerifier.sol";

/// @dev A signature that fits this key and digest alone.
function standInSignature(bytes32 publicKey, bytes32 digest) pure returns (bytes memory) {
    return abi.encode("signature of", publicKey, "over", digest);
}

/// @title A scheme in which anybody signs for every key: for tests of what is signed, and by whom, not of signatures
contract VerifierStandIn is IPostQuantumVerifier {
    function verify(bytes32 publicKey, bytes32 digest, bytes calldata signature) external pure returns (bool) {
        return keccak256(signature) == keccak256(standInSignature(publicKey, digest));
    }
}
