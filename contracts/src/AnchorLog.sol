// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAnchorLog} from "./interfaces/IAnchorLog.sol";

/// @title Implementation of IAnchorLog, where everything is described
contract AnchorLog is IAnchorLog {
    /// @dev One slot, so that an anchor costs one new slot (its root) and one change.
    struct Head {
        uint64 count;
        uint64 size;
        uint64 anchoredAt;
    }

    mapping(address writer => Head) private _heads;
    mapping(address writer => mapping(uint64 seq => bytes32)) private _roots;

    /// @inheritdoc IAnchorLog
    function anchor(uint64 seq, bytes32 newRoot, uint64 size) external {
        Head memory head = _heads[msg.sender];
        if (seq < head.count && _isReplay(seq, newRoot, size, head)) return;
        if (seq != head.count) revert AnchorLogSeqNotNext(seq, head.count);
        if (size <= head.size) revert AnchorLogSizeNotGrown(size, head.size);
        if (newRoot == 0) revert AnchorLogRootZero();
        _heads[msg.sender] = Head(seq + 1, size, uint64(block.timestamp));
        _roots[msg.sender][seq] = newRoot;
        emit Anchored(msg.sender, seq, newRoot, size);
    }

    /// @inheritdoc IAnchorLog
    function latest(address writer)
        external
        view
        returns (uint64 count, uint64 size, uint64 anchoredAt, bytes32 latestRoot)
    {
        Head memory head = _heads[writer];
        if (head.count > 0) latestRoot = _roots[writer][head.count - 1];
        return (head.count, head.size, head.anchoredAt, latestRoot);
    }

    /// @inheritdoc IAnchorLog
    function root(address writer, uint64 seq) external view returns (bytes32) {
        return _roots[writer][seq];
    }

    function _isReplay(uint64 seq, bytes32 newRoot, uint64 size, Head memory head) private view returns (bool) {
        return _roots[msg.sender][seq] == newRoot && (seq + 1 < head.count || size == head.size);
    }
}
