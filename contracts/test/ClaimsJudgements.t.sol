// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAgreement} from "../src/interfaces/IAgreement.sol";
import {Case, CaseState} from "../src/interfaces/IAgreementClaims.sol";
import {Clauses} from "../src/libraries/Clauses.sol";
import {Disclosure} from "../src/libraries/EnvelopeCodec.sol";
import {ClaimsFixture} from "./support/ClaimsFixture.sol";
import {vm} from "./support/Vm.sol";

/// @title The chain judges like TypeScript
/// @notice Every published series is proven on an agreement of its own, with each reading tried as the first outside. What is charged must be what
/// is published, and nothing else.
contract ClaimsJudgementsTest is ClaimsFixture {
    /// @dev The limit comes last in the terms.
    uint256 private constant JUDGED = 16;

    uint16 private kind;
    bytes private body;

    function _begin() internal override {}

    function _sampleTerms() internal override {
        super._sampleTerms();
        if (kind == 0) return;
        _add(kind, body);
        _sealTerms();
    }

    function test_judgesEveryPublishedSeriesThatTheChainCanProve() external {
        string memory json = vm.readFile("packages/terms/vectors/judgements.json");
        uint256 judged = 0;
        for (uint256 i = 0; i < vm.parseJsonUint(json, ".count"); ++i) {
            string memory path = _at(".cases", i);
            if (!_isProvable(json, path)) continue;
            _judge(json, path);
            ++judged;
        }
        vm.assertTrue(judged > 20);
    }

    function prove(ProofCall memory call) external {
        _prove(call);
    }

    function _isProvable(string memory json, string memory path) private pure returns (bool) {
        uint256 found = vm.parseJsonUint(json, string.concat(path, ".kind"));
        if (found == Clauses.CUMULATIVE_LIMIT) {
            return _equals(vm.parseJsonString(json, string.concat(path, ".clause.scope")), "leg");
        }
        return found == Clauses.INSTANTANEOUS_LIMIT || found == Clauses.SINGLE_LIMIT;
    }

    function _judge(string memory json, string memory path) private {
        uint32 leg = _agree(json, path);
        Envelope[] memory envelopes = _envelopes(json, path, leg);
        Disclosure[] memory run = new Disclosure[](envelopes.length);
        uint8 metric = uint8(vm.parseJsonUint(json, string.concat(path, ".metricBit")));
        for (uint256 i = 0; i < run.length; ++i) {
            run[i] = _disclose(envelopes[i], metric);
        }
        for (uint256 i = 0; i < run.length; ++i) {
            for (uint16 j = 0; j < envelopes[i].times.length; ++j) {
                try this.prove(_proofAt(leg, JUDGED, run, i, j)) {} catch {}
            }
        }
        _requireExpected(json, path, leg);
    }

    /// @dev An agreement under the clause of the series, with its leg begun.
    function _agree(string memory json, string memory path) private returns (uint32 leg) {
        kind = uint16(vm.parseJsonUint(json, string.concat(path, ".kind")));
        body = vm.parseJsonBytes(json, string.concat(path, ".body"));
        leg = uint32(vm.parseJsonUint(json, string.concat(path, ".leg")));
        // Another name, so that two series under one clause have agreements of their own.
        _dropTerms();
        _sampleTerms();
        _replace(ROUTE, bytes(path));
        _sealTerms();
        agreement = IAgreement(_create(PAYER_KEY, PAYEE_KEY));
        _start(_startCall());
        for (uint32 i = 0; i < leg; ++i) {
            (uint256 taker, uint256 key) = i % 2 == 0 ? (CARRIER, CARRIER_KEY) : (PAYEE, PAYEE_KEY);
            _recordCut(_cutCall(i, 1, taker, key));
        }
    }

    function _envelopes(string memory json, string memory path, uint32 leg)
        private
        view
        returns (Envelope[] memory envelopes)
    {
        envelopes = new Envelope[](vm.parseJsonUint(json, string.concat(path, ".envelopeCount")));
        uint8 metric = uint8(vm.parseJsonUint(json, string.concat(path, ".metricBit")));
        bytes32 previous = BEFORE;
        for (uint256 i = 0; i < envelopes.length; ++i) {
            string memory shown = _at(string.concat(path, ".envelopes"), i);
            envelopes[i] = _heartbeat(leg, uint32(vm.parseJsonUint(json, string.concat(shown, ".seq"))), previous);
            envelopes[i].bootId = bytes16(vm.parseJsonBytes(json, string.concat(shown, ".bootId")));
            envelopes[i].baseMonotonicMs = uint64(vm.parseJsonUint(json, string.concat(shown, ".baseMonotonicMs")));
            envelopes[i].baseUtcMs = uint64(vm.parseJsonUint(json, string.concat(shown, ".baseUtcMs")));
            _setReadings(envelopes[i], json, shown, metric);
            previous = _digest(_headerOf(envelopes[i]));
        }
    }

    function _setReadings(Envelope memory envelope, string memory json, string memory path, uint8 metric) private pure {
        int256[] memory timesMs = vm.parseJsonIntArray(json, string.concat(path, ".timesMs"));
        int256[] memory values = vm.parseJsonIntArray(json, string.concat(path, ".values"));
        envelope.times = new uint32[](timesMs.length);
        for (uint256 i = 0; i < timesMs.length; ++i) {
            envelope.times[i] = uint32(uint256(timesMs[i]));
        }
        if (values.length == 0) return;
        (envelope.metrics, envelope.columns) = (new uint8[](1), new int32[][](1));
        (envelope.metrics[0], envelope.columns[0]) = (metric, new int32[](values.length));
        for (uint256 i = 0; i < values.length; ++i) {
            envelope.columns[0][i] = int32(values[i]);
        }
    }

    function _requireExpected(string memory json, string memory path, uint32 leg) private view {
        string memory expected = string.concat(path, ".expected");
        uint16 limitId = uint16(vm.parseJsonUint(json, string.concat(path, ".clause.limitId")));
        int256[] memory seqs = vm.parseJsonIntArray(json, string.concat(expected, ".startSeqs"));
        int256[] memory indexes = vm.parseJsonIntArray(json, string.concat(expected, ".startIndexes"));
        uint256 owed = 0;
        for (uint256 i = 0; i < vm.parseJsonUint(json, string.concat(path, ".expectedCount")); ++i) {
            uint256 penalty = vm.parseJsonUint(json, _at(string.concat(expected, ".penalties"), i));
            bytes32 caseId = _caseId(leg, limitId, uint32(uint256(seqs[i])), uint16(uint256(indexes[i])));
            Case memory proven = agreement.caseOf(caseId);
            vm.assertTrue(proven.state == CaseState.Proven, path);
            vm.assertEq(proven.penalty, penalty, path);
            owed += penalty;
        }
        // So there is no other case, unless it costs nothing.
        uint256 limitMax = vm.parseJsonUint(json, string.concat(path, ".clause.penalty.limitMax"));
        vm.assertEq(agreement.penaltiesOf(agreement.custodianOf(leg)), owed < limitMax ? owed : limitMax, path);
    }

    function _equals(string memory left, string memory right) private pure returns (bool) {
        return keccak256(bytes(left)) == keccak256(bytes(right));
    }

    function _at(string memory list, uint256 index) private pure returns (string memory) {
        return string.concat(list, "[", vm.toString(index), "]");
    }
}
