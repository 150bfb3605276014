// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AgreementState} from "./AgreementState.sol";

/// @title Implementation of IAgreementPayout, where everything is described
contract AgreementPayout is AgreementState {
    function isFunded() external view returns (bool) {
        return _fundedAt != 0;
    }
}
