// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title RFC 9162 by its recursive definitions, section 2.1.1 and 2.1.3.1
/// @notice Slow and literal, to check the verifier against.
library MerkleReference {
    function root(bytes32[] memory data) internal pure returns (bytes32) {
        return _root(data, 0, data.length);
    }

    function proof(bytes32[] memory data, uint256 index) internal pure returns (bytes32[] memory) {
        return _path(data, index, 0, data.length);
    }

    /// @dev Roots of the subtrees to the right of the first `count` leaves, from the left.
    function rest(bytes32[] memory data, uint256 count) internal pure returns (bytes32[] memory) {
        return _rest(data, count, 0, data.length);
    }

    function _rest(bytes32[] memory data, uint256 count, uint256 from, uint256 size)
        private
        pure
        returns (bytes32[] memory)
    {
        if (from + size <= count) return new bytes32[](0);
        uint256 left = _splitOf(size);
        if (count > from + left) return _rest(data, count, from + left, size - left);
        return _append(_rest(data, count, from, left), _root(data, from + left, size - left));
    }

    function _root(bytes32[] memory data, uint256 from, uint256 size) private pure returns (bytes32) {
        if (size == 0) return sha256("");
        if (size == 1) return sha256(abi.encodePacked(uint8(0), data[from]));
        uint256 left = _splitOf(size);
        return sha256(abi.encodePacked(uint8(1), _root(data, from, left), _root(data, from + left, size - left)));
    }

    function _path(bytes32[] memory data, uint256 index, uint256 from, uint256 size)
        private
        pure
        returns (bytes32[] memory)
    {
        if (size == 1) return new bytes32[](0);
        uint256 left = _splitOf(size);
        if (index < left) return _append(_path(data, index, from, left), _root(data, from + left, size - left));
        return _append(_path(data, index - left, from + left, size - left), _root(data, from, left));
    }

    /// @dev The largest power of two below `size`.
    function _splitOf(uint256 size) private pure returns (uint256 left) {
        for (left = 1; 2 * left < size; left *= 2) {}
    }

    function _append(bytes32[] memory path, bytes32 node) private pure returns (bytes32[] memory longer) {
        longer = new bytes32[](path.length + 1);
        for (uint256 i = 0; i < path.length; ++i) {
            longer[i] = path[i];
        }
        longer[path.length] = node;
    }
}
