// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Rfc9162} from "./Rfc9162.sol";

/// @notice One clause of the terms, disclosed with the proof that `termsHash` commits to it.
/// @param kind What the clause says: 2 party, 3 device, 4 instantaneous limit.
/// @param salt Keeps the clauses that are not disclosed from being guessed.
/// @param body ABI encoding of the clause's fields, in the order of docs/formats.md.
/// @param index Place of the clause in the terms.
/// @param size Number of clauses of the terms.
/// @param proof RFC 9162 inclusion proof.
struct Clause {
    uint16 kind;
    bytes32 salt;
    bytes body;
    uint256 index;
    uint256 size;
    bytes32[] proof;
}

/// @notice Who a party is; amounts in the smallest unit of the token.
struct Party {
    uint8 role;
    address wallet;
    uint256 amount;
    uint256 penaltyCap;
}

/// @notice The device's identity, as far as the chain checks it.
struct Device {
    bytes32 p256X;
    bytes32 p256Y;
}

/// @notice A limit that any single reading can break; the bound itself is inside.
/// @param side 1: values above the bound are outside; 2: values below it are.
/// @param bound In the fixed unit of the metric.
/// @param penalty Cost of one excursion, in the smallest unit of the token.
/// @param beneficiary Who is due the penalty.
struct InstantaneousLimit {
    uint16 limitId;
    uint8 metric;
    uint8 side;
    int32 bound;
    uint256 penalty;
    address beneficiary;
}

/// @title Clauses of the terms, disclosed one by one
/// @notice clauseHash = SHA-256(tag ‖ salt ‖ kind ‖ body); `termsHash` is the RFC 9162 root with each clauseHash as the data of one leaf.
/// Only membership counts here: what a clause is stands in its kind and body, so an index or size that the prover chooses gives it nothing.
library Clauses {
    uint16 internal constant PARTY = 2;
    uint16 internal constant DEVICE = 3;
    uint16 internal constant INSTANTANEOUS_LIMIT = 4;

    uint8 internal constant ROLE_PAYER = 1;
    uint8 internal constant ROLE_PAYEE = 2;

    uint8 internal constant SIDE_ABOVE = 1;
    uint8 internal constant SIDE_BELOW = 2;

    bytes16 private constant TAG_CLAUSE = "consign.clause";

    /// @notice Thrown when the clause is of another kind than the call needs.
    error ClauseKindUnexpected(uint16 kind, uint16 expected);

    /// @notice Thrown when the terms do not commit to the clause.
    error ClauseNotInTerms(bytes32 termsHash);

    /// @notice Thrown when a limit names a side that this rule version does not know.
    error ClauseSideUnknown(uint8 side);

    function party(bytes32 termsHash, Clause calldata clause) internal view returns (Party memory disclosed) {
        _requireDisclosed(termsHash, clause, PARTY);
        // The offset stands for the name, which nothing here needs: decoding it would copy it.
        (, disclosed.role,, disclosed.wallet,,, disclosed.amount, disclosed.penaltyCap) =
            abi.decode(clause.body, (uint8, uint8, uint256, address, bytes32, bytes32, uint256, uint256));
    }

    function device(bytes32 termsHash, Clause calldata clause) internal view returns (Device memory disclosed) {
        _requireDisclosed(termsHash, clause, DEVICE);
        (, disclosed.p256X, disclosed.p256Y,,,,) =
            abi.decode(clause.body, (bytes32, bytes32, bytes32, bytes32, bytes32, address, uint8));
    }

    function instantaneousLimit(bytes32 termsHash, Clause calldata clause)
        internal
        view
        returns (InstantaneousLimit memory limit)
    {
        _requireDisclosed(termsHash, clause, INSTANTANEOUS_LIMIT);
        limit = abi.decode(clause.body, (InstantaneousLimit));
        if (limit.side != SIDE_ABOVE && limit.side != SIDE_BELOW) revert ClauseSideUnknown(limit.side);
    }

    function isOutside(InstantaneousLimit memory limit, int32 value) internal pure returns (bool) {
        return limit.side == SIDE_ABOVE ? value > limit.bound : value < limit.bound;
    }

    function _requireDisclosed(bytes32 termsHash, Clause calldata clause, uint16 kind) private view {
        if (clause.kind != kind) revert ClauseKindUnexpected(clause.kind, kind);
        bytes32 clauseHash = sha256(abi.encodePacked(TAG_CLAUSE, clause.salt, clause.kind, clause.body));
        if (!Rfc9162.verifyInclusion(clauseHash, clause.index, clause.size, termsHash, clause.proof)) {
            revert ClauseNotInTerms(termsHash);
        }
    }
}
