// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {vm} from "./Vm.sol";

/// @title Issuer of a token that reserves whatever is asked
contract EscrowStandIn {
    address public immutable token;
    uint256 public reserved;

    constructor() {
        token = vm.deployCode("SettlementToken.sol:SettlementToken", abi.encode(address(this)));
    }

    function reserve(address, address, uint256 amount) external {
        reserved += amount;
    }

    function release(address, uint256 amount) external {
        reserved -= amount;
    }
}
