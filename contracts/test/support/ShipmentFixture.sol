// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Accept, IAgreement} from "../../src/interfaces/IAgreement.sol";
import {IAgreementFactory} from "../../src/interfaces/IAgreementFactory.sol";
import {Clause} from "../../src/libraries/Clauses.sol";
import {Disclosure} from "../../src/libraries/EnvelopeCodec.sol";
import {Cut, LegKeys, Offer, P256Signature} from "../../src/libraries/Records.sol";
import {MerkleReference} from "./MerkleReference.sol";
import {vm} from "./Vm.sol";

/// @title A shipment from payee over carrier to payer, with every record encoded here anew
/// @notice Calls are structs, so that a test alters one field and sees what refuses it.
abstract contract ShipmentFixture {
    struct StartCall {
        LegKeys keys;
        P256Signature signature;
        Clause device;
        Clause payer;
        Clause payee;
    }

    struct CutCall {
        uint32 leg;
        LegKeys keys;
        Offer offer;
        Accept accept;
        bytes acceptSignature;
        Cut cut;
        P256Signature signature;
        Clause taker;
    }

    struct ProofCall {
        uint32 leg;
        LegKeys keys;
        Clause limit;
        Disclosure[] run;
        uint16 index;
        P256Signature signature;
    }

    /// @dev Places of the clauses in the terms of `_sampleTerms`.
    uint256 internal constant PAYER = 0;
    uint256 internal constant PAYEE = 1;
    uint256 internal constant CARRIER = 2;
    uint256 internal constant DEVICE = 3;
    uint256 internal constant ABOVE_40 = 4;
    uint256 internal constant BELOW_2 = 5;

    uint256 internal constant PAYER_KEY = 0xA1;
    uint256 internal constant PAYEE_KEY = 0xA2;
    uint256 internal constant CARRIER_KEY = 0xA3;
    uint256 internal constant STRANGER_KEY = 0xA4;
    uint256 internal constant DEVICE_KEY = 0xD0;

    uint256 internal constant AMOUNT = 50 ether;
    uint256 internal constant PENALTY_CAP = 30 ether;
    uint256 internal constant PENALTY = 10 ether;
    int32 internal constant MISSING = type(int32).min;

    uint256 private constant P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551;

    IAgreementFactory internal factory;
    IAgreement internal agreement;
    bytes32 internal termsHash;
    Clause[] private _terms;

    function setUp() public virtual {
        vm.warp(1_800_000_000);
        factory = _newFactory();
        _sampleTerms();
        agreement = IAgreement(_create(PAYER_KEY, PAYEE_KEY));
    }

    function _newFactory() internal returns (IAgreementFactory) {
        return IAgreementFactory(vm.deployCode("AgreementFactory.sol:AgreementFactory"));
    }

    // Terms

    function _sampleTerms() internal {
        _add(2, abi.encode(uint8(0), uint8(1), "factory", vm.addr(PAYER_KEY), bytes32("ml"), bytes32("slh"), 0, 0));
        _add(2, _partyBody(1, 2, "supplier", PAYEE_KEY));
        _add(2, _partyBody(2, 3, "a carrier whose name is longer than one word", CARRIER_KEY));
        (uint256 x, uint256 y) = vm.publicKeyP256(DEVICE_KEY);
        _add(3, abi.encode(keccak256("device"), x, y, bytes32("ml"), bytes32("slh"), address(1), uint8(1)));
        _add(4, abi.encode(uint16(1), uint8(0), uint8(1), int32(40_000), PENALTY, vm.addr(PAYER_KEY)));
        _add(4, abi.encode(uint16(2), uint8(0), uint8(2), int32(2000), PENALTY, vm.addr(PAYER_KEY)));
        _add(5, abi.encode(uint64(1_900_000_000_000)));
        termsHash = MerkleReference.root(_clauseHashes());
    }

    function _partyBody(uint8 index, uint8 role, string memory name, uint256 key) internal pure returns (bytes memory) {
        return abi.encode(index, role, name, vm.addr(key), bytes32("ml"), bytes32("slh"), AMOUNT, PENALTY_CAP);
    }

    function _add(uint16 kind, bytes memory body) internal {
        _terms.push(Clause(kind, keccak256(abi.encode(_terms.length)), body, 0, 0, new bytes32[](0)));
    }

    function _clause(uint256 index) internal view returns (Clause memory clause) {
        clause = _terms[index];
        clause.index = index;
        clause.size = _terms.length;
        clause.proof = MerkleReference.proof(_clauseHashes(), index);
    }

    function _clauseHashes() internal view returns (bytes32[] memory hashes) {
        hashes = new bytes32[](_terms.length);
        for (uint256 i = 0; i < hashes.length; ++i) {
            Clause memory clause = _terms[i];
            hashes[i] = sha256(abi.encodePacked(bytes16("consign.clause"), clause.salt, clause.kind, clause.body));
        }
    }

    // Signatures

    function _create(uint256 payerKey, uint256 payeeKey) internal returns (address) {
        (address payer, address payee) = (vm.addr(payerKey), vm.addr(payeeKey));
        bytes32 digest = _agreementDigest(address(factory), payer, payee);
        return factory.create(termsHash, payer, payee, _signWallet(payerKey, digest), _signWallet(payeeKey, digest));
    }

    function _agreementDigest(address verifier, address payer, address payee) internal view returns (bytes32) {
        bytes32 typehash = keccak256("Agreement(bytes32 termsHash,address payer,address payee)");
        return _typedDigest(verifier, keccak256(abi.encode(typehash, termsHash, payer, payee)));
    }

    function _acceptDigest(address verifier, bytes32 offered, Accept memory accept) internal view returns (bytes32) {
        bytes32 typehash = keccak256(
            "Accept(bytes32 offerDigest,address party,bytes32 termsHash,uint256 amount,uint256 penaltyMax,bytes32 reservationsHash)"
        );
        return _typedDigest(
            verifier,
            keccak256(
                abi.encode(
                    typehash,
                    offered,
                    accept.party,
                    termsHash,
                    accept.amount,
                    accept.penaltyMax,
                    accept.reservationsHash
                )
            )
        );
    }

    function _typedDigest(address verifier, bytes32 structHash) internal view returns (bytes32) {
        bytes32 typehash =
            keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
        bytes32 domain = keccak256(abi.encode(typehash, keccak256("Consign"), keccak256("1"), block.chainid, verifier));
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }

    function _signWallet(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    function _signP256(uint256 key, bytes32 digest) internal pure returns (P256Signature memory) {
        (bytes32 r, bytes32 s) = vm.signP256(key, digest);
        return uint256(s) > P256_ORDER / 2 ? P256Signature(r, _otherS(s)) : P256Signature(r, s);
    }

    /// @dev The s of the second signature that verifies as well, unless high values are refused.
    function _otherS(bytes32 s) internal pure returns (bytes32) {
        return bytes32(P256_ORDER - uint256(s));
    }

    // Device records

    function _legKey(uint32 leg) internal pure returns (uint256) {
        return 0x1000 + uint256(leg);
    }

    function _legKeys(uint32 leg) internal pure returns (LegKeys memory) {
        (uint256 x, uint256 y) = vm.publicKeyP256(_legKey(leg));
        return LegKeys(bytes32(x), bytes32(y), keccak256(abi.encode("ml", leg)), keccak256(abi.encode("slh", leg)));
    }

    function _keysHash(uint32 leg, LegKeys memory keys) internal view returns (bytes32) {
        return sha256(
            abi.encodePacked(_prefix("consign.legkeys", leg), keys.p256X, keys.p256Y, keys.mlDsaKeyHash, keys.slhDsaKey)
        );
    }

    function _offerDigest(uint32 leg, Offer memory offer) internal view returns (bytes32) {
        return sha256(
            abi.encodePacked(
                _prefix("consign.offer", leg),
                offer.device,
                offer.m,
                offer.head,
                offer.nextKeysHash,
                offer.nonce,
                offer.ttlEnvelopes
            )
        );
    }

    function _cutDigest(uint32 leg, bytes32 offered, bytes32 accepted, Cut memory cut) internal view returns (bytes32) {
        return sha256(abi.encodePacked(_prefix("consign.cut", leg), offered, accepted, cut.n, cut.head, cut.root));
    }

    function _prefix(bytes16 tag, uint32 leg) private view returns (bytes memory) {
        return abi.encodePacked(tag, uint8(1), uint64(block.chainid), address(agreement), leg);
    }

    // Envelopes

    /// @dev An envelope that measured temperature (`values`) and humidity.
    function _envelope(uint32 leg, uint32 seq, bytes32 previous, int32[] memory values)
        internal
        view
        returns (Disclosure memory shown)
    {
        for (uint256 i = 0; i < values.length; ++i) {
            shown.column = abi.encodePacked(shown.column, values[i]);
        }
        shown.columnSalt = keccak256(abi.encode("salt", leg, seq));
        shown.hashes = new bytes32[](3);
        shown.hashes[0] = keccak256("times");
        shown.hashes[1] = sha256(abi.encodePacked(shown.columnSalt, shown.column));
        shown.hashes[2] = keccak256("humidity");
        shown.header = _header(leg, seq, 3, uint16(values.length), sha256(abi.encodePacked(shown.hashes)), previous);
    }

    /// @dev An envelope without a column of temperature: humidity only, or a heartbeat.
    function _silentEnvelope(uint32 leg, uint32 seq, bytes32 previous, uint16 count)
        internal
        view
        returns (Disclosure memory shown)
    {
        shown.hashes = new bytes32[](count == 0 ? 1 : 2);
        shown.hashes[0] = keccak256("times");
        if (count > 0) shown.hashes[1] = keccak256("humidity");
        bytes32 bodyHash = sha256(abi.encodePacked(shown.hashes));
        shown.header = _header(leg, seq, count == 0 ? 0 : 2, count, bodyHash, previous);
    }

    function _header(uint32 leg, uint32 seq, uint32 mask, uint16 count, bytes32 bodyHash, bytes32 previous)
        internal
        view
        returns (bytes memory)
    {
        return abi.encodePacked(
            hex"01010000",
            mask,
            uint64(block.chainid),
            address(agreement),
            leg,
            seq,
            bytes16("boot"),
            uint64(1000),
            uint64(1_800_000_000_000),
            hex"0100",
            count,
            bodyHash,
            previous
        );
    }

    function _digest(Disclosure memory shown) internal pure returns (bytes32) {
        return sha256(abi.encodePacked("consign.envelope", shown.header));
    }

    // Calls

    function _startCall() internal view returns (StartCall memory) {
        LegKeys memory keys = _legKeys(0);
        return
            StartCall(keys, _signP256(DEVICE_KEY, _keysHash(0, keys)), _clause(DEVICE), _clause(PAYER), _clause(PAYEE));
    }

    function _start(StartCall memory call) internal {
        agreement.start(call.keys, call.signature, call.device, call.payer, call.payee);
    }

    /// @dev The cut of `leg` after `n` envelopes, in favour of the party at `taker`.
    function _cutCall(uint32 leg, uint32 n, uint256 taker, uint256 takerKey)
        internal
        view
        returns (CutCall memory call)
    {
        call.leg = leg;
        call.keys = _legKeys(leg);
        call.offer = Offer(keccak256("device"), n, "head", _keysHash(leg + 1, _legKeys(leg + 1)), "nonce", 5);
        bool isPayer = taker == PAYER;
        call.accept = Accept(vm.addr(takerKey), isPayer ? 0 : AMOUNT, isPayer ? 0 : PENALTY_CAP, "dented");
        call.cut = Cut(n, "head", "root");
        call.taker = _clause(taker);
        _signCut(call, takerKey);
    }

    /// @dev Signs what the call says now: the taker the accept, the leg the cut.
    function _signCut(CutCall memory call, uint256 takerKey) internal view {
        bytes32 accepted = _acceptDigest(address(agreement), _offerDigest(call.leg, call.offer), call.accept);
        call.acceptSignature = _signWallet(takerKey, accepted);
        call.signature = _signP256(_legKey(call.leg), _cutDigestOf(call));
    }

    function _cutDigestOf(CutCall memory call) internal view returns (bytes32) {
        bytes32 offered = _offerDigest(call.leg, call.offer);
        return _cutDigest(call.leg, offered, _acceptDigest(address(agreement), offered, call.accept), call.cut);
    }

    function _recordCut(CutCall memory call) internal {
        agreement.recordCut(
            call.leg, call.keys, call.offer, call.accept, call.acceptSignature, call.cut, call.signature, call.taker
        );
    }

    /// @dev The proof that a run of `leg` ends with the first reading outside at `index`.
    function _proofCall(uint32 leg, uint256 limit, Disclosure[] memory run, uint16 index)
        internal
        view
        returns (ProofCall memory call)
    {
        call = ProofCall(leg, _legKeys(leg), _clause(limit), run, index, P256Signature(0, 0));
        call.signature = _signP256(_legKey(leg), _digest(run[run.length - 1]));
    }

    function _prove(ProofCall memory call) internal {
        agreement.proveViolation(call.leg, call.keys, call.limit, call.run, call.index, call.signature);
    }

    // Short forms

    function _alone(Disclosure memory shown) internal pure returns (Disclosure[] memory run) {
        run = new Disclosure[](1);
        run[0] = shown;
    }

    function _values(int32 first) internal pure returns (int32[] memory values) {
        values = new int32[](1);
        values[0] = first;
    }

    function _values(int32 first, int32 second) internal pure returns (int32[] memory values) {
        values = new int32[](2);
        (values[0], values[1]) = (first, second);
    }

    function _values(int32 first, int32 second, int32 third) internal pure returns (int32[] memory values) {
        values = new int32[](3);
        (values[0], values[1], values[2]) = (first, second, third);
    }
}
