// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Case, CaseState, SignedHeader} from "../../src/interfaces/IAgreementClaims.sol";
import {Clause, Clauses, Limit, Penalty} from "../../src/libraries/Clauses.sol";
import {Disclosure} from "../../src/libraries/EnvelopeCodec.sol";
import {LegKeys} from "../../src/libraries/Records.sol";
import {ClaimsFixture} from "./ClaimsFixture.sol";
import {MerkleReference} from "./MerkleReference.sol";
import {Reading, ScanReference} from "./ScanReference.sol";
import {vm} from "./Vm.sol";

/// @title Everybody who can charge, contest, answer, claim and refute, over two legs whose readings are known
/// @notice Each call that forge draws is made in a way that can succeed.
contract ChargingHandler is ClaimsFixture {
    uint32 private constant ENVELOPES = 5;
    uint96 private constant SINGLE_MAX = 15 ether;
    address private constant CLAIMANT = address(0xC1A1);

    uint256 public provenCount;
    uint256 public raisedCount;
    uint256 public contestedCount;
    uint256 public upheldCount;
    uint256 public voidedCount;
    uint256 public claimedCount;
    uint256 public refutedCount;

    bytes32[] private _caseIds;
    mapping(bytes32 caseId => bool) private _isKnown;
    /// @dev What the whole leg shows of a case; 0 for places where nothing begins.
    mapping(bytes32 caseId => uint256) private _costs;
    mapping(uint32 leg => Disclosure[]) private _envelopesOf;
    uint64 private _anchors;

    function setUp() public override {
        super.setUp();
        vm.deal(CLAIMANT, 1000 ether);
        for (uint32 leg = 0; leg < 2; ++leg) {
            Disclosure[] memory run = _series(leg, 0, _temperatures(leg));
            for (uint256 i = 0; i < run.length; ++i) {
                _envelopesOf[leg].push(run[i]);
            }
            _learn(leg, ABOVE_40, Clauses.INSTANTANEOUS_LIMIT, _instantaneous(ABOVE_40_ID, Clauses.SIDE_ABOVE, 40_000));
            _learn(leg, SINGLE_ABOVE_8, Clauses.SINGLE_LIMIT, _single());
            _learn(leg, CUMULATIVE_ABOVE_8, Clauses.CUMULATIVE_LIMIT, _cumulative());
        }
    }

    /// @dev One limit has a cap over all its cases, and another beneficiary.
    function _single() internal view override returns (Limit memory limit) {
        limit = super._single();
        (limit.penalty.limitMax, limit.penalty.beneficiary) = (SINGLE_MAX, vm.addr(CARRIER_KEY));
    }

    // What is known

    function cases() external view returns (bytes32[] memory) {
        return _caseIds;
    }

    function costOf(bytes32 caseId) external view returns (uint256) {
        return _costs[caseId];
    }

    function found(bytes32 caseId) external view returns (Case memory) {
        return agreement.caseOf(caseId);
    }

    function penaltiesOf(uint32 leg) external view returns (uint256) {
        return agreement.penaltiesOf(agreement.custodianOf(leg));
    }

    function openDisputes() external view returns (uint256) {
        return agreement.openDisputes();
    }

    function heldWei() external view returns (uint256) {
        return address(agreement).balance;
    }

    function limitMaxOf(uint16 limitId) external pure returns (uint256) {
        return limitId == SINGLE_ID ? SINGLE_MAX : type(uint256).max;
    }

    // What can be done

    /// @dev Any run of a leg, any place in it as the first outside.
    function prove(bool isSecond, uint8 limit, uint8 first, uint8 count, uint8 position, uint8 index) external {
        ProofCall memory call = _drawn(isSecond, limit, first, count, position, index);
        try agreement.proveViolation(
            call.leg, call.keys, call.limit, call.run, call.position, call.index, call.signature
        ) {
            _note(call);
        } catch {}
    }

    function advance(bool isSecond, uint8 limit, uint8 first, uint8 count, uint8 position, uint8 index) external {
        ProofCall memory call = _drawn(isSecond, limit, first, count, position, index);
        if (index % 2 == 0) call.position = ELSEWHERE;
        try agreement.advanceScan(
            call.leg, call.keys, call.limit, call.run, call.position, call.index, call.signature
        ) {
            _noteAll(call.leg, _idOf(limit));
        } catch {
            try agreement.dropScan(call.leg, _idOf(limit)) {} catch {}
        }
    }

    function contest(uint8 which) external {
        bytes32 caseId = _draw(which);
        if (agreement.caseOf(caseId).state != CaseState.Proven) return;
        Clause memory windows = _clause(WINDOWS);
        vm.prank(agreement.custodianOf(agreement.caseOf(caseId).leg));
        try agreement.contest{value: BOND_WEI}(caseId, windows) {
            ++contestedCount;
        } catch {}
    }

    function answer(uint8 which) external {
        bytes32 caseId = _draw(which);
        Case memory contested = agreement.caseOf(caseId);
        if (contested.state != CaseState.Contested || block.timestamp > contested.openUntil) return;
        bytes32[] memory leaves = new bytes32[](1);
        leaves[0] = contested.evidence;
        bytes32 root = MerkleReference.root(leaves);
        vm.prank(ANCHOR_WRITER);
        anchorLog.anchor(_anchors, root, _anchors + 1);
        AnchorAnswer memory given;
        (given.caseId, given.anchorSeq, given.size, given.general) = (caseId, _anchors++, 1, _clause(GENERAL));
        _answer(given);
        ++upheldCount;
    }

    /// @dev Whatever is open ends by itself.
    function resolve(uint8 which) external {
        bytes32 caseId = _draw(which);
        Case memory open = agreement.caseOf(caseId);
        if (open.openUntil == 0) return;
        if (block.timestamp <= open.openUntil) vm.warp(open.openUntil + 1);
        agreement.resolve(caseId);
        if (open.state == CaseState.Contested) ++voidedCount;
    }

    function claim(bool isSecond, uint8 seqSeed) external {
        uint32 leg = isSecond ? 1 : 0;
        bytes memory header = _envelopesOf[leg][seqSeed % ENVELOPES].header;
        if (block.timestamp < BEGIN + 1 days) vm.warp(BEGIN + 1 days);
        (LegKeys memory keys, Clause memory silence, SignedHeader memory last) =
            (_legKeys(leg), _clause(SILENCE), _signed(leg, header));
        vm.prank(CLAIMANT);
        try agreement.claimSilence{value: 0.1 ether}(leg, keys, silence, last) {
            _note(_caseId(leg, SILENCE_ID, seqSeed % ENVELOPES, ONCE_INDEX));
            _costs[_caseId(leg, SILENCE_ID, seqSeed % ENVELOPES, ONCE_INDEX)] = PENALTY;
            ++claimedCount;
        } catch {}
    }

    function refute(uint8 which) external {
        bytes32 caseId = _draw(which);
        Case memory claimed = agreement.caseOf(caseId);
        if (claimed.state != CaseState.Claimed || claimed.seq + 1 == ENVELOPES) return;
        SignedHeader memory next = _signed(claimed.leg, _envelopesOf[claimed.leg][claimed.seq + 1].header);
        LegKeys memory keys = _legKeys(claimed.leg);
        vm.prank(CLAIMANT);
        try agreement.refuteSilence(caseId, keys, next) {
            ++refutedCount;
        } catch {}
    }

    function pass(uint32 s) external {
        vm.warp(block.timestamp + s % 2 days);
    }

    // The legs

    /// @dev About 8 °C, with some hours above it and a few minutes above 40 °C.
    function _temperatures(uint32 leg) private pure returns (int32[] memory values) {
        values = new int32[](ENVELOPES * READINGS);
        for (uint256 i = 0; i < values.length; ++i) {
            uint256 draw = uint256(keccak256(abi.encode("temperature", leg, i / 5, i % 5 == 0 ? 0 : i)));
            uint256 phase = uint256(keccak256(abi.encode("phase", leg, i / 9))) % 3;
            values[i] = phase == 0 ? int32(7000) : int32(int256(8001 + draw % 4000));
            if (draw % 11 == 0) values[i] = MISSING;
            if (draw % 13 == 0) values[i] = int32(int256(39_000 + draw % 8000));
        }
    }

    function _readings(uint32 leg) private pure returns (Reading[] memory all) {
        int32[] memory values = _temperatures(leg);
        all = new Reading[](values.length);
        for (uint256 i = 0; i < all.length; ++i) {
            (uint32 seq, uint16 index) = (uint32(i / READINGS), uint16(i % READINGS));
            all[i] = Reading(seq, index, "boot", i * READING_MS, values[i], values[i] == MISSING);
        }
    }

    /// @dev Notes all cases of the leg, by the slow reference.
    function _learn(uint32 leg, uint256 clause, uint16 kind, Limit memory limit) private {
        Reading[] memory all = _readings(leg);
        if (kind == Clauses.CUMULATIVE_LIMIT) {
            uint256 sumMs = ScanReference.outsideMs(limit, leg, all, 0, all.length);
            _learnCase(leg, limit, ONCE_SEQ, ONCE_INDEX, sumMs, limit.durationMs);
            return;
        }
        for (uint256 i = 0; i < all.length; ++i) {
            if (!ScanReference.beginsExcursion(limit, leg, all, i)) continue;
            uint256 end = ScanReference.endOf(limit, leg, all, i);
            if (clause == ABOVE_40) {
                int32 worst = ScanReference.worst(limit, leg, all, i, end);
                _learnCase(leg, limit, all[i].seq, all[i].index, uint256(int256(worst)), uint256(int256(limit.bound)));
                continue;
            }
            uint256 before = ScanReference.before(limit, leg, all, i);
            uint256 outsideMs = ScanReference.outsideMs(limit, leg, all, before == all.length ? i : before, end);
            _learnCase(leg, limit, all[i].seq, all[i].index, outsideMs, limit.durationMs);
        }
    }

    function _learnCase(uint32 leg, Limit memory limit, uint32 seq, uint16 index, uint256 extent, uint256 agreed)
        private
    {
        if (extent < agreed) return;
        Penalty memory schedule = limit.penalty;
        uint256 cost = schedule.base + (extent - agreed) / schedule.step * schedule.perStep;
        _costs[_caseId(leg, limit.limitId, seq, index)] = cost < schedule.caseMax ? cost : schedule.caseMax;
    }

    // Draws

    function _drawn(bool isSecond, uint8 limit, uint8 first, uint8 count, uint8 position, uint8 index)
        private
        view
        returns (ProofCall memory)
    {
        uint32 leg = isSecond ? 1 : 0;
        Disclosure[] memory run = _shown(leg, first % ENVELOPES, count);
        uint256 clause = limit % 3 == 0 ? ABOVE_40 : limit % 3 == 1 ? SINGLE_ABOVE_8 : CUMULATIVE_ABOVE_8;
        return _proofAt(leg, clause, run, position % run.length, uint16(index % READINGS));
    }

    function _shown(uint32 leg, uint256 from, uint8 count) private view returns (Disclosure[] memory run) {
        run = new Disclosure[](1 + count % (ENVELOPES - from));
        for (uint256 i = 0; i < run.length; ++i) {
            run[i] = _envelopesOf[leg][from + i];
        }
    }

    function _idOf(uint8 limit) private pure returns (uint16) {
        return limit % 3 == 0 ? ABOVE_40_ID : limit % 3 == 1 ? SINGLE_ID : CUMULATIVE_ID;
    }

    function _draw(uint8 which) private view returns (bytes32) {
        return _caseIds.length == 0 ? bytes32(0) : _caseIds[which % _caseIds.length];
    }

    function _note(ProofCall memory call) private {
        uint16 limitId = abi.decode(call.limit.body, (uint16));
        uint32 seq = uint32(bytes4(_bytesAt(call.run[call.position].header, 40)));
        bool isSum = limitId == CUMULATIVE_ID;
        _note(_caseId(call.leg, limitId, isSum ? ONCE_SEQ : seq, isSum ? ONCE_INDEX : call.index));
    }

    function _note(bytes32 caseId) private {
        ++provenCount;
        if (_isKnown[caseId]) ++raisedCount;
        else _caseIds.push(caseId);
        _isKnown[caseId] = true;
    }

    /// @dev A scan does not say which case it is: all that begin anywhere are looked up.
    function _noteAll(uint32 leg, uint16 limitId) private {
        _noteIfThere(_caseId(leg, limitId, ONCE_SEQ, ONCE_INDEX));
        for (uint256 i = 0; i < ENVELOPES * READINGS; ++i) {
            _noteIfThere(_caseId(leg, limitId, uint32(i / READINGS), uint16(i % READINGS)));
        }
    }

    function _noteIfThere(bytes32 caseId) private {
        if (!_isKnown[caseId] && agreement.caseOf(caseId).state != CaseState.None) _note(caseId);
    }

    function _bytesAt(bytes memory data, uint256 offset) private pure returns (bytes32 word) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            word := mload(add(add(data, 32), offset))
        }
    }
}
