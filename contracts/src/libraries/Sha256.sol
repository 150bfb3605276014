// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title SHA-256 by the precompile, without the copy of its input that the compiler's own `sha256` makes
library Sha256 {
    /// @notice Thrown when the gas left does not pay for a hash.
    error Sha256OutOfGas();

    function hash(bytes memory data) internal view returns (bytes32 digest) {
        bool hashed;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            hashed := staticcall(gas(), 2, add(data, 32), mload(data), 0, 32)
            digest := mload(0)
        }
        if (!hashed) revert Sha256OutOfGas();
    }
}
