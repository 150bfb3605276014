// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title An account with code that calls whatever a test says
/// @notice By default it takes no ether.
contract Holder {
    bool private _takesEther;
    uint256 private _gasBurned;
    address private _target;
    bytes private _reaction;
    /// @notice Whether its reaction to ether succeeded, and what came back.
    bool public hasReacted;
    bytes public answer;

    error HolderTakesNoEther();

    // solhint-disable-next-line no-complex-fallback
    receive() external payable {
        if (!_takesEther) revert HolderTakesNoEther();
        uint256 before = gasleft();
        while (before - gasleft() < _gasBurned) {}
        if (_target != address(0)) (hasReacted, answer) = _target.call(_reaction);
    }

    function takeEther(uint256 gasBurned) external {
        (_takesEther, _gasBurned) = (true, gasBurned);
    }

    /// @dev From now on, when ether comes, it makes this call.
    function reactWith(address target, bytes calldata reaction) external {
        (_takesEther, _target, _reaction) = (true, target, reaction);
    }

    function approve(address token, address spender) external {
        IERC20(token).approve(spender, type(uint256).max);
    }

    function run(address target, bytes calldata data) external returns (bytes memory) {
        (bool succeeded, bytes memory returned) = target.call(data);
        if (!succeeded) {
            // solhint-disable-next-line no-inline-assembly
            assembly {
                revert(add(returned, 32), mload(returned))
            }
        }
        return returned;
    }
}
