// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Accept} from "../../src/interfaces/IAgreementCustody.sol";
import {Case, CaseState} from "../../src/interfaces/IAgreementClaims.sol";
import {Clause} from "../../src/libraries/Clauses.sol";
import {Disclosure} from "../../src/libraries/EnvelopeCodec.sol";
import {LegKeys, Offer, Seal} from "../../src/libraries/Records.sol";
import {MerkleReference} from "./MerkleReference.sol";
import {ShipmentFixture} from "./ShipmentFixture.sol";
import {VerifierStandIn, standInSignature} from "./VerifierStandIn.sol";
import {vm} from "./Vm.sol";

/// @title Cases of a shipment under way, and what can be said to them
/// @notice The payee held leg 0 of 20 envelopes, the carrier holds leg 1. What each envelope of a leg is called is made up, but for those that are
/// evidence of a case.
abstract contract DisputeFixture is ShipmentFixture {
    struct SealAnswer {
        bytes32 caseId;
        LegKeys keys;
        Seal seal;
        bytes signature;
        bytes32[] proof;
        Clause general;
    }

    struct AnchorAnswer {
        bytes32 caseId;
        uint64 anchorSeq;
        uint256 index;
        uint256 size;
        bytes32[] proof;
        uint40 witnessedAt;
        Clause general;
    }

    struct Confirmation {
        uint32 leg;
        LegKeys keys;
        bytes keysSignature;
        Clause signer;
        LegKeys keysBefore;
        Offer offer;
        Accept accept;
        bytes acceptSignature;
        Clause taker;
        Clause general;
    }

    uint256 internal constant CONTEST_S = 7 days;
    uint256 internal constant ANSWER_S = 5 days;
    uint256 internal constant BOND_WEI = 0.01 ether;
    uint256 internal constant CLASSICAL_UNTIL = BEGIN + 1000 days;
    address internal constant ANSWERER = address(0xA115);
    address internal constant ANCHOR_WRITER = address(0xA7C4);

    address internal payee;
    address internal carrier;
    mapping(uint32 leg => mapping(uint32 seq => bytes32)) private _evidence;

    function setUp() public virtual override {
        super.setUp();
        (payee, carrier) = (vm.addr(PAYEE_KEY), vm.addr(CARRIER_KEY));
        vm.deal(payee, 100 ether);
        vm.deal(carrier, 100 ether);
        _begin();
    }

    /// @dev Brings the shipment under way.
    function _begin() internal virtual {
        _start(_startCall());
        _recordCut(_cutCall(0, 20, CARRIER, CARRIER_KEY));
    }

    function _newVerifier() internal virtual override returns (address) {
        return address(new VerifierStandIn());
    }

    function _signSlhDsa(bytes32 key, bytes32 digest) internal pure returns (bytes memory) {
        return standInSignature(key, digest);
    }

    // Cases

    /// @dev An excursion in envelope `seq` of a leg, proven.
    function _proven(uint32 leg, uint32 seq) internal returns (bytes32 caseId) {
        _prove(_proofCall(leg, ABOVE_40, _alone(_excursion(leg, seq)), 1));
        return _caseId(leg, ABOVE_40_ID, seq, 1);
    }

    /// @dev The envelope with that excursion, less than a step, which from now on is the one of its number.
    function _excursion(uint32 leg, uint32 seq) internal returns (Disclosure memory shown) {
        shown = _envelope(leg, seq, "before", _values(39_000, 40_500));
        _evidence[leg][seq] = _digest(shown);
    }

    /// @dev The same, contested by the custodian of the leg.
    function _contested(uint32 leg, uint32 seq) internal returns (bytes32 caseId) {
        caseId = _proven(leg, seq);
        _contest(caseId, agreement.custodianOf(leg), agreement.contestBondWei(uint96(BOND_WEI)));
    }

    function _contest(bytes32 caseId, address caller, uint256 bondWei) internal {
        Clause memory windows = _clause(WINDOWS);
        vm.prank(caller);
        agreement.contest{value: bondWei}(caseId, windows);
    }

    function _requireCase(bytes32 caseId, CaseState state, uint256 penalty, uint256 bondWei) internal view {
        Case memory found = agreement.caseOf(caseId);
        vm.assertTrue(found.state == state, "state");
        vm.assertEq(found.penalty, penalty, "penalty");
        vm.assertEq(found.bondWei, bondWei, "bond");
        vm.assertEq(address(agreement).balance, bondWei, "held");
        vm.assertTrue((found.challenger != address(0)) == (bondWei > 0), "challenger");
        vm.assertTrue((found.openUntil != 0) == (bondWei > 0), "open");
    }

    // Answers

    /// @dev With the seal of the case's leg over `n` envelopes.
    function _sealAnswer(bytes32 caseId, uint32 n) internal view returns (SealAnswer memory answer) {
        Case memory found = agreement.caseOf(caseId);
        answer.caseId = caseId;
        answer.keys = _legKeys(found.leg);
        answer.seal = _sealOf(found.leg, n);
        answer.signature = _signSlhDsa(answer.keys.slhDsaKey, _sealDigest(found.leg, answer.seal));
        answer.proof = MerkleReference.proof(_digestsOf(found.leg, n), found.seq);
        answer.general = _clause(GENERAL);
    }

    function _sealOf(uint32 leg, uint32 n) internal view returns (Seal memory) {
        bytes32[] memory digests = _digestsOf(leg, n);
        return Seal(n, MerkleReference.root(digests), digests[n - 1]);
    }

    function _answer(SealAnswer memory answer) internal {
        vm.prank(ANSWERER);
        agreement.answerWithSeal(
            answer.caseId, answer.keys, answer.seal, answer.signature, answer.proof, answer.general
        );
    }

    /// @dev With the anchor that `_anchor` made, number `anchorSeq` over `size` envelopes of the case's leg.
    function _anchorAnswer(bytes32 caseId, uint64 anchorSeq, uint64 size)
        internal
        view
        returns (AnchorAnswer memory answer)
    {
        Case memory found = agreement.caseOf(caseId);
        (answer.caseId, answer.anchorSeq) = (caseId, anchorSeq);
        (answer.index, answer.size) = (found.seq, size);
        answer.proof = MerkleReference.proof(_digestsOf(found.leg, size), found.seq);
        answer.general = _clause(GENERAL);
    }

    /// @dev Anchors the first `size` envelopes of a leg.
    function _anchor(address writer, uint64 anchorSeq, uint32 leg, uint64 size) internal {
        bytes32 root = MerkleReference.root(_digestsOf(leg, size));
        vm.prank(writer);
        anchorLog.anchor(anchorSeq, root, size);
    }

    function _answer(AnchorAnswer memory answer) internal {
        vm.prank(ANSWERER);
        agreement.answerWithAnchor(
            answer.caseId, answer.anchorSeq, answer.index, answer.size, answer.proof, answer.witnessedAt, answer.general
        );
    }

    function _digestsOf(uint32 leg, uint256 n) internal view returns (bytes32[] memory digests) {
        digests = new bytes32[](n);
        for (uint32 seq = 0; seq < n; ++seq) {
            digests[seq] = _evidence[leg][seq];
            if (digests[seq] == 0) digests[seq] = keccak256(abi.encode("envelope", leg, seq));
        }
    }

    // Confirmations

    /// @dev Of leg 0, by the device.
    function _confirmationOfFirst() internal view returns (Confirmation memory call) {
        call.keys = _legKeys(0);
        call.keysSignature = _signSlhDsa("slh", _keysHash(0, call.keys));
        (call.signer, call.general) = (_clause(DEVICE), _clause(GENERAL));
    }

    /// @dev Of the leg that a cut began, by the leg before and the party at `taker`, whose index is `index`.
    function _confirmationOf(CutCall memory cut, uint256 taker, uint8 index)
        internal
        view
        returns (Confirmation memory call)
    {
        call.leg = cut.leg + 1;
        (call.keys, call.keysBefore) = (_legKeys(call.leg), cut.keys);
        (call.offer, call.accept) = (cut.offer, cut.accept);
        (call.taker, call.general) = (_clause(taker), _clause(GENERAL));
        _signConfirmation(call, index);
    }

    /// @dev Signs what the call says now.
    function _signConfirmation(Confirmation memory call, uint8 index) internal view {
        call.keysSignature = _signSlhDsa(call.keysBefore.slhDsaKey, _keysHash(call.leg, call.keys));
        bytes32 accepted = _acceptDigest(address(agreement), _offerDigest(call.leg - 1, call.offer), call.accept);
        call.acceptSignature = _signSlhDsa(_partySlhDsaKey(index), accepted);
    }

    function _confirm(Confirmation memory call) internal {
        agreement.confirmLeg(
            call.leg,
            call.keys,
            call.keysSignature,
            call.signer,
            call.keysBefore,
            call.offer,
            call.accept,
            call.acceptSignature,
            call.taker,
            call.general
        );
    }
}
