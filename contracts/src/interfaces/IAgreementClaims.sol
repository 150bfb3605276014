// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Clause} from "../libraries/Clauses.sol";
import {Disclosure} from "../libraries/EnvelopeCodec.sol";
import {LegKeys, P256Signature} from "../libraries/Records.sol";

/// @notice An envelope's header under the signature of its leg.
/// @param header The 144 header bytes.
/// @param signature P-256 over the envelope's digest.
struct SignedHeader {
    bytes header;
    P256Signature signature;
}

/// @notice Where a case stands.
enum CaseState {
    None,
    /// Charged.
    Proven,
    /// Charged, and the accused demands post-quantum proof.
    Contested,
    /// Charged, and proven against a contest; or a loss, which cannot be contested.
    Upheld,
    /// Silence: charged, and can still be refuted.
    Claimed,
    /// Not charged.
    Void
}

/// @notice One breach, held against the custodian of its leg. Everything up to the penalty shares a slot: hence 32 bits, up to the year 2106, for
/// `openUntil`.
/// @param state Where it stands.
/// @param leg Leg whose custodian it is held against.
/// @param limitId The clause that was broken.
/// @param seq Last envelope of the evidence.
/// @param provenAt When the chain learned of it, in seconds since 1970.
/// @param openUntil End of what is open about it, an answer or a refutation, in seconds since 1970; else 0.
/// @param penalty What it costs, in the smallest unit of the token, before the caps of limit and party.
/// @param beneficiary Who is due the penalty.
/// @param evidence Digest of envelope `seq`, which covers all before it; 0 for a loss.
/// @param challenger Who put up the bond that is held; 0 when none is.
/// @param bondWei The bond.
struct Case {
    CaseState state;
    uint32 leg;
    uint16 limitId;
    uint32 seq;
    uint40 provenAt;
    uint32 openUntil;
    uint96 penalty;
    address beneficiary;
    bytes32 evidence;
    address challenger;
    uint96 bondWei;
}

/// @title Breaches, proven or claimed
interface IAgreementClaims {
    /// @notice Emitted when a breach is held against a custodian, or held against it for more than before.
    /// @param caseId SHA-256 over agreement, leg, limit and place where it began.
    /// @param leg Leg in which it lies.
    /// @param custodian Who held the goods.
    /// @param limitId The clause that was broken.
    /// @param penalty What it costs now, in the smallest unit of the token, before the caps of limit and party.
    /// @param extent How much: the worst value for an instantaneous limit, else milliseconds (outside, silent, late).
    event ViolationProven(
        bytes32 indexed caseId,
        uint32 indexed leg,
        address indexed custodian,
        uint16 limitId,
        uint256 penalty,
        int256 extent
    );

    /// @notice Emitted when a scan over several transactions has moved on.
    /// @param nextSeq The envelope that it expects next.
    /// @param outsideMs What it has counted so far.
    event ScanAdvanced(
        address indexed prover, uint32 indexed leg, uint16 indexed limitId, uint32 nextSeq, uint64 outsideMs
    );

    /// @notice Emitted when silence is claimed against a bond; until `refutableUntil` the next envelope refutes it.
    event SilenceClaimed(bytes32 indexed caseId, uint32 indexed leg, uint32 afterSeq, uint256 refutableUntil);

    /// @notice Emitted when a claim of silence is refuted; its bond goes to whoever did.
    event SilenceRefuted(bytes32 indexed caseId, address indexed by);

    /// @notice Emitted when the device of a leg has signed two different envelopes under one number.
    /// @param seq From here on nothing of the leg is charged for limits.
    event ForkReported(uint32 indexed leg, uint32 seq);

    /// @notice Thrown when the time for claims has ended: the dispute window of the terms after delivery, or an hour where that is shorter.
    /// @param until Last second in which breaches could be claimed.
    error AgreementClaimsClosed(uint256 until);

    /// @notice Thrown when the clause is of a kind that only services judge, or that the call does not take.
    error AgreementLimitUnsuited(uint16 kind);

    /// @notice Thrown when an envelope is of another chain, agreement or leg.
    /// @param position Place of the envelope in the run.
    error AgreementEnvelopeForeign(uint256 position);

    /// @notice Thrown when an envelope does not follow the one before it, by sequence number and by digest.
    /// @param position Place of the envelope in the run.
    error AgreementRunNotLinked(uint256 position);

