// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Rfc9162} from "../src/libraries/Rfc9162.sol";
import {MerkleReference} from "./support/MerkleReference.sol";
import {vm} from "./support/Vm.sol";

contract Rfc9162Test {
    function verify(bytes32 data, uint256 index, uint256 size, bytes32 root, bytes32[] calldata proof)
        external
        view
        returns (bool)
    {
        return Rfc9162.verifyInclusion(data, index, size, root, proof);
    }

    function verifyPrefix(bytes32[] calldata data, uint256 size, bytes32 root, bytes32[] calldata rest)
        external
        view
        returns (bool)
    {
        return Rfc9162.verifyPrefix(data, size, root, rest);
    }

    function test_acceptsEveryLeafOfEveryTreeUpTo33() external view {
        for (uint256 size = 1; size <= 33; ++size) {
            bytes32[] memory data = _leaves(size, 0);
            bytes32 root = MerkleReference.root(data);
            for (uint256 index = 0; index < size; ++index) {
                vm.assertTrue(this.verify(data[index], index, size, root, MerkleReference.proof(data, index)));
            }
        }
    }

    function testFuzz_acceptsTheLeafAndRefusesEveryChange(uint256 seed, uint16 sizeSeed, uint16 indexSeed, uint8 flip)
        external
        view
    {
        uint256 size = 2 + sizeSeed % 99;
        uint256 index = indexSeed % size;
        bytes32[] memory data = _leaves(size, seed);
        bytes32 root = MerkleReference.root(data);
        bytes32[] memory proof = MerkleReference.proof(data, index);
        bytes32 mask = bytes32(uint256(1) << flip);

        vm.assertTrue(this.verify(data[index], index, size, root, proof));
        vm.assertFalse(this.verify(data[index] ^ mask, index, size, root, proof), "leaf");
        vm.assertFalse(this.verify(data[index], index, size, root ^ mask, proof), "root");
        uint256 node = seed % proof.length;
        proof[node] ^= mask;
        vm.assertFalse(this.verify(data[index], index, size, root, proof), "node");
        proof[node] ^= mask;
        vm.assertFalse(this.verify(data[index], index, size, root, _resized(proof, proof.length - 1)), "short");
        vm.assertFalse(this.verify(data[index], index, size, root, _resized(proof, proof.length + 1)), "long");
    }

    function testFuzz_refusesAnIndexAtOrBeyondTheSize(uint256 index, uint256 size) external view {
        vm.assume(index >= size);
        bytes32[] memory none = new bytes32[](0);
        vm.assertFalse(this.verify(0, index, size, MerkleReference.root(_leaves(1, 0)), none));
    }

    function testFuzz_refusesAnInnerNodeAsLeaf(uint256 seed) external view {
        bytes32[] memory data = _leaves(4, seed);
        bytes32[] memory above = new bytes32[](1);
        above[0] = MerkleReference.proof(data, 0)[1];
        bytes32 node = sha256(
            abi.encodePacked(
                uint8(1), sha256(abi.encodePacked(uint8(0), data[0])), sha256(abi.encodePacked(uint8(0), data[1]))
            )
        );
        vm.assertFalse(this.verify(node, 0, 2, MerkleReference.root(data), above));
    }

    function test_acceptsEveryBeginningOfEveryTreeUpTo33() external view {
        for (uint256 size = 1; size <= 33; ++size) {
            bytes32[] memory data = _leaves(size, 0);
            bytes32 root = MerkleReference.root(data);
            for (uint256 count = 1; count <= size; ++count) {
                bytes32[] memory rest = MerkleReference.rest(data, count);
                vm.assertTrue(this.verifyPrefix(_resized(data, count), size, root, rest));
                vm.assertTrue(count < size || rest.length == 0);
            }
        }
    }

    function testFuzz_acceptsABeginningAndRefusesEveryChange(
        uint256 seed,
        uint16 sizeSeed,
        uint16 countSeed,
        uint8 flip
    ) external view {
        uint256 size = 2 + sizeSeed % 60;
        uint256 count = 1 + countSeed % (size - 1);
        bytes32[] memory data = _leaves(size, seed);
        (bytes32 root, bytes32[] memory rest) = (MerkleReference.root(data), MerkleReference.rest(data, count));
        data = _resized(data, count);
        bytes32 mask = bytes32(uint256(1) << flip);

        vm.assertTrue(this.verifyPrefix(data, size, root, rest));
        vm.assertFalse(this.verifyPrefix(data, size, root ^ mask, rest), "root");
        data[seed % count] ^= mask;
        vm.assertFalse(this.verifyPrefix(data, size, root, rest), "leaf");
        data[seed % count] ^= mask;
        rest[seed % rest.length] ^= mask;
        vm.assertFalse(this.verifyPrefix(data, size, root, rest), "node");
        rest[seed % rest.length] ^= mask;
        vm.assertFalse(this.verifyPrefix(data, size, root, _resized(rest, rest.length - 1)), "short");
        vm.assertFalse(this.verifyPrefix(data, size, root, _resized(rest, rest.length + 1)), "long");
        vm.assertFalse(this.verifyPrefix(_resized(data, count - 1), size, root, rest), "fewer");
        vm.assertFalse(this.verifyPrefix(_resized(data, count + 1), size, root, rest), "more");
    }

    /// @dev Each leaf that is shown must count: of a tree that is said to be smaller, some would not.
    function test_refusesMoreLeavesThanTheTreeIsSaidToHave() external view {
        bytes32[] memory data = _leaves(4, 0);
        bytes32[] memory none = new bytes32[](0);
        for (uint256 size = 0; size < 4; ++size) {
            vm.assertFalse(this.verifyPrefix(data, size, MerkleReference.root(_resized(data, size)), none));
        }
        vm.assertFalse(this.verifyPrefix(none, 0, sha256(""), none));
        vm.assertFalse(this.verifyPrefix(none, 1, data[0], _resized(data, 1)));
    }

    /// @dev The node above two leaves is itself no leaf.
    function testFuzz_refusesAnInnerNodeAsOneOfTheFirstLeaves(uint256 seed) external view {
        bytes32[] memory data = _leaves(4, seed);
        bytes32[] memory nodes = new bytes32[](2);
        (nodes[0], nodes[1]) = (MerkleReference.root(_resized(data, 2)), MerkleReference.rest(data, 2)[0]);
        vm.assertFalse(this.verifyPrefix(nodes, 2, MerkleReference.root(data), new bytes32[](0)));
    }

    function test_answersWhateverTheTreeIsSaidToHave() external view {
        bytes32[] memory data = _leaves(1, 0);
        for (uint256 bits = 1; bits < 256; ++bits) {
            vm.assertFalse(this.verifyPrefix(data, 2 ** bits, data[0], new bytes32[](0)));
            vm.assertFalse(this.verifyPrefix(data, 2 ** bits - 1, data[0], data));
        }
        vm.assertFalse(this.verifyPrefix(data, type(uint256).max, data[0], data));
    }

    /// @dev A hash that its gas does not pay for must stop everything: what is left in memory would pass as its result.
    function test_neverAnswersWithoutTheGasForIt() external view {
        bytes32[] memory data = _leaves(5, 0);
        bytes32 root = MerkleReference.root(data);
        bytes32[] memory proof = MerkleReference.proof(data, 1);
        uint256 answers = 0;
        for (uint256 gasGiven = 1000; gasGiven < 9000; gasGiven += 7) {
            try this.verify{gas: gasGiven}(data[1], 1, 5, root, proof) returns (bool isIncluded) {
                vm.assertTrue(isIncluded);
                ++answers;
            } catch {}
        }
        vm.assertTrue(answers > 0 && answers < 1000);
    }

    /// @dev Why a caller must know index and size from elsewhere, when they matter to it.
    function test_bindsNeitherIndexNorSize() external view {
        bytes32[] memory data = _leaves(5, 0);
        bytes32 root = MerkleReference.root(data);
        bytes32[] memory proof = MerkleReference.proof(data, 4);
        vm.assertTrue(this.verify(data[4], 4, 5, root, proof));
        vm.assertTrue(this.verify(data[4], 2, 3, root, proof));
    }

    function _leaves(uint256 size, uint256 seed) private pure returns (bytes32[] memory data) {
        data = new bytes32[](size);
        for (uint256 i = 0; i < size; ++i) {
            data[i] = keccak256(abi.encode(seed, i));
        }
    }

    function _resized(bytes32[] memory proof, uint256 length) private pure returns (bytes32[] memory resized) {
        resized = new bytes32[](length);
        for (uint256 i = 0; i < length && i < proof.length; ++i) {
            resized[i] = proof[i];
        }
    }
}
