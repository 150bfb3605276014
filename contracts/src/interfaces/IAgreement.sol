// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Clause} from "../libraries/Clauses.sol";
import {Disclosure} from "../libraries/EnvelopeCodec.sol";
import {Cut, LegKeys, Offer, P256Signature} from "../libraries/Records.sol";

/// @notice A party takes over custody, under its own amount and its maximum penalty.
/// @param party Wallet of the taker.
/// @param amount What the taker is due, in the smallest unit of the token; as its clause says.
/// @param penaltyMax The most that penalties can cost it; its clause's cap.
/// @param reservationsHash SHA-256 of what the taker noted about the goods; evidence, never a condition.
struct Accept {
    address party;
    uint256 amount;
    uint256 penaltyMax;
    bytes32 reservationsHash;
}

/// @notice One custody epoch.
/// @param keysHash Digest of the leg's LegKeys record; 0 when the leg has not begun.
/// @param custodian Who answers for the goods during the leg.
/// @param n Envelopes of the leg, once it has ended.
/// @param beganAt When the chain learned of the leg, in seconds since 1970.
/// @param ended Whether the Cut of the leg is recorded.
struct Leg {
    bytes32 keysHash;
    address custodian;
    uint32 n;
    uint40 beganAt;
    bool ended;
}

/// @notice A violation that was proven.
/// @param provenAt When, in seconds since 1970; 0 when the case is not proven.
/// @param leg Leg whose custodian it is held against.
/// @param limitId The limit that was broken.
struct Case {
    uint64 provenAt;
    uint32 leg;
    uint16 limitId;
}

/// @title What payer and payee agreed, enforced with nothing but the data that a party holds
/// @notice A clone that carries only `termsHash`; single clauses are disclosed against it when a step needs them. No owner, no pause,
/// no upgrade. Every step may be submitted by anyone who holds its signatures: who sends the transaction never counts.
interface IAgreement {
    /// @notice Emitted when leg 0 has begun with the payee as custodian.
    event Started(address indexed custodian, bytes32 keysHash);

    /// @notice Emitted when a leg has ended and the next one has begun.
    /// @param leg The leg that ended.
    /// @param to Custodian of leg + 1.
    /// @param n Envelopes of the leg that ended.
    /// @param cutDigest Digest of the Cut, to which the first envelope of the next leg links.
    event CustodyTransferred(uint32 indexed leg, address indexed to, uint32 n, bytes32 cutDigest);

    /// @notice Emitted when a violation has been proven and is held against a custodian.
    /// @param caseId SHA-256 over agreement, leg, limit and place of the first reading outside.
    /// @param leg Leg in which the excursion lies.
    /// @param custodian Who held the goods.
    /// @param limitId The limit that was broken.
    /// @param penalty What it costs, in the smallest unit of the token, before caps.
    /// @param value First value outside, in the fixed unit of the limit's metric.
    event ViolationProven(
        bytes32 indexed caseId,
        uint32 indexed leg,
        address indexed custodian,
        uint16 limitId,
        uint256 penalty,
        int32 value
    );

    /// @notice Thrown when leg 0 has begun already.
    error AgreementAlreadyStarted();

    /// @notice Thrown when a disclosed party has another role than the call needs.
    error AgreementRoleUnexpected(uint8 role, uint8 expected);

    /// @notice Thrown when the payer and payee of the terms are not the two who signed this agreement.
    error AgreementPartiesNotSigners(address payer, address payee);

    /// @notice Thrown when a leg has not begun on chain.
    error AgreementLegNotBegun(uint32 leg);

    /// @notice Thrown when the Cut of a leg is recorded already.
    error AgreementLegEnded(uint32 leg);

    /// @notice Thrown when the keys are not those of the leg.
    error AgreementKeysNotOfLeg(uint32 leg);

    /// @notice Thrown when a P-256 signature does not verify, or its s is above half the order.
    error AgreementDeviceSignatureInvalid();

    /// @notice Thrown when the signature of the Accept is not the taker's.
    error AgreementAcceptSignatureInvalid(address party);

    /// @notice Thrown when party, amount or maximum penalty of the Accept differ from the taker's clause.
    error AgreementAcceptNotAsAgreed();