    /// @notice Thrown when the run has no envelope.
    error AgreementRunEmpty();

    /// @notice Thrown when an envelope lies beyond the recorded end of its leg.
    error AgreementBeyondCut(uint32 seq, uint32 n);

    /// @notice Thrown when an envelope lies at or beyond a reported fork.
    error AgreementLegForked(uint32 seq, uint32 forkSeq);

    /// @notice Thrown when there is no reading of the metric at the place where the excursion is said to begin.
    error AgreementReadingAbsent(uint16 index);

    /// @notice Thrown when the reading where the excursion is said to begin is inside the limit.
    error AgreementReadingInside(int32 value);

    /// @notice Thrown when the reading before is outside too, so that the excursion began earlier.
    /// @param seq Envelope of that earlier reading.
    /// @param index Its place in the envelope.
    error AgreementNotFirstOutside(uint32 seq, uint256 index);

    /// @notice Thrown when no value is shown before the first one outside, and the run does not begin with the leg.
    /// @param seq First envelope of the run; show the ones before it too.
    error AgreementPredecessorMissing(uint32 seq);

    /// @notice Thrown when the time outside that is shown does not break the limit.
    error AgreementLimitKept(uint64 outsideMs, uint64 durationMs);

    /// @notice Thrown when the case is proven already, for as much or for more: one excursion, one charge.
    error AgreementAlreadyProven(bytes32 caseId);

    /// @notice Thrown when the sender has no scan of this leg and limit under way.
    error AgreementNoScan();

    /// @notice Thrown when a scan is told where its excursion begins although it has: drop it to begin another.
    error AgreementScanStarted(uint32 startSeq, uint16 startIndex);

    /// @notice Thrown when the device's clock was not set, so that its time proves nothing.
    error AgreementClockUnset();

    /// @notice Thrown when an envelope or the tender is not after the time that was agreed.
    error AgreementNotLate(uint64 timeMs, uint64 dueMs);

    /// @notice Thrown when a deadline passed in an earlier leg, whose custodian answers for it.
    error AgreementDeadlinePassedBefore(uint32 leg);

    /// @notice Thrown when a milestone is another party's.
    error AgreementMilestoneNotOf(address custodian);

    /// @notice Thrown when the silence shown is not longer than what was agreed.
    error AgreementNotSilent(uint64 gapMs, uint64 silenceMsMax);

    /// @notice Thrown when the leg ended with the envelope after which it is said to be silent.
    error AgreementLegComplete(uint32 n);

    /// @notice Thrown when the leg has not ended with the envelope after which it is said to be silent.
    /// @param n Envelopes of the leg; 2^32 - 1 while it goes on.
    error AgreementLegIncomplete(uint32 n);

    /// @notice Thrown when two envelopes are no fork: not of one number, or the same.
    error AgreementNoFork();

    /// @notice Thrown when a penalty for tampering is claimed of a device whose keys can be copied.
    error AgreementDeviceCloneable();

    /// @notice Thrown when a case is not in the state that the call needs.
    error AgreementCaseState(bytes32 caseId, CaseState state);

    /// @notice Thrown when a bond is below what it must be.
    error AgreementBondTooLow(uint256 bondWei, uint256 needed);

    /// @notice Thrown when the time for the call is over, or has not come.
    /// @param until In seconds since 1970.
    error AgreementWindow(uint256 until);

    /// @notice Thrown when 255 disputes are open, or 127 for a claim: wait until one is over.
    error AgreementTooManyDisputes();

    /// @notice Proves that a limit was broken and holds it against the custodian of the leg: instantaneous, single (continuous for a
    /// duration) and cumulative per leg. Shown again with more it is charged for more, never less and never twice; it can then be contested
    /// anew. A contested case stays as it is until that is decided, and a voided one is proven again on other evidence alone.
    /// @dev Values that are missing, and those of the start-up, neither start nor end an excursion. One signature covers the run, as each
    /// envelope names the digest of the one before it. Between two samples counts what the limit says (hold, linear, worst case), nothing
    /// where they are further apart than `gapMsMax` or the device was restarted.
    /// @param leg Leg of the envelopes.
    /// @param keys Its keys.
    /// @param limit The limit's clause.
    /// @param run Consecutive envelopes. They hold the first reading outside and, unless the run begins with the leg, a value inside before it;
    /// times are needed only where the limit counts time or has a start-up.
    /// @param position Place in the run of the envelope with the first reading outside; ignored for cumulative limits.
    /// @param index Place of that reading in its envelope; ignored for cumulative limits.
    /// @param signature The leg's P-256 signature over the last envelope.
    function proveViolation(
        uint32 leg,
        LegKeys calldata keys,
        Clause calldata limit,
        Disclosure[] calldata run,
        uint256 position,
        uint16 index,
        P256Signature calldata signature
    ) external;

