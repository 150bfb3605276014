// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Clause, Clauses, Limit, Penalty} from "../src/libraries/Clauses.sol";
import {LibraryHarness} from "./support/LibraryHarness.sol";
import {MerkleReference} from "./support/MerkleReference.sol";
import {vm} from "./support/Vm.sol";

contract ClausesTest {
    LibraryHarness private harness;

    function setUp() external {
        harness = new LibraryHarness();
    }

    function testFuzz_readsALimit(Limit memory written, bool isAbove, uint8 kindSeed) external view {
        written.side = isAbove ? 1 : 2;
        uint16[3] memory kinds = [uint16(4), 8, 9];
        Clause memory clause = _only(kinds[kindSeed % 3], abi.encode(written));
        Limit memory read = harness.limit(_termsHash(clause), clause);
        vm.assertEq(keccak256(abi.encode(read)), keccak256(abi.encode(written)));
    }

    function testFuzz_theBoundItselfIsInside(int32 bound, int32 value) external pure {
        Limit memory limit = _limit(1);
        limit.bound = bound;
        vm.assertTrue(Clauses.isOutside(limit, value) == (value > bound));
        limit.side = 2;
        vm.assertTrue(Clauses.isOutside(limit, value) == (value < bound));
        vm.assertFalse(Clauses.isOutside(limit, bound));
    }

    function testFuzz_refusesASideThatItDoesNotKnow(uint8 side) external {
        vm.assume(side != 1 && side != 2);
        Clause memory clause = _only(4, abi.encode(_limit(side)));
        bytes32 termsHash = _termsHash(clause);
        vm.expectRevert(abi.encodeWithSelector(Clauses.ClauseSideUnknown.selector, side));
        harness.limit(termsHash, clause);
    }

    /// @dev The kind is hashed: a body cannot be read as that of another kind.
    function testFuzz_refusesAnotherKind(uint16 kind) external {
        vm.assume(kind != 4 && kind != 8 && kind != 9);
        Clause memory clause = _only(kind, abi.encode(_limit(1)));
        bytes32 termsHash = _termsHash(clause);
        vm.expectRevert(abi.encodeWithSelector(Clauses.ClauseKindUnexpected.selector, kind, 4));
        harness.limit(termsHash, clause);
        clause.kind = 4;
        vm.expectRevert(abi.encodeWithSelector(Clauses.ClauseNotInTerms.selector, termsHash));
        harness.limit(termsHash, clause);
    }

    function _limit(uint8 side) private pure returns (Limit memory) {
        return Limit(1, 0, side, 0, 0, 0, 0, 0, 0, Penalty(0, 0, 0, 0, 0, address(1)));
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
