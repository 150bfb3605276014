// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {P256} from "@openzeppelin/contracts/utils/cryptography/P256.sol";
import {Accept, Case, IAgreement, Leg} from "./interfaces/IAgreement.sol";
import {AgreementAddress} from "./libraries/AgreementAddress.sol";
import {Clause, Clauses, Device, InstantaneousLimit, Party} from "./libraries/Clauses.sol";
import {Disclosure, EnvelopeCodec} from "./libraries/EnvelopeCodec.sol";
import {Cut, LegKeys, Offer, P256Signature, Records} from "./libraries/Records.sol";
import {WalletSignature} from "./libraries/WalletSignature.sol";

/// @title Implementation of IAgreement, where everything is described
contract Agreement is IAgreement, EIP712 {
    using Clauses for InstantaneousLimit;

    bytes32 private constant ACCEPT_TYPEHASH = keccak256(
        "Accept(bytes32 offerDigest,address party,bytes32 termsHash,uint256 amount,uint256 penaltyMax,bytes32 reservationsHash)"
    );

    address private immutable FACTORY = msg.sender;
    address private immutable IMPLEMENTATION = address(this);

    /// @dev Where a leg ended stands in the slot of the leg after it: a cut then writes two slots and no third.
    struct Begun {
        bytes32 keysHash;
        address custodian;
        uint32 endOfLegBefore;
        uint40 beganAt;
    }

    mapping(uint256 leg => Begun) private _legs;
    mapping(bytes32 caseId => Case) private _cases;

    constructor() EIP712("Consign", "1") {}

    /// @inheritdoc IAgreement
    function start(
        LegKeys calldata keys,
        P256Signature calldata signature,
        Clause calldata device,
        Clause calldata payer,
        Clause calldata payee
    ) external {
        if (_legs[0].keysHash != 0) revert AgreementAlreadyStarted();
        bytes32 terms = termsHash();
        address custodian = _partyInRole(terms, payee, Clauses.ROLE_PAYEE);
        _requireSigners(terms, _partyInRole(terms, payer, Clauses.ROLE_PAYER), custodian);

        Device memory identity = Clauses.device(terms, device);
        bytes32 keysHash = Records.legKeysDigest(0, keys);
        _requireP256(keysHash, signature, identity.p256X, identity.p256Y);

        _legs[0] = Begun(keysHash, custodian, 0, uint40(block.timestamp));
        emit Started(custodian, keysHash);
    }

    /// @inheritdoc IAgreement
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
        _requireKeys(leg, keys);
        if (_hasEnded(leg)) revert AgreementLegEnded(leg);
        if (cut.n < offer.m || cut.n - offer.m > offer.ttlEnvelopes) {
            revert AgreementCutOutsideOffer(cut.n, offer.m, offer.ttlEnvelopes);
        }
        bytes32 offered = Records.offerDigest(leg, offer);
        bytes32 accepted = _requireAccept(offered, accept, acceptSignature, taker);
        bytes32 cutDigest = Records.cutDigest(leg, offered, accepted, cut);
        _requireP256(cutDigest, signature, keys.p256X, keys.p256Y);

        _legs[uint256(leg) + 1] = Begun(offer.nextKeysHash, accept.party, cut.n, uint40(block.timestamp));
        emit CustodyTransferred(leg, accept.party, cut.n, cutDigest);
    }

    /// @inheritdoc IAgreement
    function proveViolation(
        uint32 leg,
        LegKeys calldata keys,
        Clause calldata limit,
        Disclosure[] calldata run,
        uint16 index,
        P256Signature calldata signature
    ) external {
        _requireKeys(leg, keys);
        InstantaneousLimit memory broken = Clauses.instantaneousLimit(termsHash(), limit);
        (uint32 seq, bytes32 digest) = _requireRun(leg, run);
        if (_hasEnded(leg) && seq >= _legs[uint256(leg) + 1].endOfLegBefore) {
            revert AgreementBeyondCut(seq, _legs[uint256(leg) + 1].endOfLegBefore);
        }
        _requireP256(digest, signature, keys.p256X, keys.p256Y);
        int32 value = _requireFirstOutside(broken, run, index);

        bytes32 caseId = Records.caseId(leg, broken.limitId, seq, index);
        if (_cases[caseId].provenAt != 0) revert AgreementAlreadyProven(caseId);
        _cases[caseId] = Case(uint64(block.timestamp), leg, broken.limitId);
        emit ViolationProven(caseId, leg, _legs[leg].custodian, broken.limitId, broken.penalty, value);
    }

    /// @inheritdoc IAgreement
    function custodianOf(uint32 leg) external view returns (address) {
        return _legs[leg].custodian;
    }

    /// @inheritdoc IAgreement
    function legOf(uint32 leg) external view returns (Leg memory) {
        Begun memory begun = _legs[leg];
        bool ended = _hasEnded(leg);
        uint32 n = ended ? _legs[uint256(leg) + 1].endOfLegBefore : 0;
        return Leg(begun.keysHash, begun.custodian, n, begun.beganAt, ended);
    }

    /// @inheritdoc IAgreement
    function caseOf(bytes32 caseId) external view returns (Case memory) {
        return _cases[caseId];
    }

    /// @inheritdoc IAgreement
    function termsHash() public view returns (bytes32) {
        return bytes32(Clones.fetchCloneArgs(address(this)));
    }

    function _hasEnded(uint32 leg) private view returns (bool) {
        return _legs[uint256(leg) + 1].custodian != address(0);
    }

    function _requireKeys(uint32 leg, LegKeys calldata keys) private view {
        bytes32 keysHash = _legs[leg].keysHash;
        if (keysHash == 0) revert AgreementLegNotBegun(leg);
        if (keysHash != Records.legKeysDigest(leg, keys)) revert AgreementKeysNotOfLeg(leg);
    }

    function _partyInRole(bytes32 terms, Clause calldata clause, uint8 role) private view returns (address) {
        Party memory disclosed = Clauses.party(terms, clause);
        if (disclosed.role != role) revert AgreementRoleUnexpected(disclosed.role, role);
        return disclosed.wallet;
    }

    /// @dev The address binds who signed; so nobody becomes custodian under terms that only others signed.
    function _requireSigners(bytes32 terms, address payer, address payee) private view {
        if (AgreementAddress.predict(FACTORY, IMPLEMENTATION, terms, payer, payee) != address(this)) {
            revert AgreementPartiesNotSigners(payer, payee);
        }
    }

    function _requireAccept(
        bytes32 offered,
        Accept calldata accept,
        bytes calldata acceptSignature,
        Clause calldata taker
    ) private view returns (bytes32 accepted) {
        bytes32 terms = termsHash();
        Party memory listed = Clauses.party(terms, taker);
        if (accept.party != listed.wallet || accept.amount != listed.amount || accept.penaltyMax != listed.penaltyCap) {
            revert AgreementAcceptNotAsAgreed();
        }
        accepted = _hashTypedDataV4(
            keccak256(
                abi.encode(
                    ACCEPT_TYPEHASH,
                    offered,
                    accept.party,
                    terms,
                    accept.amount,
                    accept.penaltyMax,
                    accept.reservationsHash
                )
            )
        );
        if (!WalletSignature.isBy(accept.party, accepted, acceptSignature)) {
            revert AgreementAcceptSignatureInvalid(accept.party);
        }
    }

    /// @dev Every envelope is of this leg and follows the one before it.
    /// @return seq Sequence number of the last envelope.
    /// @return digest Its digest.
    function _requireRun(uint32 leg, Disclosure[] calldata run) private view returns (uint32 seq, bytes32 digest) {
        if (run.length == 0) revert AgreementRunEmpty();
        for (uint256 i = 0; i < run.length; ++i) {
            bytes calldata header = run[i].header;
            EnvelopeCodec.requireHeader(header);
            if (
                EnvelopeCodec.chainIdOf(header) != block.chainid || EnvelopeCodec.agreementOf(header) != address(this)
                    || EnvelopeCodec.legOf(header) != leg
            ) revert AgreementEnvelopeForeign(i);
            uint32 next = EnvelopeCodec.seqOf(header);
            if (i > 0 && (next != uint256(seq) + 1 || EnvelopeCodec.previousOf(header) != digest)) {
                revert AgreementRunNotLinked(i);
            }
            seq = next;
            digest = EnvelopeCodec.digest(header);
        }
    }

    /// @dev Scans back from `index` of the last envelope to the value before it.
    function _requireFirstOutside(InstantaneousLimit memory limit, Disclosure[] calldata run, uint16 index)
        private
        pure
        returns (int32 value)
    {
        uint256 last = run.length - 1;
        uint256 count = EnvelopeCodec.requireColumn(run[last], limit.metric);
        value = index < count ? EnvelopeCodec.valueAt(run[last].column, index) : EnvelopeCodec.MISSING;
        if (value == EnvelopeCodec.MISSING) revert AgreementReadingAbsent(index);
        if (!limit.isOutside(value)) revert AgreementReadingInside(value);

        for (uint256 back = 0; back <= last; ++back) {
            Disclosure calldata shown = run[last - back];
            uint256 place = back == 0 ? index : EnvelopeCodec.requireColumn(shown, limit.metric);
            while (place > 0) {
                int32 before = EnvelopeCodec.valueAt(shown.column, --place);
                if (before == EnvelopeCodec.MISSING) continue;
                if (limit.isOutside(before)) revert AgreementNotFirstOutside(EnvelopeCodec.seqOf(shown.header), place);
                return value;
            }
        }
        uint32 first = EnvelopeCodec.seqOf(run[0].header);
        if (first != 0) revert AgreementPredecessorMissing(first);
    }

    function _requireP256(bytes32 digest, P256Signature calldata signature, bytes32 x, bytes32 y) private view {
        if (!P256.verify(digest, signature.r, signature.s, x, y)) revert AgreementDeviceSignatureInvalid();
    }
}
