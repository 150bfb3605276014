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
