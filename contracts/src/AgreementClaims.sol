// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {AgreementEvidence} from "./AgreementEvidence.sol";
import {Case, CaseState, IAgreementClaims, SignedHeader} from "./interfaces/IAgreementClaims.sol";
import {Tender} from "./interfaces/IAgreementCustody.sol";
import {Clause, Clauses, Deadline, Limit, Milestone, Penalty, Silence, Tamper} from "./libraries/Clauses.sol";
import {Disclosure, EnvelopeCodec} from "./libraries/EnvelopeCodec.sol";
import {LegKeys, P256Signature} from "./libraries/Records.sol";
import {Scan, Scans, Stage} from "./libraries/Scan.sol";

/// @title Implementation of IAgreementClaims, where everything is described
contract AgreementClaims is IAgreementClaims, AgreementEvidence {
    /// @dev Of 255 disputes at once, so that claims, which anyone can pay for, leave the accused room to contest.
    uint8 private constant CLAIMS_OPEN_MAX = 127;

    /// @inheritdoc IAgreementClaims
    function proveViolation(
        uint32 leg,
        LegKeys calldata keys,
        Clause calldata limit,
        Disclosure[] calldata run,
        uint256 position,
        uint16 index,
        P256Signature calldata signature
    ) external {
        _requireOpen();
        _requireKeys(leg, keys);
        Limit memory judged = _limit(leg, limit);
        Scan memory scan = Scans.begin(limit.kind);
        _walk(scan, judged, leg, run, position, index);
        _requireWalked(scan, leg, keys, signature);
        if (scan.stage == Stage.Seeking) revert AgreementReadingAbsent(index);
        if (!Scans.isBroken(scan, judged)) revert AgreementLimitKept(scan.outsideMs, judged.durationMs);
        Breach memory breach = _breach(scan, judged, leg, limit.kind);
        _hold(breach, _caseIdOf(breach), judged.penalty, CaseState.Proven);
    }

    /// @inheritdoc IAgreementClaims
    function advanceScan(
        uint32 leg,
        LegKeys calldata keys,
        Clause calldata limit,
        Disclosure[] calldata run,
        uint256 position,
        uint16 index,
        P256Signature calldata signature
    ) external {
        _requireOpen();
        _requireKeys(leg, keys);
        Limit memory judged = _limit(leg, limit);
        Scan memory scan = _scans[msg.sender][leg][judged.limitId];
        if (scan.head == 0) scan = Scans.begin(limit.kind);
        bool isStarted = scan.stage == Stage.Outside || scan.stage == Stage.Over;
        if (isStarted && position != type(uint256).max) revert AgreementScanStarted(scan.startSeq, scan.startIndex);
        _walk(scan, judged, leg, run, position, index);
        _requireWalked(scan, leg, keys, signature);
        _scans[msg.sender][leg][judged.limitId] = scan;
        emit ScanAdvanced(msg.sender, leg, judged.limitId, scan.nextSeq, scan.outsideMs);

        if (!Scans.isBroken(scan, judged)) return;
        Breach memory breach = _breach(scan, judged, leg, limit.kind);
        bytes32 caseId = _caseIdOf(breach);
        // What others prove or contest meanwhile never stops a scan.
        if (_cases[caseId].state == CaseState.Contested || !_isMore(breach, caseId)) return;
        _hold(breach, caseId, judged.penalty, CaseState.Proven);
    }

    /// @inheritdoc IAgreementClaims
    function dropScan(uint32 leg, uint16 limitId) external {
        if (_scans[msg.sender][leg][limitId].head == 0) revert AgreementNoScan();
        delete _scans[msg.sender][leg][limitId];
    }

    /// @inheritdoc IAgreementClaims
    function proveLate(
        uint32 leg,
        LegKeys calldata keys,
        Clause calldata limit,
        SignedHeader calldata late,
        LegKeys calldata keysBefore,
        SignedHeader calldata before
    ) external {
        _requireOpen();
        (uint16 limitId, uint64 dueMs, Penalty memory schedule) = _due(leg, limit);
        if (limit.kind == Clauses.DEADLINE) _requireNotLateBefore(leg, dueMs, keysBefore, before);
        _requireKeys(leg, keys);
        (uint32 seq, bytes32 digest) = _requireSigned(leg, keys, late, 0);
        _requireBeforeFork(leg, seq);
        uint64 lateMs = _utcMsOf(late.header);
        if (lateMs <= dueMs) revert AgreementNotLate(lateMs, dueMs);

        Breach memory breach = Breach(leg, limitId, ONCE_SEQ, ONCE_INDEX, seq, digest, 0, 0);
        bytes32 caseId = _caseIdOf(breach);
        Tender memory tender = _tenders[leg];
        if (tender.recordedAt != 0) {
            if (_correct(caseId, schedule, dueMs, tender.tenderedMs)) return;
            if (tender.tenderedMs < lateMs) lateMs = tender.tenderedMs;
            if (lateMs <= dueMs) revert AgreementNotLate(lateMs, dueMs);
        }
        uint64 excessMs = lateMs - dueMs;
        (breach.penalty, breach.extent) = (Clauses.penaltyFor(schedule, excessMs), int256(uint256(excessMs)));
        _hold(breach, caseId, schedule, CaseState.Proven);
    }

    /// @inheritdoc IAgreementClaims
    function proveSilence(
        uint32 leg,
        LegKeys calldata keys,
        Clause calldata silence,
        bytes calldata header,
        SignedHeader calldata next
    ) external {
        _requireOpen();
        _requireKeys(leg, keys);
        Silence memory agreed = Clauses.silence(_termsHash(), silence);
        _requireHeader(leg, header, 0);
        (uint32 seq, bytes32 digest) = _requireSigned(leg, keys, next, 1);
        _requireBeforeFork(leg, seq);
        uint32 afterSeq = EnvelopeCodec.seqOf(header);
        _requireLinked(next.header, uint256(afterSeq) + 1, EnvelopeCodec.digest(header), 1);

        uint64 gapMs = 0;
        if (EnvelopeCodec.bootOf(header) == EnvelopeCodec.bootOf(next.header)) {
            gapMs = _elapsed(EnvelopeCodec.baseMonotonicMsOf(header), EnvelopeCodec.baseMonotonicMsOf(next.header));
        }
        if (gapMs <= agreed.silenceMsMax) revert AgreementNotSilent(gapMs, agreed.silenceMsMax);
        uint96 penalty = Clauses.penaltyFor(agreed.penalty, gapMs - agreed.silenceMsMax);
        Breach memory breach =
            Breach(leg, agreed.limitId, afterSeq, ONCE_INDEX, seq, digest, penalty, int256(uint256(gapMs)));
        _hold(breach, _caseIdOf(breach), agreed.penalty, CaseState.Proven);
    }

    /// @inheritdoc IAgreementClaims
    function claimSilence(uint32 leg, LegKeys calldata keys, Clause calldata silence, SignedHeader calldata last)
        external
        payable
    {
        _requireOpen();
        _requireKeys(leg, keys);
        Silence memory agreed = Clauses.silence(_termsHash(), silence);
        (uint32 seq, bytes32 digest) = _requireSigned(leg, keys, last, 0);
        _requireBeforeFork(leg, seq);
        _requireSilentSince(leg, last.header, agreed.silenceMsMax);
        if (msg.value < agreed.bondWei) revert AgreementBondTooLow(msg.value, agreed.bondWei);
        if (_status.openDisputes >= CLAIMS_OPEN_MAX) revert AgreementTooManyDisputes();

        uint96 penalty = Clauses.penaltyFor(agreed.penalty, 0);
        Breach memory breach = Breach(leg, agreed.limitId, seq, ONCE_INDEX, seq, digest, penalty, 0);
        bytes32 caseId = _caseIdOf(breach);
        Case storage claimed = _cases[caseId];
        if (claimed.state != CaseState.None) revert AgreementCaseState(caseId, claimed.state);
        ++_status.openDisputes;
        _hold(breach, caseId, agreed.penalty, CaseState.Claimed);
        uint256 until = block.timestamp + Math.ceilDiv(agreed.refuteMs, 1000);
        claimed.openUntil = SafeCast.toUint32(until);
        (claimed.challenger, claimed.bondWei) = (msg.sender, SafeCast.toUint96(msg.value));
        emit SilenceClaimed(caseId, leg, seq, until);
    }

    /// @inheritdoc IAgreementClaims
    function refuteSilence(bytes32 caseId, LegKeys calldata keys, SignedHeader calldata next) external {
        Case storage claimed = _requireRefutable(caseId);
        _requireKeys(claimed.leg, keys);
        _requireSigned(claimed.leg, keys, next, 1);
        _requireLinked(next.header, uint256(claimed.seq) + 1, claimed.evidence, 1);
        _refute(caseId, claimed);
    }

    /// @inheritdoc IAgreementClaims
    function refuteSilenceByCut(bytes32 caseId) external {
        Case storage claimed = _requireRefutable(caseId);
        uint32 n = _hasEnded(claimed.leg) ? _legs[uint256(claimed.leg) + 1].endOfLegBefore : type(uint32).max;
        if (n > uint256(claimed.seq) + 1) revert AgreementLegIncomplete(n);
        _refute(caseId, claimed);
    }

    /// @inheritdoc IAgreementClaims
    function reportFork(uint32 leg, LegKeys calldata keys, SignedHeader calldata one, SignedHeader calldata other)
        external
    {
        _requireOpen();
        _requireKeys(leg, keys);
        (uint32 seq, bytes32 digest) = _requireSigned(leg, keys, one, 0);
        (uint32 otherSeq, bytes32 otherDigest) = _requireSigned(leg, keys, other, 1);
        if (seq != otherSeq || digest == otherDigest) revert AgreementNoFork();
        _requireBeforeFork(leg, seq);
        (_forks[leg].seq, _forks[leg].digest) = (seq, digest);
        emit ForkReported(leg, seq);
    }

    /// @inheritdoc IAgreementClaims
    function proveTampering(uint32 leg, Clause calldata device, Clause calldata tamper) external {
        _requireOpen();
        Fork memory fork = _forks[leg];
        if (fork.digest == 0) revert AgreementNoFork();
        bytes32 terms = _termsHash();
        if (Clauses.device(terms, device).keystore != Clauses.KEYSTORE_SECURE_ELEMENT) {
            revert AgreementDeviceCloneable();
        }
        Tamper memory agreed = Clauses.tamper(terms, tamper);
        // A branch has many numbers that were signed twice; all of them are one tampering.
        if (_cases[fork.caseId].state != CaseState.None && _cases[fork.caseId].state != CaseState.Void) {
            revert AgreementAlreadyProven(fork.caseId);
        }
        uint96 penalty = Clauses.penaltyFor(agreed.penalty, 0);
        Breach memory breach = Breach(leg, agreed.limitId, fork.seq, ONCE_INDEX, fork.seq, fork.digest, penalty, 0);
        bytes32 caseId = _caseIdOf(breach);
        _forks[leg].caseId = caseId;
        _hold(breach, caseId, agreed.penalty, CaseState.Proven);
    }

    /// @inheritdoc IAgreementClaims
    function caseOf(bytes32 caseId) external view returns (Case memory found) {
        found = _cases[caseId];
        if (found.state != CaseState.None && found.beneficiary == address(0)) found.beneficiary = _status.payer;
    }

    /// @inheritdoc IAgreementClaims
    function penaltiesOf(address custodian) external view returns (uint256) {
        return _ledgers[custodian].penalties;
    }

    /// @inheritdoc IAgreementClaims
    function openDisputes() external view returns (uint256) {
        return _status.openDisputes;
    }

    /// @dev The limit as it applies in the leg.
    function _limit(uint32 leg, Clause calldata clause) private view returns (Limit memory judged) {
        uint16 kind = clause.kind;
        bool isInstantaneous = kind == Clauses.INSTANTANEOUS_LIMIT;
        if (!isInstantaneous && kind != Clauses.SINGLE_LIMIT && kind != Clauses.CUMULATIVE_LIMIT) {
            revert AgreementLimitUnsuited(kind);
        }
        judged = Clauses.limit(_termsHash(), clause);
        bool isSuited = isInstantaneous
            ? judged.durationMs == 0
            : judged.durationMs > 0 && judged.between > 0 && judged.between <= Clauses.BETWEEN_WORST_CASE;
        if (kind == Clauses.CUMULATIVE_LIMIT && judged.scope != Clauses.SCOPE_LEG) isSuited = false;
        if (!isSuited) revert AgreementLimitUnsuited(kind);
        if (leg > 0) judged.startUpMs = 0;
    }

    /// @dev Every envelope is of this leg and follows the one before it.
    function _walk(
        Scan memory scan,
        Limit memory judged,
        uint32 leg,
        Disclosure[] calldata run,
        uint256 position,
        uint16 index
    ) private view {
        if (run.length == 0) revert AgreementRunEmpty();
        for (uint256 i = 0; i < run.length; ++i) {
            bytes calldata header = run[i].header;
            _requireHeader(leg, header, i);
            if (scan.head == 0) scan.firstSeq = EnvelopeCodec.seqOf(header);
            else _requireLinked(header, scan.nextSeq, scan.head, i);
            scan.nextSeq = EnvelopeCodec.seqOf(header) + 1;
            scan.head = EnvelopeCodec.digest(header);
            Scans.take(scan, judged, run[i], i == position ? index : Scans.ELSEWHERE);
        }
    }

    function _requireWalked(Scan memory scan, uint32 leg, LegKeys calldata keys, P256Signature calldata signature)
        private
        view
    {
        uint32 seq = scan.nextSeq - 1;
        _requireBeforeEnd(leg, seq);
        _requireBeforeFork(leg, seq);
        _requireP256(scan.head, signature, keys.p256X, keys.p256Y);
    }

    function _breach(Scan memory scan, Limit memory judged, uint32 leg, uint16 kind)
        private
        pure
        returns (Breach memory)
    {
        return Breach({
            leg: leg,
            limitId: judged.limitId,
            startSeq: scan.startSeq,
            startIndex: scan.startIndex,
            seq: scan.nextSeq - 1,
            digest: scan.head,
            penalty: Clauses.penaltyFor(judged.penalty, Scans.excessOf(scan, judged, kind)),
            extent: kind == Clauses.INSTANTANEOUS_LIMIT ? int256(scan.worst) : int256(uint256(scan.outsideMs))
        });
    }

    /// @dev What the custodian of the leg had to keep to, in UTC milliseconds.
    function _due(uint32 leg, Clause calldata clause) private view returns (uint16, uint64, Penalty memory) {
        bytes32 terms = _termsHash();
        if (clause.kind == Clauses.DEADLINE) {
            Deadline memory deadline = Clauses.deadline(terms, clause);
            return (deadline.limitId, deadline.deliverByMs, deadline.penalty);
        }
        if (clause.kind != Clauses.MILESTONE) revert AgreementLimitUnsuited(clause.kind);
        Milestone memory milestone = Clauses.milestone(terms, clause);
        address custodian = _legs[leg].custodian;
        if (milestone.party != custodian) revert AgreementMilestoneNotOf(custodian);
        return (milestone.limitId, milestone.handOverByMs, milestone.penalty);
    }

    /// @dev The last envelope before the leg is not late: of the leg before it, or, where that has none, of the nearest that has.
    function _requireNotLateBefore(uint32 leg, uint64 dueMs, LegKeys calldata keysBefore, SignedHeader calldata before)
        private
        view
    {
        uint32 n = 0;
        while (leg > 0 && n == 0) {
            n = _legs[leg].endOfLegBefore;
            --leg;
        }
        if (n == 0) return;
        _requireKeys(leg, keysBefore);
        (uint32 seq,) = _requireSigned(leg, keysBefore, before, 0);
        if (seq != n - 1) revert AgreementRunNotLinked(0);
        if (_utcMsOf(before.header) > dueMs) revert AgreementDeadlinePassedBefore(leg);
    }

    /// @dev A tender that was recorded after the proof stopped the clock earlier than that knew.
    /// @return isCorrected Whether the case was charged for later than the tender.
    function _correct(bytes32 caseId, Penalty memory schedule, uint64 dueMs, uint64 tenderedMs)
        private
        returns (bool isCorrected)
    {
        uint64 excessMs = _elapsed(dueMs, tenderedMs);
        uint96 most = excessMs > 0 ? Clauses.penaltyFor(schedule, excessMs) : 0;
        Case storage held = _cases[caseId];
        isCorrected = held.penalty > most;
        if (isCorrected) _setPenalty(held, caseId, most, int256(uint256(excessMs)));
    }

    /// @dev A leg that a cut ended lacks what follows in any case. Any other was silent by a clock that was set; by one that was not, the window
    /// for a refutation must do.
    function _requireSilentSince(uint32 leg, bytes calldata header, uint64 silenceMsMax) private view {
        uint40 until = uint40(block.timestamp);
        if (_hasEnded(leg)) {
            Begun memory next = _legs[uint256(leg) + 1];
            if (uint256(EnvelopeCodec.seqOf(header)) + 1 == next.endOfLegBefore) {
                revert AgreementLegComplete(next.endOfLegBefore);
            }
            if (next.endOfLegBefore != WITHOUT_END) return;
            until = next.beganAt;
        }
        if (EnvelopeCodec.clockStateOf(header) == 0) return;
        uint64 gapMs = _elapsed(EnvelopeCodec.baseUtcMsOf(header), uint64(until) * 1000);
        if (gapMs <= silenceMsMax) revert AgreementNotSilent(gapMs, silenceMsMax);
    }

    function _requireRefutable(bytes32 caseId) private view returns (Case storage claimed) {
        claimed = _cases[caseId];
        if (claimed.state != CaseState.Claimed) revert AgreementCaseState(caseId, claimed.state);
        if (block.timestamp > claimed.openUntil) revert AgreementWindow(claimed.openUntil);
    }

    function _refute(bytes32 caseId, Case storage claimed) private {
        uint96 bondWei = claimed.bondWei;
        (claimed.state, claimed.openUntil) = (CaseState.Void, 0);
        (claimed.challenger, claimed.bondWei) = (address(0), 0);
        _charge(claimed, 0);
        --_status.openDisputes;
        _status.lastClaimAt = uint40(block.timestamp);
        emit SilenceRefuted(caseId, msg.sender);
        _pay(msg.sender, bondWei);
    }

    function _utcMsOf(bytes calldata header) private pure returns (uint64) {
        if (EnvelopeCodec.clockStateOf(header) == 0) revert AgreementClockUnset();
        return EnvelopeCodec.baseUtcMsOf(header);
    }

    /// @dev 0 where time went back.
    function _elapsed(uint64 fromMs, uint64 toMs) private pure returns (uint64) {
        return toMs > fromMs ? toMs - fromMs : 0;
    }
}
