// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    Clause,
    Clauses,
    Content,
    Deadline,
    General,
    Heading,
    Limit,
    Milestone,
    Penalty,
    Silence,
    Tamper,
    TenderTerms,
    Windows
} from "../../src/libraries/Clauses.sol";
import {MerkleReference} from "./MerkleReference.sol";
import {Signing} from "./Signing.sol";
import {vm} from "./Vm.sol";

/// @title Terms with a clause of every kind that the chain reads
/// @notice A test that wants others overrides one of the virtual functions, or adds clauses by itself and calls `_sealTerms`.
abstract contract SampleTerms is Signing {
    /// @dev Places of the clauses in the terms of `_sampleTerms`.
    uint256 internal constant GENERAL = 0;
    uint256 internal constant PAYER = 1;
    uint256 internal constant PAYEE = 2;
    uint256 internal constant CARRIER = 3;
    uint256 internal constant DEVICE = 4;
    uint256 internal constant ABOVE_40 = 5;
    uint256 internal constant BELOW_2 = 6;
    uint256 internal constant DEADLINE = 7;
    uint256 internal constant ROUTE = 8;
    uint256 internal constant WINDOWS = 9;
    uint256 internal constant SINGLE_ABOVE_8 = 10;
    uint256 internal constant CUMULATIVE_ABOVE_8 = 11;
    uint256 internal constant TAMPER = 12;
    uint256 internal constant SILENCE = 13;
    uint256 internal constant MILESTONE = 14;
    uint256 internal constant TENDER = 15;

    uint256 internal constant PARTIES = 3;

    /// @dev What the limits, and what else costs something, are called in the terms.
    uint16 internal constant ABOVE_40_ID = 1;
    uint16 internal constant BELOW_2_ID = 2;
    uint16 internal constant DEADLINE_ID = 3;
    uint16 internal constant SINGLE_ID = 4;
    uint16 internal constant CUMULATIVE_ID = 5;
    uint16 internal constant TAMPER_ID = 6;
    uint16 internal constant SILENCE_ID = 7;
    uint16 internal constant MILESTONE_ID = 8;

    uint8 internal constant TEMPERATURE = 0;
    uint8 internal constant HUMIDITY = 1;
    uint8 internal constant LATITUDE = 10;
    uint8 internal constant LONGITUDE = 11;

    uint256 internal constant AMOUNT = 50 ether;
    uint256 internal constant PENALTY_CAP = 30 ether;
    uint96 internal constant PENALTY = 10 ether;
    uint96 internal constant PENALTY_PER_STEP = 1 ether;
    uint96 internal constant LOSS_PENALTY = 40 ether;
    uint96 internal constant NO_CAP = type(uint96).max;

    /// @dev Everything begins here: blocks, and the clock of the device.
    uint256 internal constant BEGIN = 1_800_000_000;
    uint64 internal constant BEGIN_MS = 1_800_000_000_000;
    uint64 internal constant HOUR_MS = 3_600_000;
    uint64 internal constant DAY_MS = 24 * HOUR_MS;

    address internal token;
    bytes32 internal termsHash;
    Clause[] private _terms;
    bytes32[] private _clauseHashes;

    function _sampleTerms() internal virtual {
        _dropTerms();
        _add(Clauses.GENERAL, _generalBody(_general()));
        _add(Clauses.PARTY, _partyBody(0, Clauses.ROLE_PAYER, "factory", PAYER_KEY, 0, 0));
        _add(Clauses.PARTY, _partyBody(1, Clauses.ROLE_PAYEE, "supplier", PAYEE_KEY, AMOUNT, PENALTY_CAP));
        _add(
            Clauses.PARTY,
            _partyBody(2, 3, "a carrier whose name is longer than one word", CARRIER_KEY, AMOUNT, PENALTY_CAP)
        );
        _add(Clauses.DEVICE, _deviceBody(DEVICE_KEY, _keystore()));
        _add(Clauses.INSTANTANEOUS_LIMIT, abi.encode(_instantaneous(ABOVE_40_ID, Clauses.SIDE_ABOVE, 40_000)));
        _add(Clauses.INSTANTANEOUS_LIMIT, abi.encode(_instantaneous(BELOW_2_ID, Clauses.SIDE_BELOW, 2000)));
        _add(Clauses.DEADLINE, abi.encode(_deadline()));
        _add(6, abi.encode("from here", "to there"));
        _add(Clauses.WINDOWS, abi.encode(_windows()));
        _add(Clauses.SINGLE_LIMIT, abi.encode(_single()));
        _add(Clauses.CUMULATIVE_LIMIT, abi.encode(_cumulative()));
        _add(Clauses.TAMPER, abi.encode(Tamper(TAMPER_ID, _penalty(0))));
        _add(Clauses.SILENCE, abi.encode(_silence()));
        _add(Clauses.MILESTONE, abi.encode(_milestone()));
        _add(Clauses.TENDER, abi.encode(_tender()));
        _sealTerms();
    }

    // What a test may want otherwise

    function _general() internal view virtual returns (General memory) {
        return General({
            ruleVersion: 1,
            chainId: uint64(block.chainid),
            shipment: "123456789012345678",
            token: token,
            anchorWriter: address(0xA7C4),
            classicalUntilMs: BEGIN_MS + 1000 * DAY_MS,
            guaranteeBps: _guaranteeBps(),
            partyCount: 3,
            amountTotal: 2 * AMOUNT,
            guaranteeTotal: 2 * (AMOUNT * _guaranteeBps() / 10_000)
        });
    }

    function _guaranteeBps() internal view virtual returns (uint16) {
        return 0;
    }

    function _keystore() internal view virtual returns (uint8) {
        return Clauses.KEYSTORE_SECURE_ELEMENT;
    }

    function _penalty(uint64 step) internal view virtual returns (Penalty memory) {
        return Penalty(PENALTY, PENALTY_PER_STEP, step, 25 ether, NO_CAP, vm.addr(PAYER_KEY));
    }

    function _instantaneous(uint16 limitId, uint8 side, int32 bound) internal view virtual returns (Limit memory) {
        return Limit(limitId, TEMPERATURE, side, bound, 0, 0, 0, 0, 0, _penalty(1000));
    }

    /// @dev Half an hour above 8 °C, held, without the first hour; nothing counts over more than 20 minutes.
    function _single() internal view virtual returns (Limit memory limit) {
        limit = _instantaneous(SINGLE_ID, Clauses.SIDE_ABOVE, 8000);
        (limit.durationMs, limit.startUpMs, limit.gapMsMax) = (HOUR_MS / 2, HOUR_MS, HOUR_MS / 3);
        (limit.between, limit.penalty) = (Clauses.BETWEEN_HOLD, _penalty(HOUR_MS / 2));
    }

    /// @dev Two hours of a leg above 8 °C, on straight lines between samples.
    function _cumulative() internal view virtual returns (Limit memory limit) {
        limit = _single();
        (limit.limitId, limit.durationMs, limit.startUpMs) = (CUMULATIVE_ID, 2 * HOUR_MS, 0);
        (limit.between, limit.scope) = (Clauses.BETWEEN_LINEAR, Clauses.SCOPE_LEG);
    }

    function _deadline() internal view virtual returns (Deadline memory) {
        return Deadline(DEADLINE_ID, BEGIN_MS + 10 * DAY_MS, BEGIN_MS + 40 * DAY_MS, LOSS_PENALTY, _penalty(DAY_MS));
    }

    /// @dev The carrier must have handed over two days before the deadline.
    function _milestone() internal view virtual returns (Milestone memory) {
        return Milestone(MILESTONE_ID, vm.addr(CARRIER_KEY), BEGIN_MS + 8 * DAY_MS, _penalty(HOUR_MS));
    }

    function _silence() internal view virtual returns (Silence memory) {
        return Silence(SILENCE_ID, 2 * HOUR_MS, DAY_MS, 0.1 ether, _penalty(HOUR_MS));
    }

    /// @dev A harbour of about a kilometre; a day to refuse.
    function _tender() internal view virtual returns (TenderTerms memory) {
        return TenderTerms(435_000_000, 435_100_000, -79_900_000, -79_800_000, DAY_MS);
    }

    function _windows() internal view virtual returns (Windows memory) {
        return Windows({
            disputeMs: 14 * DAY_MS,
            contestMs: 7 * DAY_MS,
            answerMs: 5 * DAY_MS,
            paymentMs: 30 * DAY_MS,
            silenceMsMax: HOUR_MS,
            sealEveryMs: DAY_MS,
            checkpointEvery: 10,
            offerTtlEnvelopes: 5,
            contestBondWei: 0.01 ether
        });
    }

    // Clauses

    function _generalBody(General memory general) internal pure returns (bytes memory) {
        return abi.encode(
            general.ruleVersion,
            general.chainId,
            general.shipment,
            general.token,
            general.anchorWriter,
            general.classicalUntilMs,
            general.guaranteeBps,
            general.partyCount,
            general.amountTotal,
            general.guaranteeTotal,
            "CISG",
            "liquidated damages"
        );
    }

    function _partyBody(uint8 index, uint8 role, string memory name, uint256 key, uint256 amount, uint256 cap)
        internal
        pure
        returns (bytes memory)
    {
        return abi.encode(index, role, name, vm.addr(key), bytes32("ml"), _partySlhDsaKey(index), amount, cap);
    }

    function _partySlhDsaKey(uint8 index) internal pure returns (bytes32) {
        return keccak256(abi.encode("party slh", index));
    }

    function _deviceBody(uint256 key, uint8 keystore) internal pure returns (bytes memory) {
        (uint256 x, uint256 y) = vm.publicKeyP256(key);
        return abi.encode(keccak256("device"), x, y, bytes32("ml"), bytes32("slh"), address(1), keystore);
    }

    function _dropTerms() internal {
        delete _terms;
        delete _clauseHashes;
    }

    function _add(uint16 kind, bytes memory body) internal {
        _terms.push(Clause(kind, keccak256(abi.encode(_terms.length)), body, 0, 0, new bytes32[](0)));
        _clauseHashes.push(_clauseHash(_terms[_terms.length - 1]));
    }

    /// @dev Another body for a clause of the terms; `_sealTerms` must follow.
    function _replace(uint256 index, bytes memory body) internal {
        _terms[index].body = body;
        _clauseHashes[index] = _clauseHash(_terms[index]);
    }

    /// @dev The clauses at two places the other way round; `_sealTerms` must follow.
    function _swap(uint256 a, uint256 b) internal {
        (Clause memory first, Clause memory second) = (_terms[a], _terms[b]);
        _terms[a] = second;
        _terms[b] = first;
        (_clauseHashes[a], _clauseHashes[b]) = (_clauseHashes[b], _clauseHashes[a]);
    }

    function _sealTerms() internal {
        termsHash = MerkleReference.root(_clauseHashes);
    }

    /// @dev The clause, disclosed against `termsHash`.
    function _clause(uint256 index) internal view returns (Clause memory clause) {
        clause = _terms[index];
        clause.index = index;
        clause.size = _terms.length;
        clause.proof = MerkleReference.proof(_clauseHashes, index);
    }

    /// @dev The general clause and the first `count` parties.
    function _heading(uint256 count) internal view returns (Heading memory heading) {
        heading.general = _content(GENERAL);
        heading.parties = new Content[](count);
        for (uint256 i = 0; i < count; ++i) {
            heading.parties[i] = _content(PAYER + i);
        }
        (heading.size, heading.rest) = (_terms.length, MerkleReference.rest(_clauseHashes, 1 + count));
    }

    function _content(uint256 index) internal view returns (Content memory) {
        return Content(_terms[index].salt, _terms[index].body);
    }

    function _clauseHash(Clause memory clause) internal pure returns (bytes32) {
        return sha256(abi.encodePacked(bytes16("consign.clause"), clause.salt, clause.kind, clause.body));
    }
}
