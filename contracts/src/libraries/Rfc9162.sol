// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Sha256} from "./Sha256.sol";

/// @title Merkle trees of RFC 9162 with SHA-256
/// @notice Leaf = SHA-256(0x00 ‖ data), node = SHA-256(0x01 ‖ left ‖ right), section 2.1.
/// @dev A root binds neither index nor size: leaf 4 of 5 verifies as leaf 2 of 3 too. A caller to whom they matter takes size from where
/// it was signed or stored together with the root, and index from the leaf itself.
library Rfc9162 {
    /// @dev More leaves than any tree here has; and by this many, the depth of the recursion is at most 32.
    uint256 private constant PREFIX_SIZE_MAX = 2 ** 32;

    /// @notice Inclusion of a leaf, section 2.1.3.2. The proof must have exactly the length that index and size ask for.
    /// @param data The leaf's data: one 32-byte digest.
    /// @param index Place of the leaf, from 0.
    /// @param size Leaves of the tree.
    /// @param root Root of the tree.
    /// @param proof Siblings, from the leaf upwards.
    /// @return Whether the leaf is there; false, never a revert, for any malformed proof.
    function verifyInclusion(bytes32 data, uint256 index, uint256 size, bytes32 root, bytes32[] calldata proof)
        internal
        view
        returns (bool)
    {
        if (index >= size) return false;
        uint256 last = size - 1;
        bytes32 node = _leaf(data);
        for (uint256 i = 0; i < proof.length; ++i) {
            if (last == 0) return false;
            bytes32 sibling = _at(proof, i);
            if (index & 1 == 1 || index == last) {
                // The last node of a level without a sibling moves up unchanged until it is a right child.
                for (; index & 1 == 0; index >>= 1) {
                    last >>= 1;
                }
                node = _parent(sibling, node);
            } else {
                node = _parent(node, sibling);
            }
            index >>= 1;
            last >>= 1;
        }
        return last == 0 && node == root;
    }

    /// @notice Inclusion of the first leaves all at once: the root, as section 2.1.1 defines it, over them and what stands to their right.
    /// @param data The first leaves' data, at least one: a 32-byte digest each.
    /// @param size Leaves of the tree.
    /// @param root Root of the tree.
    /// @param rest Roots of the subtrees to the right of those leaves, from the left.
    /// @return Whether the leaves are there; false, never a revert, for anything malformed.
    function verifyPrefix(bytes32[] memory data, uint256 size, bytes32 root, bytes32[] calldata rest)
        internal
        view
        returns (bool)
    {
        if (data.length == 0 || data.length > size || size > PREFIX_SIZE_MAX) return false;
        (bytes32 node, uint256 used) = _rootOf(data, 0, size, rest, 0);
        return used == rest.length && node == root;
    }

    /// @dev Root over `size` leaves from number `from` on, and how many nodes of `rest` are used then.
    function _rootOf(bytes32[] memory data, uint256 from, uint256 size, bytes32[] calldata rest, uint256 used)
        private
        view
        returns (bytes32 node, uint256)
    {
        if (from >= data.length) return (used < rest.length ? rest[used] : bytes32(0), used + 1);
        if (size == 1) return (_leaf(data[from]), used);
        // The largest power of two that is smaller.
        uint256 split = 2 ** Math.log2(size - 1);
        (node, used) = _rootOf(data, from, split, rest, used);
        bytes32 right;
        (right, used) = _rootOf(data, from + split, size - split, rest, used);
        return (_parent(node, right), used);
    }

    /// @dev A node of the proof, which has so many: the caller's loop ends with them.
    function _at(bytes32[] calldata proof, uint256 i) private pure returns (bytes32 node) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            node := calldataload(add(proof.offset, shl(5, i)))
        }
    }

    /// @dev SHA-256(0x00 ‖ data) in the scratch space.
    function _leaf(bytes32 data) private view returns (bytes32 node) {
        bool hashed;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            mstore8(0, 0)
            mstore(1, data)
            hashed := staticcall(gas(), 2, 0, 33, 0, 32)
            node := mload(0)
        }
        if (!hashed) revert Sha256.Sha256OutOfGas();
    }

    /// @dev SHA-256(0x01 ‖ left ‖ right) behind the free memory pointer: abi.encodePacked would take new memory for every level.
    function _parent(bytes32 left, bytes32 right) private view returns (bytes32 node) {
        bool hashed;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            mstore8(buffer, 1)
            mstore(add(buffer, 1), left)
            mstore(add(buffer, 33), right)
            hashed := staticcall(gas(), 2, buffer, 65, 0, 32)
            node := mload(0)
        }
        if (!hashed) revert Sha256.Sha256OutOfGas();
    }
}
