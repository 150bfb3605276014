// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Sha256} from "../src/libraries/Sha256.sol";
import {vm} from "./support/Vm.sol";

contract Sha256Test {
    /// @dev 3,125 words, 37,560 gas: a 64th of so much pays for a refusal.
    uint256 private constant LONG_BYTES = 100_000;

    function hash(bytes calldata data) external view returns (bytes32) {
        return Sha256.hash(data);
    }

    function testFuzz_isThatOfTheCompiler(bytes calldata data) external view {
        vm.assertEq(this.hash(data), sha256(data));
    }

    function test_isThatOfTheCompilerForLongData() external view {
        bytes memory data = new bytes(LONG_BYTES);
        data[LONG_BYTES - 1] = 0x01;
        vm.assertEq(this.hash(data), sha256(data));
    }

    /// @dev What lies in memory when the precompile gives up must never pass for a hash.
    function test_neverAnswersWithoutTheGasForIt() external view {
        bytes memory data = new bytes(LONG_BYTES);
        bytes32 expected = sha256(data);
        (uint256 answers, uint256 refusals) = (0, 0);
        for (uint256 gasGiven = 40_000; gasGiven < 140_000; gasGiven += 500) {
            try this.hash{gas: gasGiven}(data) returns (bytes32 digest) {
                vm.assertEq(digest, expected);
                ++answers;
            } catch (bytes memory refusal) {
                if (bytes4(refusal) == Sha256.Sha256OutOfGas.selector) ++refusals;
            }
        }
        vm.assertTrue(answers > 0 && refusals > 0 && answers + refusals < 200);
    }
}
