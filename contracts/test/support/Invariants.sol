// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What forge asks a test of invariants
abstract contract Invariants {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    address[] private _handlers;
    FuzzSelector[] private _targets;

    /// @notice Forge calls no other contracts,
    function targetContracts() external view returns (address[] memory) {
        return _handlers;
    }

    /// @notice and of them nothing but these.
    function targetSelectors() external view returns (FuzzSelector[] memory) {
        return _targets;
    }

    function _target(address handler, bytes4[] memory selectors) internal {
        _handlers.push(handler);
        _targets.push(FuzzSelector(handler, selectors));
    }
}
