// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {P256} from "@openzeppelin/contracts/utils/cryptography/P256.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {Accept, Case, IAgreement, Leg} from "./interfaces/IAgreement.sol";
import {AgreementAddress} from "./libraries/AgreementAddress.sol";
import {Clause, Clauses, Device, InstantaneousLimit, Party} from "./libraries/Clauses.sol";
import {Disclosure, EnvelopeCodec} from "./libraries/EnvelopeCodec.sol";
import {Cut, LegKeys, Offer, P256Signature, Records} from "./libraries/Records.sol";

/// @title Implementation of IAgreement, where everything is described
contract Agreement is IAgreement, EIP712 {
    using Clauses for InstantaneousLimit;

    bytes32 private constant ACCEPT_TYPEHASH = keccak256(
        "Accept(bytes32 offerDigest,address party,bytes32 termsHash,uint256 amount,uint256 penaltyMax,bytes32 reservationsHash)"
    );

    address private immutable FACTORY = msg.sender;
    address private immutable IMPLEMENTATION = address(this);

    mapping(uint32 leg => Leg) private _legs;
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

        _begin(0, keysHash, custodian);
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
        Leg memory ending = _legWithKeys(leg, keys);
        if (ending.ended) revert AgreementLegEnded(leg);
        if (cut.n < offer.m || cut.n - offer.m > offer.ttlEnvelopes) {
            revert AgreementCutOutsideOffer(cut.n, offer.m, offer.ttlEnvelopes);
        }
        bytes32 offered = Records.offerDigest(leg, offer);
        bytes32 accepted = _requireAccept(offered, accept, acceptSignature, taker);
        bytes32 cutDigest = Records.cutDigest(leg, offered, accepted, cut);
        _requireP256(cutDigest, signature, keys.p256X, keys.p256Y);

        _legs[leg].n = cut.n;
        _legs[leg].ended = true;
        _begin(leg + 1, offer.nextKeysHash, accept.party);
        emit CustodyTransferred(leg, ending.custodian, accept.party, cut.n, cutDigest);
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
        Leg memory held = _legWithKeys(leg, keys);
        InstantaneousLimit memory broken = Clauses.instantaneousLimit(termsHash(), limit);
        (uint32 seq, bytes32 digest) = _requireRun(leg, run);
        if (held.ended && seq >= held.n) revert AgreementBeyondCut(seq, held.n);
        _requireP256(digest, signature, keys.p256X, keys.p256Y);
        int32 value = _requireFirstOutside(broken, run, index);

        bytes32 caseId = Records.caseId(leg, broken.limitId, seq, index);
        if (_cases[caseId].provenAt != 0) revert AgreementAlreadyProven(caseId);
        _cases[caseId] = Case(uint64(block.timestamp), leg, broken.limitId);
        emit ViolationProven(caseId, leg, held.custodian, broken.limitId, broken.penalty, value);
    }

    /// @inheritdoc IAgreement
    function custodianOf(uint32 leg) external view returns (address) {
        return _legs[leg].custodian;
    }

    /// @inheritdoc IAgreement
    function legOf(uint32 leg) external view returns (Leg memory) {
        return _legs[leg];
    }

    /// @inheritdoc IAgreement
    function caseOf(bytes32 caseId) external view returns (Case memory) {
        return _cases[caseId];
    }

    /// @inheritdoc IAgreement
    function termsHash() public view returns (bytes32) {
        return bytes32(Clones.fetchCloneArgs(address(this)));
    }

    function _begin(uint32 leg, bytes32 keysHash, address custodian) private {
        _legs[leg] = Leg(keysHash, custodian, 0, uint40(block.timestamp), false);
    }

    function _legWithKeys(uint32 leg, LegKeys calldata keys) private view returns (Leg memory begun) {
        begun = _legs[leg];
        if (begun.keysHash == 0) revert AgreementLegNotBegun(leg);
        if (begun.keysHash != Records.legKeysDigest(leg, keys)) revert AgreementKeysNotOfLeg(leg);
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
        if (
            accept.party != listed.wallet || accept.amount != listed.amount || accept.penaltyMax != listed.penaltyCap
        ) revert AgreementAcceptNotAsAgreed();
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
        if (!SignatureChecker.isValidSignatureNowCalldata(accept.party, accepted, acceptSignature)) {
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
        uint256 position = run.length - 1;
        uint256 count = EnvelopeCodec.requireColumn(run[position], limit.metric);
        value = index < count ? EnvelopeCodec.valueAt(run[position].column, index) : EnvelopeCodec.MISSING;
        if (value == EnvelopeCodec.MISSING) revert AgreementReadingAbsent(index);
        if (!limit.isOutside(value)) revert AgreementReadingInside(value);

        count = index;
        while (true) {
            Disclosure calldata shown = run[position];
            while (count > 0) {
                --count;
                int32 before = EnvelopeCodec.valueAt(shown.column, count);
                if (before == EnvelopeCodec.MISSING) continue;
                if (limit.isOutside(before)) revert AgreementNotFirstOutside(EnvelopeCodec.seqOf(shown.header), count);
                return value;
            }
            if (position == 0) break;
            --position;
            count = EnvelopeCodec.requireColumn(run[position], limit.metric);
        }
        uint32 first = EnvelopeCodec.seqOf(run[0].header);
        if (first != 0) revert AgreementPredecessorMissing(first);
    }

    function _requireP256(bytes32 digest, P256Signature calldata signature, bytes32 x, bytes32 y) private view {
        if (!P256.verify(digest, signature.r, signature.s, x, y)) revert AgreementDeviceSignatureInvalid();
    }
}