    /// @notice Thrown when the Cut lies before its offer or after the offer lapsed.
    error AgreementCutOutsideOffer(uint32 n, uint32 m, uint32 ttlEnvelopes);

    /// @notice Thrown when an envelope is of another chain, agreement or leg.
    /// @param position Place of the envelope in the run.
    error AgreementEnvelopeForeign(uint256 position);

    /// @notice Thrown when an envelope does not follow the one before it in the run, by sequence number and by digest.
    /// @param position Place of the envelope in the run.
    error AgreementRunNotLinked(uint256 position);

    /// @notice Thrown when the run has no envelope.
    error AgreementRunEmpty();

    /// @notice Thrown when an envelope lies beyond the recorded Cut of its leg.
    error AgreementBeyondCut(uint32 seq, uint32 n);

    /// @notice Thrown when the last envelope of the run has no reading of the metric at `index`.
    error AgreementReadingAbsent(uint16 index);

    /// @notice Thrown when the reading at `index` is inside the limit.
    error AgreementReadingInside(int32 value);

    /// @notice Thrown when the reading before is outside too, so that the excursion began earlier.
    /// @param seq Envelope of that earlier reading.
    /// @param index Its place in the envelope.
    error AgreementNotFirstOutside(uint32 seq, uint256 index);

    /// @notice Thrown when the run begins after the start of the leg and holds no value before the first one outside.
    /// @param seq First envelope of the run; show the ones before it too.
    error AgreementPredecessorMissing(uint32 seq);

    /// @notice Thrown when the case is proven already: one excursion, one charge.
    error AgreementAlreadyProven(bytes32 caseId);

    /// @notice Begins leg 0 in the custody of the payee.
    /// @param keys Keys of leg 0.
    /// @param signature The device's P-256 signature over the LegKeys record of leg 0.
    /// @param device The clause that names the device.
    /// @param payer The payer's clause: with the payee's it shows that the parties of the terms are those who signed.
    /// @param payee The payee's clause.
    function start(
        LegKeys calldata keys,
        P256Signature calldata signature,
        Clause calldata device,
        Clause calldata payer,
        Clause calldata payee
    ) external;

    /// @notice Records that a leg has ended and custody has passed to the taker, who is custodian of leg + 1.
    /// @param leg The leg that ends.
    /// @param keys Its keys.
    /// @param offer The device's offer.
    /// @param accept What the taker signed (EIP-712, this agreement's domain); terms and offer are filled in here.
    /// @param acceptSignature The taker's wallet signature; accounts with code sign by ERC-1271.
    /// @param cut Where the leg ends.
    /// @param signature The leg's P-256 signature over the Cut, which binds offer and accept.
    /// @param taker The taker's party clause.
    function recordCut(
        uint32 leg,
        LegKeys calldata keys,
        Offer calldata offer,
        Accept calldata accept,
        bytes calldata acceptSignature,
        Cut calldata cut,
        P256Signature calldata signature,
        Clause calldata taker
    ) external;

    /// @notice Proves that an instantaneous limit was broken and holds it against the custodian of the leg.
    /// @dev Values that are missing neither start nor end an excursion: the scan goes back over them until it meets a value inside, or the
    /// very start of the leg. One signature covers the run, as each envelope names the digest of the one before it.
    /// @param leg Leg of the envelopes.
    /// @param keys Its keys.
    /// @param limit The limit's clause.
    /// @param run Consecutive envelopes; the last one holds the first reading outside.
    /// @param index Place of that reading in the last envelope.
    /// @param signature The leg's P-256 signature over the last envelope.
    function proveViolation(
        uint32 leg,
        LegKeys calldata keys,
        Clause calldata limit,
        Disclosure[] calldata run,
        uint16 index,
        P256Signature calldata signature
    ) external;

    /// @notice RFC 9162 root over the clauses of the terms.
    function termsHash() external view returns (bytes32);

    /// @notice Who answers for the goods during a leg; 0 when it has not begun.
    function custodianOf(uint32 leg) external view returns (address);

    /// @notice What the chain knows of a leg.
    function legOf(uint32 leg) external view returns (Leg memory);

    /// @notice What the chain knows of a case.
    function caseOf(bytes32 caseId) external view returns (Case memory);
}
