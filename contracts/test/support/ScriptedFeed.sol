// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAggregatorV3} from "../../src/interfaces/IAggregatorV3.sol";

/// @title A price feed that says what a test wants, whether it makes sense or not
contract ScriptedFeed is IAggregatorV3 {
    uint8 public immutable decimals;

    error ScriptedFeedDead();

    uint80 private _roundId = 1;
    uint80 private _answeredInRound = 1;
    int256 private _answer;
    uint256 private _updatedAt;
    bytes private _raw;
    bool private _isRaw;
    bool private _isDead;

    constructor(uint8 decimals_) {
        decimals = decimals_;
    }

    /// @dev A finished round.
    function say(int256 answer, uint256 updatedAt) external {
        (_answer, _updatedAt, _answeredInRound) = (answer, updatedAt, ++_roundId);
        (_isDead, _isRaw) = (false, false);
    }

    /// @dev The answer is of a round before.
    function carryOver() external {
        ++_roundId;
    }

    function die() external {
        _isDead = true;
    }

    /// @dev Bytes that need not be a round.
    function sayRaw(bytes calldata raw) external {
        (_raw, _isRaw) = (raw, true);
    }

    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        if (_isDead) revert ScriptedFeedDead();
        if (_isRaw) {
            bytes memory raw = _raw;
            // solhint-disable-next-line no-inline-assembly
            assembly {
                return(add(raw, 32), mload(raw))
            }
        }
        return (_roundId, _answer, _updatedAt, _updatedAt, _answeredInRound);
    }
}
