// SPDX-License-Identifier: Apache-2.0
// solhint-disable one-contract-per-file
pragma solidity 0.8.37;

/// @dev Says the same to whatever it is asked.
contract Answering {
    bytes private _answer;

    constructor(bytes memory answer) {
        _answer = answer;
    }

    // solhint-disable-next-line no-complex-fallback
    fallback(bytes calldata) external returns (bytes memory) {
        return _answer;
    }
}

/// @dev An escrow that makes a call of its own to whoever asks it to reserve.
contract ReentrantEscrow {
    bytes private _call;
    bytes public answer;

    function prepare(bytes calldata call) external {
        _call = call;
    }

    function reserve(address, address, uint256) external {
        // solhint-disable-next-line avoid-low-level-calls
        (, answer) = msg.sender.call(_call);
    }
}
