// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";

/// @title Where an agreement lives
/// @notice A minimal clone with the immutable argument `termsHash`, made by CREATE2: the address binds terms and both signers.
library AgreementAddress {
    function salt(bytes32 termsHash, address payer, address payee) internal pure returns (bytes32) {
        return keccak256(abi.encode(termsHash, payer, payee));
    }

    function predict(address factory, address implementation, bytes32 termsHash, address payer, address payee)
        internal
        pure
        returns (address)
    {
        return Clones.predictDeterministicAddressWithImmutableArgs(
            implementation, abi.encode(termsHash), salt(termsHash, payer, payee), factory
        );
    }
}
