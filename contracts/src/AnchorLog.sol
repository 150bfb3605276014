// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAnchorLog} from "./interfaces/IAnchorLog.sol";

/// @title Implementation of IAnchorLog, where everything is described
contract AnchorLog is IAnchorLog {
    /// @dev Fills one slot, so that an anchor costs one new slot (its root) and one change.
    struct Head {
        uint64 count;
        uint64 size;
        uint128 anchoredAt;
    }

    mapping(address writer => Head) private _heads;
    /// @dev Key: writer << 64 | seq.
    mapping(uint256 key => bytes32) private _roots;
    mapping(address writer => mapping(uint40 witnessedAt => uint64)) private _witnessed;

    /// @inheritdoc IAnchorLog
    function anchor(uint64 seq, bytes32 newRoot, uint64 size) external {
        Head storage head = _heads[msg.sender];
        (uint64 count, uint64 latestSize) = (head.count, head.size);
        if (seq != count) {
            if (_isReplay(seq, newRoot, size, count, latestSize)) return;
            revert AnchorLogSeqNotNext(seq, count);
        }
        if (size <= latestSize) revert AnchorLogSizeNotGrown(size, latestSize);
        if (newRoot == 0) revert AnchorLogRootZero();
        (head.count, head.size, head.anchoredAt) = (count + 1, size, uint128(block.timestamp));
        _roots[_key(msg.sender, seq)] = newRoot;
        emit Anchored(msg.sender, seq, newRoot, size);
    }

    /// @inheritdoc IAnchorLog
    function witness(address writer) external {
        (uint64 count, uint40 witnessedAt) = (_heads[writer].count, uint40(block.timestamp));
        _witnessed[writer][witnessedAt] = count;
        emit Witnessed(writer, count, witnessedAt);
    }

    /// @inheritdoc IAnchorLog
    function witnessed(address writer, uint40 witnessedAt) external view returns (uint64 count) {
        return _witnessed[writer][witnessedAt];
    }

    /// @inheritdoc IAnchorLog
    function latest(address writer)
        external
        view
        returns (uint64 count, uint64 size, uint256 anchoredAt, bytes32 latestRoot)
    {
        Head memory head = _heads[writer];
        if (head.count > 0) latestRoot = root(writer, head.count - 1);
        return (head.count, head.size, head.anchoredAt, latestRoot);
    }

    /// @inheritdoc IAnchorLog
    function root(address writer, uint64 seq) public view returns (bytes32) {
        return _roots[_key(writer, seq)];
    }

    /// @dev Of an anchor before the latest only the root is there to compare.
    function _isReplay(uint64 seq, bytes32 newRoot, uint64 size, uint64 count, uint64 latestSize)
        private
        view
        returns (bool)
    {
        return seq < count && root(msg.sender, seq) == newRoot && (seq + 1 < count || size == latestSize);
    }

    function _key(address writer, uint64 seq) private pure returns (uint256) {
        return uint256(uint160(writer)) << 64 | seq;
    }
}
