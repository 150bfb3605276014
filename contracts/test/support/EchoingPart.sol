// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title A part of an agreement that says where, by whom and with what it was called
contract EchoingPart {
    error Echoed(uint256 name, bytes4 selector);

    uint256 private immutable NAME;

    constructor(uint256 name) {
        NAME = name;
    }

    // solhint-disable-next-line no-complex-fallback
    fallback(bytes calldata input) external payable returns (bytes memory) {
        // A byte of 0xff after the selector asks for a refusal.
        if (input.length > 4 && input[4] == 0xff) revert Echoed(NAME, msg.sig);
        return abi.encode(NAME, address(this), msg.sender, msg.value, input);
    }
}
