// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Clause, Heading} from "../libraries/Clauses.sol";
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

/// @notice Two custodians hand over without the device, because it is dead or lost.
/// @param n Envelopes of the leg that ends: silence before is the outgoing custodian's.
/// @param timeMs When the goods changed hands, UTC milliseconds as both say.
/// @param to Wallet of the taker.
/// @param nextKeysHash Digest of the LegKeys record of the next leg, of the device that replaces the dead one; any value that no keys have
/// if the goods go on unmeasured, never 0.
/// @param amount As in Accept.
/// @param penaltyMax As in Accept.
/// @param reasonsHash SHA-256 of why there was no device; evidence only.
struct ManualCut {
    uint32 n;
    uint64 timeMs;
    address to;
    bytes32 nextKeysHash;
    uint256 amount;
    uint256 penaltyMax;
    bytes32 reasonsHash;
}

/// @notice One custody epoch.
/// @param keysHash Digest of the leg's LegKeys record; 0 when the leg has not begun, or is the payer's: nothing is proven on that.
/// @param custodian Who answers for the goods during the leg.
/// @param n Envelopes of the leg, once it has ended.
/// @param beganAt When the chain learned of the leg, in seconds since 1970.
/// @param ended Whether the end of the leg is recorded.
struct Leg {
    bytes32 keysHash;
    address custodian;
    uint32 n;
    uint40 beganAt;
    bool ended;
}

/// @notice The goods were offered at their destination.
/// @param m Envelopes of the leg at that moment.
/// @param tenderedMs When, by the device's clock, UTC milliseconds; 0 when there was no tender.
/// @param recordedAt When the chain learned of it, in seconds since 1970.
/// @param refused Whether the payer refused it, with signed reasons.
struct Tender {
    uint32 m;
    uint64 tenderedMs;
    uint40 recordedAt;
    bool refused;
}

/// @notice Where an agreement stands. `Delivered`: or over without delivery; `Settled`: nothing can be charged any more.
enum Phase {
    Created,
    Started,
    Delivered,
    Settled
}

/// @title Who holds the goods, from the first leg to delivery
/// @dev EIP-712 domain of every signature here: `{ name: "Consign", version: "1", chainId, verifyingContract: this agreement }`.
interface IAgreementCustody {
    /// @notice Emitted when leg 0 has begun with the payee as custodian.
    event Started(address indexed custodian, bytes32 keysHash);

    /// @notice Emitted when a leg has ended and the next one has begun.
    /// @param leg The leg that ended.
    /// @param to Custodian of leg + 1.
    /// @param n Envelopes of the leg that ended.
    /// @param cutDigest Digest of the Cut, to which the first envelope of the next leg links; for a manual cut its EIP-712 digest.
    event CustodyTransferred(uint32 indexed leg, address indexed to, uint32 n, bytes32 cutDigest);

    /// @notice Emitted when the goods were offered at their destination.
    /// @param m Envelopes of the leg at that moment.
    /// @param tenderedMs By the device's clock, UTC milliseconds.
    event Tendered(uint32 indexed leg, uint32 m, uint64 tenderedMs);

    /// @notice Emitted when the payer has refused a tender.
    event TenderRefused(uint32 indexed leg, bytes32 reasonsHash);

    /// @notice Emitted when the payer has the goods.
    /// @param leg The payer's leg.
    event Delivered(uint32 indexed leg);

    /// @notice Emitted when the agreement is over without delivery.
    /// @param leg The leg in which the goods were lost; 0 also when none had begun.
    event ClosedUndelivered(uint32 indexed leg);

    /// @notice Thrown when leg 0 has begun already.
    error AgreementAlreadyStarted();

    /// @notice Thrown when the guarantee of the terms has not been paid in.
    error AgreementNotFunded(uint256 guaranteeTotal);

    /// @notice Thrown when the step belongs to another phase.
    error AgreementPhaseUnexpected(Phase phase);

    /// @notice Thrown when a disclosed party has another role than the call needs.
    error AgreementRoleUnexpected(uint8 role, uint8 expected);

    /// @notice Thrown when the payer and payee of the terms are not the two who signed this agreement.
    error AgreementPartiesNotSigners(address payer, address payee);

    /// @notice Thrown when a leg has not begun on chain, or is the payer's.
    error AgreementLegNotBegun(uint32 leg);

    /// @notice Thrown when the end of a leg is recorded already.
    error AgreementLegEnded(uint32 leg);

    /// @notice Thrown when the keys are not those of the leg.
    error AgreementKeysNotOfLeg(uint32 leg);

    /// @notice Thrown when the next leg would have no keys hash.
    error AgreementKeysHashZero();

    /// @notice Thrown when a P-256 signature does not verify, or its s is above half the order.
    error AgreementDeviceSignatureInvalid();

    /// @notice Thrown when the signature of the Accept is not the taker's, or not its delegate's.
    error AgreementAcceptSignatureInvalid(address party);

    /// @notice Thrown when a signature of a ManualCut or a TenderRefusal is not the named party's.
    error AgreementPartySignatureInvalid(address party);

    /// @notice Thrown when party, amount or maximum penalty of the taker differ from its clause.
    error AgreementAcceptNotAsAgreed();

    /// @notice Thrown when the Cut lies before its offer or after the offer lapsed.
    error AgreementCutOutsideOffer(uint32 n, uint32 m, uint32 ttlEnvelopes);

