// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Clause, Clauses, InstantaneousLimit} from "../src/libraries/Clauses.sol";
import {LibraryHarness} from "./support/LibraryHarness.sol";
import {MerkleReference} from "./support/MerkleReference.sol";
import {vm} from "./support/Vm.sol";

contract ClausesTest {
    LibraryHarness private harness;

    function setUp() external {
        harness = new LibraryHarness();
    }

    function testFuzz_readsALimit(uint16 limitId, uint8 metric, bool isAbove, int32 bound, uint256 penalty, address due)
        external
        view
    {
        uint8 side = isAbove ? 1 : 2;
        Clause memory clause = _only(4, abi.encode(limitId, metric, side, bound, penalty, due));
        InstantaneousLimit memory limit = harness.limit(_termsHash(clause), clause);
        vm.assertEq(limit.limitId, limitId);
        vm.assertEq(limit.metric, metric);
        vm.assertEq(limit.side, side);
        vm.assertEq(int256(limit.bound), bound);
        vm.assertEq(limit.penalty, penalty);
        vm.assertEq(limit.beneficiary, due);
    }

    function testFuzz_theBoundItselfIsInside(int32 bound, int32 value) external pure {
        InstantaneousLimit memory limit = InstantaneousLimit(1, 0, 1, bound, 0, address(1));
        vm.assertTrue(Clauses.isOutside(limit, value) == (value > bound));
        limit.side = 2;
        vm.assertTrue(Clauses.isOutside(limit, value) == (value < bound));
        vm.assertFalse(Clauses.isOutside(limit, bound));
    }

    function testFuzz_refusesASideThatItDoesNotKnow(uint8 side) external {
        vm.assume(side != 1 && side != 2);
        Clause memory clause = _only(4, abi.encode(uint16(1), uint8(0), side, int32(0), uint256(0), address(1)));
        bytes32 termsHash = _termsHash(clause);
        vm.expectRevert(abi.encodeWithSelector(Clauses.ClauseSideUnknown.selector, side));
        harness.limit(termsHash, clause);
    }

    /// @dev The kind is hashed: a body cannot be read as that of another kind.
    function testFuzz_refusesAnotherKind(uint16 kind) external {
        vm.assume(kind != 4);
        Clause memory clause = _only(kind, abi.encode(uint16(1), uint8(0), uint8(1), int32(0), uint256(0), address(1)));
        bytes32 termsHash = _termsHash(clause);
        vm.expectRevert(abi.encodeWithSelector(Clauses.ClauseKindUnexpected.selector, kind, 4));
        harness.limit(termsHash, clause);
        clause.kind = 4;
        vm.expectRevert(abi.encodeWithSelector(Clauses.ClauseNotInTerms.selector, termsHash));
        harness.limit(termsHash, clause);
    }

    function _only(uint16 kind, bytes memory body) private pure returns (Clause memory) {
        return Clause(kind, keccak256("salt"), body, 0, 1, new bytes32[](0));
    }

    function _termsHash(Clause memory clause) private pure returns (bytes32) {
        bytes32[] memory hashes = new bytes32[](1);
        hashes[0] = sha256(abi.encodePacked(bytes16("consign.clause"), clause.salt, clause.kind, clause.body));
        return MerkleReference.root(hashes);
    }
}
