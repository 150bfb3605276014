// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Clause} from "../libraries/Clauses.sol";
import {LegKeys, Offer, Seal} from "../libraries/Records.sol";
import {Accept} from "./IAgreementCustody.sol";

/// @title Contests of the accused, and their post-quantum answers
interface IAgreementDisputes {
    /// @notice Emitted when the accused demands post-quantum proof.
    event CaseContested(bytes32 indexed caseId, uint256 answerableUntil);

    /// @notice Emitted when a contest is answered; its bond goes to whoever did.
    event CaseUpheld(bytes32 indexed caseId, address indexed by);

    /// @notice Emitted when nobody refuted a claim in time: its case is a proven one from now on, which the accused can contest.
    event ClaimStood(bytes32 indexed caseId);

    /// @notice Emitted when a case is charged no longer.
    event CaseVoided(bytes32 indexed caseId);

    /// @notice Emitted when keys and custodian of a leg stand without trust in classical signatures.
    event LegConfirmed(uint32 indexed leg);

    /// @notice Emitted when a leg's seal has been verified: it answers for all envelopes of the leg below `n`.
    event LegSealed(uint32 indexed leg, uint32 n, bytes32 root);

    /// @notice Emitted when somebody took out what it was credited.
    event CreditWithdrawn(address indexed account, uint256 amountWei);

    /// @notice Thrown when somebody else than the accused contests.
    error AgreementNotAccused(address caller, address accused);

    /// @notice Thrown when a post-quantum signature does not verify.
    error AgreementPostQuantumSignatureInvalid();

    /// @notice Thrown when a leg began at or after `classicalUntil` and is not confirmed: call `confirmLeg` first.
    error AgreementLegNotConfirmed(uint32 leg);

    /// @notice Thrown when the seal or the anchor does not hold the evidence of the case.
    error AgreementEvidenceNotIncluded(bytes32 evidence);

    /// @notice Thrown when the anchor is not known to be older than `classicalUntil`.
    error AgreementAnchorTooLate();

    /// @notice Thrown when the caller has no credit, or does not take it.
    error AgreementCreditNotPaid(address account, uint256 amountWei);

    /// @notice Demands post-quantum proof of a case. Only the accused may, within the contest window, with a bond of at least the terms' bond
    /// and of what an answer costs at the present base fee. A case that was upheld is not contested again; a loss, which has no evidence but the
    /// terms, never is.
    /// @param windows The windows clause.
    function contest(bytes32 caseId, Clause calldata windows) external payable;

    /// @notice Answers a contest, until its time is over, with a seal of the leg, which stays on chain and answers every other contest below its size too.
    /// @param keys Keys of the leg.
    /// @param seal The seal; it may reach beyond the end of the leg, as that of a device that did not see the goods go.
    /// @param signature Its SLH-DSA signature, 7856 bytes; empty when this very seal is on chain already.
    /// @param proof RFC 9162 inclusion of the evidence at index `seq` of `seal.n`.
    /// @param general The general clause.
    function answerWithSeal(
        bytes32 caseId,
        LegKeys calldata keys,
        Seal calldata seal,
        bytes calldata signature,
        bytes32[] calldata proof,
        Clause calldata general
    ) external;

    /// @notice Answers a contest, until its time is over, with an anchor of the terms' writer that is older than `classicalUntil`.
    /// @param anchorSeq Number of the root in the writer's log.
    /// @param index Leaf of the evidence under the root.
    /// @param size Leaves under the root.
    /// @param proof RFC 9162 inclusion.
    /// @param witnessedAt Time before `classicalUntil` at which `AnchorLog.witness` noted the root; ignored before that time.
    /// @param general The general clause.
    function answerWithAnchor(
        bytes32 caseId,
        uint64 anchorSeq,
        uint256 index,
        uint256 size,
        bytes32[] calldata proof,
        uint40 witnessedAt,
        Clause calldata general
    ) external;

    /// @notice Confirms a leg that began at or after `classicalUntil`: its keys under the SLH-DSA key of the device (leg 0) or of the leg before,
    /// and, after leg 0, the taker's acceptance under its party's SLH-DSA key. The leg before must stand already. A leg that a manual cut began
    /// then cannot be confirmed: nothing links its keys to those before.
    /// @param keys Keys of the leg.
    /// @param keysSignature SLH-DSA over the LegKeys record.
    /// @param signer The device's clause; ignored after leg 0.
    /// @param keysBefore Keys of the leg before; ignored for leg 0.
    /// @param offer The offer of the leg before that was accepted; ignored for leg 0, as all that follows.
    /// @param accept The acceptance.
    /// @param acceptSignature SLH-DSA over its EIP-712 digest.
    /// @param taker The taker's clause.
    /// @param general The general clause.
    function confirmLeg(
        uint32 leg,
        LegKeys calldata keys,
        bytes calldata keysSignature,
        Clause calldata signer,
        LegKeys calldata keysBefore,
        Offer calldata offer,
        Accept calldata accept,
        bytes calldata acceptSignature,
        Clause calldata taker,
        Clause calldata general
    ) external;

    /// @notice Closes what was not answered in time: an unanswered contest voids its case, an unrefuted claim counts as proven; the bond goes back
    /// to whoever put it up.
    function resolve(bytes32 caseId) external;

    /// @notice Takes out what the caller was credited because a payment to it failed.
    function withdrawCredit() external;

    /// @notice What a contest costs at least now, in wei.
    /// @param bondWei The bond in the terms' windows clause.
    function contestBondWei(uint96 bondWei) external view returns (uint256);

    /// @notice Wei credited to an account, because a payment to it failed.
    function creditOf(address account) external view returns (uint256);

    /// @notice The verifier of post-quantum signatures.
    function postQuantumVerifier() external view returns (address);

    /// @notice The log whose anchors answer contests.
    function anchorLog() external view returns (address);
}
