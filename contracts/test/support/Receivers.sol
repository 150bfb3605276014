// SPDX-License-Identifier: Apache-2.0
// solhint-disable one-contract-per-file
pragma solidity 0.8.37;

/// @dev Takes no ether, until it is asked to change its mind.
contract RefusingReceiver {
    bool public takes;

    error EtherRefused();

    receive() external payable {
        if (!takes) revert EtherRefused();
    }

    function change() external {
        takes = true;
    }
}

/// @dev Burns all the gas that it is given.
contract BurningReceiver {
    receive() external payable {
        while (true) {}
    }
}

/// @dev Answers with as many bytes as its gas pays for.
contract VerboseReceiver {
    receive() external payable {
        // solhint-disable-next-line no-inline-assembly
        assembly {
            revert(0, 1000000)
        }
    }
}

/// @dev Makes a call of its own while it is paid, and fails when that fails.
contract ReentrantReceiver {
    address public target;
    bytes public call;
    bool public entered;

    function prepare(address newTarget, bytes calldata newCall) external {
        (target, call) = (newTarget, newCall);
    }

    receive() external payable {
        (entered,) = target.call(call);
    }
}
