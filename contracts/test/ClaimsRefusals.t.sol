// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAgreementClaims, SignedHeader} from "../src/interfaces/IAgreementClaims.sol";
import {IAgreementCustody, Phase} from "../src/interfaces/IAgreementCustody.sol";
import {Clause, Clauses, Limit} from "../src/libraries/Clauses.sol";
import {Disclosure} from "../src/libraries/EnvelopeCodec.sol";
import {LegKeys, P256Signature} from "../src/libraries/Records.sol";
import {ClaimsFixture} from "./support/ClaimsFixture.sol";
import {vm} from "./support/Vm.sol";

/// @dev Which clauses the chain judges, and when.
contract ClaimsRefusalsTest is ClaimsFixture {
    uint256 private constant SHIPMENT = 16;
    uint256 private constant INSTANTANEOUS_WITH_DURATION = 17;
    uint256 private constant SINGLE_WITHOUT_DURATION = 18;
    uint256 private constant WITHOUT_BETWEEN = 19;
    uint256 private constant UNKNOWN_BETWEEN = 20;
    uint256 private constant UNKNOWN_SIDE = 21;
    uint256 private constant MEAN_KINETIC = 22;
    uint256 private constant GEOFENCE = 23;

    function _begin() internal override {}

    function _sampleTerms() internal override {
        super._sampleTerms();
        Limit memory limit = _cumulative();
        limit.scope = 2;
        _add(Clauses.CUMULATIVE_LIMIT, abi.encode(limit));
        limit = _instantaneous(20, Clauses.SIDE_ABOVE, 0);
        limit.durationMs = 1;
        _add(Clauses.INSTANTANEOUS_LIMIT, abi.encode(limit));
        limit = _single();
        limit.durationMs = 0;
        _add(Clauses.SINGLE_LIMIT, abi.encode(limit));
        limit = _single();
        limit.between = 0;
        _add(Clauses.SINGLE_LIMIT, abi.encode(limit));
        limit.between = 4;
        _add(Clauses.SINGLE_LIMIT, abi.encode(limit));
        limit = _single();
        limit.side = 3;
        _add(Clauses.SINGLE_LIMIT, abi.encode(limit));
        _add(10, abi.encode(_single()));
        _add(11, abi.encode(uint16(30)));
        _sealTerms();
    }

    function test_judgesOnlyTheLimitsThatItCan() external {
        _start(_startCall());
        _refusesLimit(SHIPMENT, Clauses.CUMULATIVE_LIMIT);
        _refusesLimit(INSTANTANEOUS_WITH_DURATION, Clauses.INSTANTANEOUS_LIMIT);
        _refusesLimit(SINGLE_WITHOUT_DURATION, Clauses.SINGLE_LIMIT);
        _refusesLimit(WITHOUT_BETWEEN, Clauses.SINGLE_LIMIT);
        _refusesLimit(UNKNOWN_BETWEEN, Clauses.SINGLE_LIMIT);
        _refusesLimit(MEAN_KINETIC, 10);
        _refusesLimit(GEOFENCE, 11);
        _refusesLimit(DEADLINE, Clauses.DEADLINE);
        ProofCall memory call = _proofAt(0, UNKNOWN_SIDE, _alone(_envelope(0, 0, BEFORE, _values(9000))), 0, 0);
        _refuses(call, abi.encodeWithSelector(Clauses.ClauseSideUnknown.selector, 3));
    }

    function test_takesNothingBeforeTheFirstLeg() external {
        _refusesAll(address(agreement), Phase.Created);
    }

    function test_takesNothingOnceSettled() external {
        _start(_startCall());
        _recordCut(_cutCall(0, 20, PAYER, PAYER_KEY));
        vm.warp(block.timestamp + 14 days);
        agreement.settle(_heading(3), _clause(WINDOWS));
        _refusesAll(address(agreement), Phase.Settled);
    }

    /// @dev The contract that holds the code is no agreement.
    function test_takesNothingOutsideAnAgreement() external {
        address claims = _newClaims();
        _refusesAll(claims, Phase.Created);
        vm.expectRevert(IAgreementClaims.AgreementNoScan.selector);
        IAgreementClaims(claims).dropScan(0, 1);
    }

    function _refusesLimit(uint256 limit, uint16 kind) private {
        ProofCall memory call = _proofAt(0, limit, _alone(_envelope(0, 0, BEFORE, _values(9000))), 0, 0);
        bytes memory refusal = abi.encodeWithSelector(IAgreementClaims.AgreementLimitUnsuited.selector, kind);
        _refuses(call, refusal);
        _refusesToAdvance(call, refusal);
    }

    function _refusesAll(address claims, Phase phase) private {
        (LegKeys memory keys, Clause memory clause, P256Signature memory signature) =
            (_legKeys(0), _clause(SILENCE), P256Signature(0, 0));
        Disclosure[] memory run = new Disclosure[](0);
        SignedHeader memory shown = SignedHeader("", signature);
        bytes[] memory calls = new bytes[](7);
        calls[0] = abi.encodeCall(IAgreementClaims.proveViolation, (0, keys, clause, run, 0, 0, signature));
        calls[1] = abi.encodeCall(IAgreementClaims.advanceScan, (0, keys, clause, run, 0, 0, signature));
        calls[2] = abi.encodeCall(IAgreementClaims.proveLate, (0, keys, clause, shown, keys, shown));
        calls[3] = abi.encodeCall(IAgreementClaims.proveSilence, (0, keys, clause, "", shown));
        calls[4] = abi.encodeCall(IAgreementClaims.claimSilence, (0, keys, clause, shown));
        calls[5] = abi.encodeCall(IAgreementClaims.reportFork, (0, keys, shown, shown));
        calls[6] = abi.encodeCall(IAgreementClaims.proveTampering, (0, clause, clause));
        for (uint256 i = 0; i < calls.length; ++i) {
            (bool isTaken, bytes memory refusal) = claims.call(calls[i]);
            vm.assertFalse(isTaken);
            bytes memory expected =
                abi.encodeWithSelector(IAgreementCustody.AgreementPhaseUnexpected.selector, uint8(phase));
            vm.assertEq(keccak256(refusal), keccak256(expected));
        }
    }
}
