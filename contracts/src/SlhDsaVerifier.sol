// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPostQuantumVerifier} from "./interfaces/IPostQuantumVerifier.sol";
import {ISlhDsaVerifier} from "./interfaces/ISlhDsaVerifier.sol";
import {SlhDsaSha2_128s} from "./libraries/SlhDsaSha2_128s.sol";

/// @title Implementation of ISlhDsaVerifier, where everything is described
contract SlhDsaVerifier is ISlhDsaVerifier {
    /// @inheritdoc IPostQuantumVerifier
    function verify(bytes32 publicKey, bytes32 digest, bytes calldata signature) external view returns (bool) {
        return SlhDsaSha2_128s.verify(publicKey, abi.encodePacked(digest), "", signature);
    }

    /// @inheritdoc ISlhDsaVerifier
    function verifyMessage(bytes32 publicKey, bytes calldata message, bytes calldata context, bytes calldata signature)
        external
        view
        returns (bool)
    {
        return SlhDsaSha2_128s.verify(publicKey, message, context, signature);
    }
}