    /// @notice Takes a proof that does not fit in one transaction one run further. The scan is the sender's own: nobody can stop or alter it.
    /// As soon as what it has counted breaks the limit, the case is proven, and with every further run for more.
    /// @param position As in proveViolation; `type(uint256).max` while the first reading outside is still to come, and after it.
    /// @param index As in proveViolation.
    /// @dev The first envelope of the run must follow the last one of the scan, so that the digest of the last covers all that was counted. A
    /// cumulative limit needs no sample of every envelope: one shown by its header alone (no hashes) counts nothing, nor does time across it.
    function advanceScan(
        uint32 leg,
        LegKeys calldata keys,
        Clause calldata limit,
        Disclosure[] calldata run,
        uint256 position,
        uint16 index,
        P256Signature calldata signature
    ) external;

    /// @notice Forgets the sender's scan of a leg and limit, to begin another.
    function dropScan(uint32 leg, uint16 limitId) external;

    /// @notice Proves that goods were late: an envelope of the leg is later than its custodian had to have handed over (milestone) or delivered
    /// (deadline). Shown again with a later envelope it is charged for more; after a tender only up to the tender, and a repetition corrects that.
    /// @dev A deadline is charged to the custodian in whose leg it passed, which the last envelope of the leg before shows.
    /// @param limit The deadline's or milestone's clause.
    /// @param late The later envelope.
    /// @param keysBefore For a deadline and leg > 0: keys of the leg before; else ignored.
    /// @param before For a deadline and leg > 0: its last envelope, not later than the deadline; else ignored.
    function proveLate(
        uint32 leg,
        LegKeys calldata keys,
        Clause calldata limit,
        SignedHeader calldata late,
        LegKeys calldata keysBefore,
        SignedHeader calldata before
    ) external;

    /// @notice Proves that two consecutive envelopes of a leg begin further apart than the silence clause allows, in one boot of the device.
    /// @param header Header of the first.
    /// @param next The second, which names the first.
    function proveSilence(
        uint32 leg,
        LegKeys calldata keys,
        Clause calldata silence,
        bytes calldata header,
        SignedHeader calldata next
    ) external;

    /// @notice Claims, against a bond, that after an envelope nothing came for longer than the silence clause allows.
    /// @param last That envelope.
    function claimSilence(uint32 leg, LegKeys calldata keys, Clause calldata silence, SignedHeader calldata last)
        external
        payable;

    /// @notice Refutes a claim of silence with the next envelope; the bond goes to the sender.
    function refuteSilence(bytes32 caseId, LegKeys calldata keys, SignedHeader calldata next) external;

    /// @notice Refutes a claim of silence because the leg ended with the envelope that was said to be the last; the bond goes to the sender.
    function refuteSilenceByCut(bytes32 caseId) external;

    /// @notice Reports that the device signed two different envelopes under one number: from there on nothing of the leg is charged for
    /// limits. What was proven before stands.
    function reportFork(uint32 leg, LegKeys calldata keys, SignedHeader calldata one, SignedHeader calldata other)
        external;

    /// @notice Charges the tamper clause for a reported fork of a device whose keys cannot be copied.
    /// @param device The device's clause, with a secure element.
    /// @param tamper The tamper clause.
    function proveTampering(uint32 leg, Clause calldata device, Clause calldata tamper) external;

    /// @notice What the chain knows of a case.
    function caseOf(bytes32 caseId) external view returns (Case memory);

    /// @notice Penalties held against a custodian, in the smallest unit, after caps of limits and before that of the party.
    function penaltiesOf(address custodian) external view returns (uint256);

    /// @notice Disputes that are open: contested or claimed cases.
    function openDisputes() external view returns (uint256);
}