    /// @notice Thrown when a custodian would hand over to itself.
    error AgreementCustodianUnchanged(address custodian);

    /// @notice Thrown when the offer does not follow the envelope that shows where the goods are.
    error AgreementOfferNotAtEnvelope();

    /// @notice Thrown when the envelope does not place the goods inside the destination.
    error AgreementNotAtDestination(int32 latitude, int32 longitude);

    /// @notice Thrown when there is no tender of the leg, or it was refused.
    error AgreementNotTendered(uint32 leg);

    /// @notice Thrown when a leg has been tendered already.
    error AgreementAlreadyTendered(uint32 leg);

    /// @notice Thrown when the tender can still be refused, or can no longer be.
    /// @param until End of the grace, in seconds since 1970.
    error AgreementTenderGrace(uint256 until);

    /// @notice Thrown when the goods are not lost yet, or the terms never say that they are.
    /// @param lostAfterMs UTC milliseconds; 0 for never.
    error AgreementNotLost(uint64 lostAfterMs);

    /// @notice Thrown when ether comes without a call that asks for it.
    error AgreementEtherUnasked();

    /// @notice Begins leg 0 in the custody of the payee. The guarantee must have been paid in.
    /// @param keys Keys of leg 0.
    /// @param signature The device's P-256 signature over the LegKeys record of leg 0.
    /// @param device The clause that names the device.
    /// @param heading The general clause, which says how much is guaranteed, and those of all parties: that the first two are those who signed, and
    /// that terms which begin so can be settled.
    /// @param windows The windows clause, which says for how long after delivery breaches can be claimed.
    function start(
        LegKeys calldata keys,
        P256Signature calldata signature,
        Clause calldata device,
        Heading calldata heading,
        Clause calldata windows
    ) external;

    /// @notice Records that a leg has ended and custody has passed to the taker, who is custodian of leg + 1. A cut to the payer delivers.
    /// @param leg The leg that ends.
    /// @param keys Its keys.
    /// @param offer The device's offer.
    /// @param accept What the taker signed (EIP-712); terms and offer are filled in here.
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

    /// @notice Records a handover without a device. EIP-712, signed by both custodians:
    /// `ManualCut(bytes32 termsHash,uint32 leg,uint32 n,uint64 timeMs,address to,bytes32 nextKeysHash,uint256 amount,uint256 penaltyMax,bytes32 reasonsHash)`.
    /// @param leg The leg that ends.
    /// @param cut What both signed; terms and leg are filled in here.
    /// @param fromSignature Signature of the leg's custodian.
    /// @param toSignature Signature of the taker.
    /// @param taker The taker's party clause.
    function recordManualCut(
        uint32 leg,
        ManualCut calldata cut,
        bytes calldata fromSignature,
        bytes calldata toSignature,
        Clause calldata taker
    ) external;

    /// @notice Records that the device offered the goods inside the destination: that stops the delivery clock at the time of the envelope
    /// that the offer follows.
    /// @param leg The leg, which has not ended.
    /// @param keys Its keys.
    /// @param offer The device's offer, with `head` the digest of the envelope shown.
    /// @param signature The leg's P-256 signature over the offer.
    /// @param tender The tender clause.
    /// @param latitude Envelope `offer.m - 1` with its column of latitudes; the last value counts.
    /// @param longitude The same envelope with its column of longitudes.
    function recordTender(
        uint32 leg,
        LegKeys calldata keys,
        Offer calldata offer,
        P256Signature calldata signature,
        Clause calldata tender,
        Disclosure calldata latitude,
        Disclosure calldata longitude
    ) external;

    /// @notice Records that the payer refuses a tender within its grace; the goods stay with their custodian and its clock runs on.
    /// EIP-712: `TenderRefusal(bytes32 termsHash,uint32 leg,bytes32 reasonsHash)`.
    /// @param reasonsHash SHA-256 of the reasons.
    /// @param signature The payer's.
    /// @param tender The tender clause.
    function refuseTender(uint32 leg, bytes32 reasonsHash, bytes calldata signature, Clause calldata tender) external;

    /// @notice Delivers once the grace of a tender has passed without refusal: custody passes to the payer where the tender stood.
    function deliverByTender(uint32 leg, Clause calldata tender) external;

    /// @notice Ends an agreement whose goods never came: the custodian of the open leg is charged the loss, unless it has tendered them: what
    /// stood at its destination is not lost, whether or not it was taken. Before any leg has begun it only ends. From here on it is settled
    /// like a delivered one.
    /// @param leg The open leg; ignored before leg 0.
    /// @param deadline The deadline clause, whose `lostAfterMs` has passed.
    function closeUndelivered(uint32 leg, Clause calldata deadline) external;

    /// @notice RFC 9162 root over the clauses of the terms.
    function termsHash() external view returns (bytes32);

    /// @notice The factory that made this agreement.
    function factory() external view returns (address);

    /// @notice Where the agreement stands.
    function phase() external view returns (Phase);

    /// @notice When it was delivered or closed, in seconds since 1970; 0 before.
    function deliveredAt() external view returns (uint256);

    /// @notice Who answers for the goods during a leg; 0 when it has not begun.
    function custodianOf(uint32 leg) external view returns (address);

    /// @notice What the chain knows of a leg.
    function legOf(uint32 leg) external view returns (Leg memory);

    /// @notice What the chain knows of a leg's tender.
    function tenderOf(uint32 leg) external view returns (Tender memory);
}
