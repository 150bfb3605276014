// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {AgreementHandover} from "./AgreementHandover.sol";
import {Case, CaseState, IAgreementClaims} from "./interfaces/IAgreementClaims.sol";
import {Accept, IAgreementCustody, Phase} from "./interfaces/IAgreementCustody.sol";
import {Delegated, DelegatedKeys, IAgreementDelegations} from "./interfaces/IAgreementDelegations.sol";
import {IAgreementDisputes} from "./interfaces/IAgreementDisputes.sol";
import {IAnchorLog} from "./interfaces/IAnchorLog.sol";
import {IPostQuantumVerifier} from "./interfaces/IPostQuantumVerifier.sol";
import {Clause, Clauses, General, Party, Windows} from "./libraries/Clauses.sol";
import {Delegations} from "./libraries/Delegations.sol";
import {EnvelopeCodec} from "./libraries/EnvelopeCodec.sol";
import {Cut, LegKeys, Offer, P256Signature, Records, Seal} from "./libraries/Records.sol";
import {Rfc9162} from "./libraries/Rfc9162.sol";
import {WalletSignature} from "./libraries/WalletSignature.sol";

/// @title Implementation of IAgreementDisputes and IAgreementDelegations, where everything is described
contract AgreementDisputes is AgreementHandover, IAgreementDisputes, IAgreementDelegations {
    /// @dev What an answer with a new seal costs at most, with a margin: 1,000,000 on average.
    uint256 private constant ANSWER_GAS = 1_200_000;
    uint256 private constant MS_PER_S = 1000;

    IPostQuantumVerifier private immutable VERIFIER;
    IAnchorLog private immutable ANCHOR_LOG;

    constructor(IPostQuantumVerifier verifier, IAnchorLog log) {
        (VERIFIER, ANCHOR_LOG) = (verifier, log);
    }

    /// @inheritdoc IAgreementDisputes
    function contest(bytes32 caseId, Clause calldata windows) external payable {
        Case storage contested = _cases[caseId];
        if (contested.state != CaseState.Proven) revert IAgreementClaims.AgreementCaseState(caseId, contested.state);
        address accused = _legs[contested.leg].custodian;
        if (msg.sender != accused) revert AgreementNotAccused(msg.sender, accused);
        if (_status.phase == Phase.Settled) revert IAgreementCustody.AgreementPhaseUnexpected(Phase.Settled);

        Windows memory agreed = Clauses.windows(_termsHash(), windows);
        // From this second on the agreement can be settled.
        uint256 until = contested.provenAt + Math.ceilDiv(agreed.contestMs, MS_PER_S);
        if (block.timestamp >= until) revert IAgreementClaims.AgreementWindow(until);
        uint256 needed = contestBondWei(agreed.contestBondWei);
        if (msg.value < needed) revert IAgreementClaims.AgreementBondTooLow(msg.value, needed);
        if (_status.openDisputes == type(uint8).max) revert IAgreementClaims.AgreementTooManyDisputes();

        uint256 answerableUntil = block.timestamp + Math.ceilDiv(agreed.answerMs, MS_PER_S);
        (contested.state, contested.openUntil) = (CaseState.Contested, SafeCast.toUint32(answerableUntil));
        (contested.challenger, contested.bondWei) = (msg.sender, SafeCast.toUint96(msg.value));
        ++_status.openDisputes;
        _status.lastClaimAt = uint40(block.timestamp);
        emit CaseContested(caseId, answerableUntil);
    }

    /// @inheritdoc IAgreementDisputes
    function answerWithSeal(
        bytes32 caseId,
        LegKeys calldata keys,
        Seal calldata seal,
        bytes calldata signature,
        bytes32[] calldata proof,
        Clause calldata general
    ) external {
        Case storage contested = _requireAnswerable(caseId);
        uint32 leg = contested.leg;
        _requireKeys(leg, keys);
        _requireStanding(leg, Clauses.general(_termsHash(), general).classicalUntilMs);
        bytes32 evidence = contested.evidence;
        if (!Rfc9162.verifyInclusion(evidence, contested.seq, seal.n, seal.root, proof)) {
            revert AgreementEvidenceNotIncluded(evidence);
        }
        _requireSealed(leg, keys.slhDsaKey, seal, signature);
        _uphold(caseId, contested);
    }

    /// @inheritdoc IAgreementDisputes
    function answerWithAnchor(
        bytes32 caseId,
        uint64 anchorSeq,
        uint256 index,
        uint256 size,
        bytes32[] calldata proof,
        uint40 witnessedAt,
        Clause calldata general
    ) external {
        Case storage contested = _requireAnswerable(caseId);
        General memory terms = Clauses.general(_termsHash(), general);
        _requireStanding(contested.leg, terms.classicalUntilMs);
        _requireAnchoredInTime(terms, anchorSeq, witnessedAt);
        bytes32 evidence = contested.evidence;
        bytes32 root = ANCHOR_LOG.root(terms.anchorWriter, anchorSeq);
        if (!Rfc9162.verifyInclusion(evidence, index, size, root, proof)) {
            revert AgreementEvidenceNotIncluded(evidence);
        }
        _uphold(caseId, contested);
    }

    /// @inheritdoc IAgreementDisputes
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
    ) external {
        _requireKeys(leg, keys);
        bytes32 keysHash = _legs[leg].keysHash;
        bytes32 terms = _termsHash();
        if (leg == 0) {
            _requirePostQuantum(Clauses.device(terms, signer).slhDsaKey, keysHash, keysSignature);
        } else {
            bytes32 accepted = _requireSucceeds(leg, keysHash, keysSignature, keysBefore, offer, accept, general);
            _requirePostQuantum(_keyOfTaker(leg, terms, accept, taker), accepted, acceptSignature);
        }
        _confirmed[leg] = true;
        emit LegConfirmed(leg);
    }

    /// @inheritdoc IAgreementDelegations
    function recordDelegatedCut(
        uint32 leg,
        LegKeys calldata keys,
        Offer calldata offer,
        Accept calldata accept,
        bytes calldata acceptSignature,
        Cut calldata cut,
        P256Signature calldata signature,
        Clause calldata taker,
        Delegated calldata delegated
    ) external {
        (uint8 role, bytes32 offered, bytes32 accepted) = _requireAccepted(leg, keys, offer, accept, cut.n, taker);
        address to = accept.party;
        _requireDelegated(to, accepted, acceptSignature, delegated, cut);
        bytes32 digest = Records.cutDigest(leg, offered, accepted, cut);
        _requireP256(digest, signature, keys.p256X, keys.p256Y);
        _transfer(leg, to, role, cut.n, offer.nextKeysHash, digest);
    }

    /// @inheritdoc IAgreementDelegations
    function confirmDelegatedLeg(
        uint32 leg,
        LegKeys calldata keys,
        bytes calldata keysSignature,
        LegKeys calldata keysBefore,
        Offer calldata offer,
        Accept calldata accept,
        bytes calldata acceptSignature,
        Clause calldata taker,
        Clause calldata general,
        DelegatedKeys calldata delegated
    ) external {
        _requireKeys(leg, keys);
        if (leg == 0) revert IAgreementCustody.AgreementAcceptNotAsAgreed();
        Begun memory begun = _legs[leg];
        bytes32 accepted = _requireSucceeds(leg, begun.keysHash, keysSignature, keysBefore, offer, accept, general);
        bytes32 terms = _termsHash();
        Delegations.requireHolds(delegated.delegation, terms, uint256(begun.beganAt) * MS_PER_S);
        Delegations.requireKeys(delegated.delegation, delegated.mlDsaKeyHash, delegated.slhDsaKey);
        bytes32 allowed = Delegations.digest(accept.party, delegated.delegation);
        _requirePostQuantum(_keyOfTaker(leg, terms, accept, taker), allowed, delegated.signature);
        _requirePostQuantum(delegated.slhDsaKey, accepted, acceptSignature);
        _confirmed[leg] = true;
        emit LegConfirmed(leg);
    }

    /// @inheritdoc IAgreementDisputes
    function resolve(bytes32 caseId) external {
        Case storage open = _cases[caseId];
        CaseState state = open.state;
        if (state != CaseState.Contested && state != CaseState.Claimed) {
            revert IAgreementClaims.AgreementCaseState(caseId, state);
        }
        if (block.timestamp <= open.openUntil) revert IAgreementClaims.AgreementWindow(open.openUntil);
        address challenger = open.challenger;
        uint256 bondWei;
        if (state == CaseState.Contested) {
            _charge(open, 0);
            bondWei = _close(open, CaseState.Void);
            emit CaseVoided(caseId);
        } else {
            open.provenAt = uint40(block.timestamp);
            bondWei = _close(open, CaseState.Proven);
            emit ClaimStood(caseId);
        }
        _pay(challenger, bondWei);
    }

    /// @inheritdoc IAgreementDisputes
    function withdrawCredit() external {
        uint256 amountWei = _credits[msg.sender];
        _credits[msg.sender] = 0;
        emit CreditWithdrawn(msg.sender, amountWei);
        bool isPaid = amountWei > 0;
        // solhint-disable-next-line avoid-low-level-calls
        if (isPaid) (isPaid,) = msg.sender.call{value: amountWei}("");
        if (!isPaid) revert AgreementCreditNotPaid(msg.sender, amountWei);
    }

    /// @inheritdoc IAgreementDisputes
    function contestBondWei(uint96 bondWei) public view returns (uint256) {
        return Math.max(bondWei, ANSWER_GAS * block.basefee);
    }

    /// @inheritdoc IAgreementDisputes
    function creditOf(address account) external view returns (uint256) {
        return _credits[account];
    }

    /// @inheritdoc IAgreementDisputes
    function postQuantumVerifier() external view returns (address) {
        return address(VERIFIER);
    }

    /// @inheritdoc IAgreementDisputes
    function anchorLog() external view returns (address) {
        return address(ANCHOR_LOG);
    }

    function _requireAnswerable(bytes32 caseId) private view returns (Case storage contested) {
        contested = _cases[caseId];
        CaseState state = contested.state;
        if (state != CaseState.Contested) revert IAgreementClaims.AgreementCaseState(caseId, state);
        if (block.timestamp > contested.openUntil) revert IAgreementClaims.AgreementWindow(contested.openUntil);
    }

    /// @dev Keys and custodian of the leg stand: the chain checked them when classical signatures could be believed, or they were confirmed.
    function _requireStanding(uint32 leg, uint64 classicalUntilMs) private view {
        bool isClassical = _legs[leg].beganAt * MS_PER_S < classicalUntilMs;
        if (!isClassical && !_confirmed[leg]) revert AgreementLegNotConfirmed(leg);
    }

    /// @dev A root carries no time: what has been witnessed tells which roots were there before a date.
    function _requireAnchoredInTime(General memory terms, uint64 anchorSeq, uint40 witnessedAt) private view {
        if (block.timestamp * MS_PER_S < terms.classicalUntilMs) return;
        bool isEarly = witnessedAt * MS_PER_S < terms.classicalUntilMs
            && anchorSeq < ANCHOR_LOG.witnessed(terms.anchorWriter, witnessedAt);
        if (!isEarly) revert AgreementAnchorTooLate();
    }

    /// @dev A seal that was verified once is known by its digest. Only the largest is remembered: it answers for all below it.
    function _requireSealed(uint32 leg, bytes32 slhDsaKey, Seal calldata seal, bytes calldata signature) private {
        bytes32 digest = Records.sealDigest(leg, seal);
        // forge-lint: disable-next-line(unsafe-typecast)
        bytes28 name = bytes28(digest);
        Sealed memory known = _seals[leg];
        if (known.digest == name) return;
        _requirePostQuantum(slhDsaKey, digest, signature);
        if (seal.n <= known.n) return;
        _seals[leg] = Sealed(seal.n, name);
        emit LegSealed(leg, seal.n, seal.root);
    }

    function _requirePostQuantum(bytes32 slhDsaKey, bytes32 digest, bytes calldata signature) private view {
        if (!VERIFIER.verify(slhDsaKey, digest, signature)) revert AgreementPostQuantumSignatureInvalid();
    }

    function _requireDelegated(
        address party,
        bytes32 accepted,
        bytes calldata acceptSignature,
        Delegated calldata delegated,
        Cut calldata cut
    ) private view {
        Delegations.requireHolds(delegated.delegation, _termsHash(), _utcMsAt(cut, delegated.head));
        bytes32 digest = Delegations.digest(party, delegated.delegation);
        if (!WalletSignature.isBy(party, digest, delegated.signature)) {
            revert AgreementDelegationSignatureInvalid(party);
        }
        address delegate = delegated.delegation.delegate;
        if (!WalletSignature.isBy(delegate, accepted, acceptSignature)) {
            revert IAgreementCustody.AgreementAcceptSignatureInvalid(delegate);
        }
    }

    /// @dev Base time of the envelope before the cut, which signs its digest; where there is none, no time but the chain's is known.
    function _utcMsAt(Cut calldata cut, bytes calldata header) private view returns (uint256) {
        if (cut.n == 0) return block.timestamp * 1000;
        EnvelopeCodec.requireHeader(header);
        if (EnvelopeCodec.digest(header) != cut.head) revert AgreementCutNotAtEnvelope();
        if (EnvelopeCodec.clockStateOf(header) == 0) revert IAgreementClaims.AgreementClockUnset();
        return EnvelopeCodec.baseUtcMsOf(header);
    }

    /// @dev The leg before stands, and signed the keys of this one, which its offer names.
    /// @return Digest of the Accept of that offer.
    function _requireSucceeds(
        uint32 leg,
        bytes32 keysHash,
        bytes calldata keysSignature,
        LegKeys calldata keysBefore,
        Offer calldata offer,
        Accept calldata accept,
        Clause calldata general
    ) private view returns (bytes32) {
        bytes32 terms = _termsHash();
        _requireKeys(leg - 1, keysBefore);
        _requireStanding(leg - 1, Clauses.general(terms, general).classicalUntilMs);
        _requirePostQuantum(keysBefore.slhDsaKey, keysHash, keysSignature);
        if (offer.nextKeysHash != keysHash) revert IAgreementCustody.AgreementKeysNotOfLeg(leg);
        return _acceptDigest(terms, Records.offerDigest(leg - 1, offer), accept);
    }

    function _keyOfTaker(uint32 leg, bytes32 terms, Accept calldata accept, Clause calldata taker)
        private
        view
        returns (bytes32)
    {
        Party memory listed = Clauses.party(terms, taker);
        bool isAsAgreed = accept.party == _legs[leg].custodian && accept.party == listed.wallet
            && accept.amount == listed.amount && accept.penaltyMax == listed.penaltyCap;
        if (!isAsAgreed) revert IAgreementCustody.AgreementAcceptNotAsAgreed();
        return listed.slhDsaKey;
    }

    function _uphold(bytes32 caseId, Case storage contested) private {
        uint256 bondWei = _close(contested, CaseState.Upheld);
        emit CaseUpheld(caseId, msg.sender);
        _pay(msg.sender, bondWei);
    }

    /// @return bondWei What was put up, to be paid when all else is done.
    function _close(Case storage open, CaseState state) private returns (uint256 bondWei) {
        bondWei = open.bondWei;
        (open.state, open.openUntil, open.challenger, open.bondWei) = (state, 0, address(0), 0);
        --_status.openDisputes;
        _status.lastClaimAt = uint40(block.timestamp);
    }
}
