// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {AgreementHandover} from "./AgreementHandover.sol";
import {Case, CaseState, IAgreementClaims} from "./interfaces/IAgreementClaims.sol";
import {Accept, IAgreementCustody, Leg, ManualCut, Phase, Tender} from "./interfaces/IAgreementCustody.sol";
import {IAgreementDelegations} from "./interfaces/IAgreementDelegations.sol";
import {IAgreementDisputes} from "./interfaces/IAgreementDisputes.sol";
import {IAgreementFactory} from "./interfaces/IAgreementFactory.sol";
import {IAgreementPayout} from "./interfaces/IAgreementPayout.sol";
import {Clause, Clauses, Deadline, Device, General, Heading, Party, TenderTerms} from "./libraries/Clauses.sol";
import {Disclosure, EnvelopeCodec} from "./libraries/EnvelopeCodec.sol";
import {Cut, LegKeys, Offer, P256Signature, Records} from "./libraries/Records.sol";
import {WalletSignature} from "./libraries/WalletSignature.sol";

/// @title Implementation of IAgreementCustody, where everything is described, and the way to the other parts of an agreement
contract Agreement is AgreementHandover, IAgreementCustody {
    bytes32 private constant MANUAL_CUT_TYPEHASH = keccak256(
        "ManualCut(bytes32 termsHash,uint32 leg,uint32 n,uint64 timeMs,address to,bytes32 nextKeysHash,uint256 amount,uint256 penaltyMax,bytes32 reasonsHash)"
    );
    bytes32 private constant TENDER_REFUSAL_TYPEHASH =
        keccak256("TenderRefusal(bytes32 termsHash,uint32 leg,bytes32 reasonsHash)");

    uint8 private constant LATITUDE = 10;
    uint8 private constant LONGITUDE = 11;
    /// @dev Place of the loss among the cases of a deadline.
    uint32 private constant LOSS_SEQ = type(uint32).max;
    uint16 private constant LOSS_INDEX = type(uint16).max - 1;

    /// @dev For windows of seconds, as rehearsals have: a proof that is on its way must not come too late.
    uint256 private constant CLAIMS_MS_MIN = 1 hours * 1000;

    address private immutable FACTORY = msg.sender;
    address private immutable CLAIMS;
    address private immutable DISPUTES;
    address private immutable PAYOUT;

    constructor(address claims, address disputes, address payout) {
        (CLAIMS, DISPUTES, PAYOUT) = (claims, disputes, payout);
    }

    /// @dev Bonds come with the call that they are for.
    receive() external payable {
        revert AgreementEtherUnasked();
    }

    /// @dev Runs the part whose call it is, on the storage of this agreement.
    // solhint-disable-next-line no-complex-fallback
    fallback() external payable {
        address part = _partOf(msg.sig);
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            calldatacopy(buffer, 0, calldatasize())
            let succeeded := delegatecall(gas(), part, buffer, calldatasize(), 0, 0)
            returndatacopy(buffer, 0, returndatasize())
            if succeeded { return(buffer, returndatasize()) }
            revert(buffer, returndatasize())
        }
    }

    /// @inheritdoc IAgreementCustody
    function start(
        LegKeys calldata keys,
        P256Signature calldata signature,
        Clause calldata device,
        Heading calldata heading,
        Clause calldata windows
    ) external {
        if (_legs[0].custodian != address(0)) revert AgreementAlreadyStarted();
        if (_status.phase != Phase.Created) revert AgreementPhaseUnexpected(_status.phase);
        bytes32 terms = _termsHash();
        (General memory agreed, Party[] memory listed) = _parties(terms, heading);
        address paying = _walletInRole(listed[PAYER], Clauses.ROLE_PAYER);
        address custodian = _walletInRole(listed[PAYEE], Clauses.ROLE_PAYEE);
        _requireSigners(IAgreementFactory(FACTORY), terms, paying, custodian);
        uint256 guaranteeTotal = agreed.guaranteeTotal;
        if (guaranteeTotal > 0 && _fundedAt == 0) revert AgreementNotFunded(guaranteeTotal);

        Device memory identity = Clauses.device(terms, device);
        bytes32 keysHash = Records.legKeysDigest(0, keys);
        _requireP256(keysHash, signature, identity.p256X, identity.p256Y);

        _legs[0] = Begun(keysHash, custodian, 0, uint40(block.timestamp));
        uint256 claimableMs = Math.max(Clauses.windows(terms, windows).disputeMs, CLAIMS_MS_MIN);
        _claimableS = SafeCast.toUint40(Math.ceilDiv(claimableMs, 1000));
        (_status.payer, _status.phase) = (paying, Phase.Started);
        emit Started(custodian, keysHash);
    }

    /// @inheritdoc IAgreementCustody
    function recordCut(
        uint32 leg,
        LegKeys calldata keys,
        Offer calldata offer,
        Accept calldata accept,
        bytes calldata acceptSignature,
        Cut calldata cut,
        P256Signature calldata signature,
        Clause calldata taker
    ) external {
        (uint8 role, bytes32 offered, bytes32 accepted) = _requireAccepted(leg, keys, offer, accept, cut.n, taker);
        address to = accept.party;
        if (!WalletSignature.isBy(to, accepted, acceptSignature)) revert AgreementAcceptSignatureInvalid(to);
        bytes32 digest = Records.cutDigest(leg, offered, accepted, cut);
        _requireP256(digest, signature, keys.p256X, keys.p256Y);
        _transfer(leg, to, role, cut.n, offer.nextKeysHash, digest);
    }

    /// @inheritdoc IAgreementCustody
    function recordManualCut(
        uint32 leg,
        ManualCut calldata cut,
        bytes calldata fromSignature,
        bytes calldata toSignature,
        Clause calldata taker
    ) external {
        _requireOpen(leg);
        bytes32 terms = _termsHash();
        uint8 role = _requireTaker(terms, taker, cut.to, cut.amount, cut.penaltyMax);
        address from = _legs[leg].custodian;
        if (from == cut.to) revert AgreementCustodianUnchanged(from);
        bytes32 digest = _manualCutDigest(terms, leg, cut);
        _requireWallet(from, digest, fromSignature);
        _requireWallet(cut.to, digest, toSignature);
        _transfer(leg, cut.to, role, cut.n, cut.nextKeysHash, digest);
    }

    /// @inheritdoc IAgreementCustody
    function recordTender(
        uint32 leg,
        LegKeys calldata keys,
        Offer calldata offer,
        P256Signature calldata signature,
        Clause calldata tender,
        Disclosure calldata latitude,
        Disclosure calldata longitude
    ) external {
        _requireKeys(leg, keys);
        _requireNotEnded(leg);
        if (_tenders[leg].recordedAt != 0) revert AgreementAlreadyTendered(leg);
        TenderTerms memory destination = Clauses.tender(_termsHash(), tender);
        _requireP256(Records.offerDigest(leg, offer), signature, keys.p256X, keys.p256Y);
        _requireHead(offer, latitude.header);
        _requireHead(offer, longitude.header);
        _requireInside(destination, latitude, longitude);
        if (EnvelopeCodec.clockStateOf(latitude.header) == 0) revert IAgreementClaims.AgreementClockUnset();

        uint64 tenderedMs = EnvelopeCodec.baseUtcMsOf(latitude.header);
        _tenders[leg] = Tender(offer.m, tenderedMs, uint40(block.timestamp), false);
        emit Tendered(leg, offer.m, tenderedMs);
    }

    /// @inheritdoc IAgreementCustody
    function refuseTender(uint32 leg, bytes32 reasonsHash, bytes calldata signature, Clause calldata tender) external {
        bytes32 terms = _termsHash();
        uint256 until = _graceEnd(terms, leg, tender);
        if (block.timestamp > until) revert AgreementTenderGrace(until);
        bytes32 digest = _hashTypedDataV4(keccak256(abi.encode(TENDER_REFUSAL_TYPEHASH, terms, leg, reasonsHash)));
        _requireWallet(_status.payer, digest, signature);
        _tenders[leg].refused = true;
        emit TenderRefused(leg, reasonsHash);
    }

    /// @inheritdoc IAgreementCustody
    function deliverByTender(uint32 leg, Clause calldata tender) external {
        uint256 until = _graceEnd(_termsHash(), leg, tender);
        if (block.timestamp <= until) revert AgreementTenderGrace(until);
        uint32 m = _tenders[leg].m;
        address payer = _status.payer;
        _legs[uint256(leg) + 1] = Begun(0, payer, m, uint40(block.timestamp));
        emit CustodyTransferred(leg, payer, m, 0);
        _end();
        emit Delivered(leg + 1);
    }

    /// @inheritdoc IAgreementCustody
    function closeUndelivered(uint32 leg, Clause calldata deadline) external {
        Deadline memory due = Clauses.deadline(_termsHash(), deadline);
        if (due.lostAfterMs == 0 || block.timestamp * 1000 < due.lostAfterMs) revert AgreementNotLost(due.lostAfterMs);
        if (_status.phase == Phase.Created) {
            leg = 0;
        } else {
            _requireOpen(leg);
            Tender memory tender = _tenders[leg];
            if (tender.recordedAt == 0) _chargeLoss(leg, due);
            else if (!tender.refused) revert AgreementAlreadyTendered(leg);
            _legs[uint256(leg) + 1] = Begun(0, _status.payer, WITHOUT_END, uint40(block.timestamp));
        }
        _end();
        emit ClosedUndelivered(leg);
    }

    /// @inheritdoc IAgreementCustody
    function termsHash() external view returns (bytes32) {
        return _termsHash();
    }

    /// @inheritdoc IAgreementCustody
    function factory() external view returns (address) {
        return FACTORY;
    }

    /// @inheritdoc IAgreementCustody
    function phase() external view returns (Phase) {
        return _status.phase;
    }

    /// @inheritdoc IAgreementCustody
    function deliveredAt() external view returns (uint256) {
        return _status.deliveredAt;
    }

    /// @inheritdoc IAgreementCustody
    function custodianOf(uint32 leg) external view returns (address) {
        return _legs[leg].custodian;
    }

    /// @inheritdoc IAgreementCustody
    function legOf(uint32 leg) external view returns (Leg memory) {
        Begun memory begun = _legs[leg];
        bool ended = _hasEnded(leg);
        uint32 n = ended ? _legs[uint256(leg) + 1].endOfLegBefore : 0;
        return Leg(begun.keysHash, begun.custodian, n, begun.beganAt, ended);
    }

    /// @inheritdoc IAgreementCustody
    function tenderOf(uint32 leg) external view returns (Tender memory) {
        return _tenders[leg];
    }

    /// @dev Nothing answers for a loss but the terms themselves, so it cannot be contested.
    function _chargeLoss(uint32 leg, Deadline memory due) private {
        bytes32 caseId = Records.caseId(leg, due.limitId, LOSS_SEQ, LOSS_INDEX);
        Case storage loss = _cases[caseId];
        (loss.state, loss.leg, loss.limitId, loss.seq) = (CaseState.Upheld, leg, due.limitId, LOSS_SEQ);
        (loss.provenAt, loss.beneficiary) = (uint40(block.timestamp), due.penalty.beneficiary);
        _setLimitMax(leg, due.limitId, due.penalty.limitMax);
        _charge(loss, due.lossPenalty);
        _status.lastClaimAt = uint40(block.timestamp);
        int256 lateMs = int256(block.timestamp * 1000) - int256(uint256(due.deliverByMs));
        emit IAgreementClaims.ViolationProven(caseId, leg, _legs[leg].custodian, due.limitId, due.lossPenalty, lateMs);
    }

    /// @dev A leg has keys from its beginning; the payer's has none.
    function _requireOpen(uint32 leg) private view {
        if (_legs[leg].keysHash == 0) revert AgreementLegNotBegun(leg);
        _requireNotEnded(leg);
    }

    function _walletInRole(Party memory party, uint8 role) private pure returns (address) {
        if (party.role != role) revert AgreementRoleUnexpected(party.role, role);
        return party.wallet;
    }

    function _requireWallet(address party, bytes32 digest, bytes calldata signature) private view {
        if (!WalletSignature.isBy(party, digest, signature)) revert AgreementPartySignatureInvalid(party);
    }

    function _manualCutDigest(bytes32 terms, uint32 leg, ManualCut calldata cut) private view returns (bytes32) {
        return _hashTypedDataV4(
            keccak256(
                abi.encode(
                    MANUAL_CUT_TYPEHASH,
                    terms,
                    leg,
                    cut.n,
                    cut.timeMs,
                    cut.to,
                    cut.nextKeysHash,
                    cut.amount,
                    cut.penaltyMax,
                    cut.reasonsHash
                )
            )
        );
    }

    /// @dev The leg signed the offer, and with its head the envelope before it.
    function _requireHead(Offer calldata offer, bytes calldata header) private pure {
        EnvelopeCodec.requireHeader(header);
        bool isHead = EnvelopeCodec.digest(header) == offer.head && uint256(EnvelopeCodec.seqOf(header)) + 1 == offer.m;
        if (!isHead) revert AgreementOfferNotAtEnvelope();
    }

    /// @dev The last reading that has both coordinates counts.
    function _requireInside(TenderTerms memory box, Disclosure calldata latitude, Disclosure calldata longitude)
        private
        pure
    {
        (int32 north, int32 east) = (EnvelopeCodec.MISSING, EnvelopeCodec.MISSING);
        uint256 both = Math.min(
            EnvelopeCodec.requireColumn(latitude, LATITUDE), EnvelopeCodec.requireColumn(longitude, LONGITUDE)
        );
        while (both > 0 && (north == EnvelopeCodec.MISSING || east == EnvelopeCodec.MISSING)) {
            --both;
            north = EnvelopeCodec.valueAt(latitude.column, both);
            east = EnvelopeCodec.valueAt(longitude.column, both);
        }
        bool isInside = north >= box.latitudeMin && north <= box.latitudeMax && east >= box.longitudeMin
            && east <= box.longitudeMax && north != EnvelopeCodec.MISSING && east != EnvelopeCodec.MISSING;
        if (!isInside) revert AgreementNotAtDestination(north, east);
    }

    /// @return until Last second in which the payer can refuse the standing tender of an open leg.
    function _graceEnd(bytes32 terms, uint32 leg, Clause calldata clause) private view returns (uint256 until) {
        Tender memory tender = _tenders[leg];
        if (tender.recordedAt == 0 || tender.refused) revert AgreementNotTendered(leg);
        if (_hasEnded(leg)) revert AgreementLegEnded(leg);
        return tender.recordedAt + Math.ceilDiv(Clauses.tender(terms, clause).graceMs, 1000);
    }

    function _partOf(bytes4 selector) private view returns (address) {
        if (
            selector == IAgreementPayout.fund.selector || selector == IAgreementPayout.fundWithPermit.selector
                || selector == IAgreementPayout.acknowledge.selector || selector == IAgreementPayout.settle.selector
                || selector == IAgreementPayout.claim.selector || selector == IAgreementPayout.release.selector
                || selector == IAgreementPayout.isFunded.selector
                || selector == IAgreementPayout.acknowledgedBy.selector || selector == IAgreementPayout.awardOf.selector
                || selector == IAgreementPayout.settledAt.selector
                || selector == IAgreementPayout.guaranteeUsed.selector
        ) return PAYOUT;
        if (
            selector == IAgreementDisputes.contest.selector || selector == IAgreementDisputes.answerWithSeal.selector
                || selector == IAgreementDisputes.answerWithAnchor.selector
                || selector == IAgreementDisputes.confirmLeg.selector
                || selector == IAgreementDelegations.confirmDelegatedLeg.selector
                || selector == IAgreementDelegations.recordDelegatedCut.selector
                || selector == IAgreementDisputes.resolve.selector
                || selector == IAgreementDisputes.withdrawCredit.selector
                || selector == IAgreementDisputes.contestBondWei.selector
                || selector == IAgreementDisputes.creditOf.selector
                || selector == IAgreementDisputes.postQuantumVerifier.selector
                || selector == IAgreementDisputes.anchorLog.selector
        ) return DISPUTES;
        return CLAIMS;
    }
}
