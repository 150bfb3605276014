// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AgreementState} from "./AgreementState.sol";

/// @title Implementation of IAgreementDisputes, where everything is described
contract AgreementDisputes is AgreementState {
    address public immutable postQuantumVerifier;

    constructor(address verifier) {
        postQuantumVerifier = verifier;
    }
}
