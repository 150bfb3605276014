// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Accept, ManualCut} from "../../src/interfaces/IAgreementCustody.sol";
import {IAgreement} from "../../src/interfaces/IAgreement.sol";
import {IAgreementFactory} from "../../src/interfaces/IAgreementFactory.sol";
import {IAnchorLog} from "../../src/interfaces/IAnchorLog.sol";
import {ICollateralEscrow} from "../../src/interfaces/ICollateralEscrow.sol";
import {IPostedPriceFeed} from "../../src/interfaces/IPostedPriceFeed.sol";
import {Clause, Heading} from "../../src/libraries/Clauses.sol";
import {Disclosure} from "../../src/libraries/EnvelopeCodec.sol";
import {Cut, LegKeys, Offer, P256Signature} from "../../src/libraries/Records.sol";
import {DeviceRecords} from "./DeviceRecords.sol";
import {vm} from "./Vm.sol";

/// @title A shipment from payee over carrier to payer
/// @notice Calls are structs, so that a test alters one field and sees what refuses it.
abstract contract ShipmentFixture is DeviceRecords {
    struct StartCall {
        LegKeys keys;
        P256Signature signature;
        Clause device;
        Heading heading;
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

    struct ManualCutCall {
        uint32 leg;
        ManualCut cut;
        bytes fromSignature;
        bytes toSignature;
        Clause taker;
    }

    struct TenderCall {
        uint32 leg;
        LegKeys keys;
        Offer offer;
        P256Signature signature;
        Clause tender;
        Disclosure latitude;
        Disclosure longitude;
    }

    struct ProofCall {
        uint32 leg;
        LegKeys keys;
        Clause limit;
        Disclosure[] run;
        uint256 position;
        uint16 index;
        P256Signature signature;
    }

    /// @dev USD per ether, in the feed's 8 decimals.
    uint128 internal constant PRICE = 3000e8;

    IAgreementFactory internal factory;
    IAnchorLog internal anchorLog;
    IPostedPriceFeed internal priceFeed;
    ICollateralEscrow internal escrow;

    function setUp() public virtual {
        _deploy();
        _sampleTerms();
        agreement = IAgreement(_create(PAYER_KEY, PAYEE_KEY));
    }

    /// @dev Factory and escrow, without terms or agreement.
    function _deploy() internal {
        vm.warp(BEGIN);
        factory = _newFactory();
        priceFeed = _newPriceFeed();
        escrow = _newEscrow(vm.addr(PAYER_KEY), address(factory));
        token = escrow.token();
    }

    function _newFactory() internal returns (IAgreementFactory) {
        bytes memory parts = abi.encode(_newClaims(), _newDisputes(), _newPayout());
        return IAgreementFactory(vm.deployCode("AgreementFactory.sol:AgreementFactory", parts));
    }

    function _newClaims() internal virtual returns (address) {
        return vm.deployCode("AgreementClaims.sol:AgreementClaims");
    }

    function _newDisputes() internal virtual returns (address) {
        anchorLog = IAnchorLog(vm.deployCode("AnchorLog.sol:AnchorLog"));
        return vm.deployCode("AgreementDisputes.sol:AgreementDisputes", abi.encode(_newVerifier(), anchorLog));
    }

    function _newPayout() internal virtual returns (address) {
        return vm.deployCode("AgreementPayout.sol:AgreementPayout");
    }

    /// @dev The verifier of post-quantum signatures.
    function _newVerifier() internal virtual returns (address) {
        return vm.deployCode("SlhDsaVerifier.sol:SlhDsaVerifier");
    }

    /// @dev The test itself publishes.
    function _newPriceFeed() internal returns (IPostedPriceFeed feed) {
        feed = IPostedPriceFeed(
            vm.deployCode("PostedPriceFeed.sol:PostedPriceFeed", abi.encode(address(this), uint8(8), "ETH / USD"))
        );
        feed.post(PRICE);
    }

    /// @dev An escrow with ether for every agreement of these tests; its price never becomes stale.
    function _newEscrow(address organisation, address itsFactory) internal virtual returns (ICollateralEscrow) {
        address made = vm.deployCode(
            "CollateralEscrow.sol:CollateralEscrow",
            abi.encode(organisation, itsFactory, address(priceFeed), 100_000 days)
        );
        vm.deal(made, 1000 ether);
        return ICollateralEscrow(made);
    }

    // Agreement

    function _create(uint256 payerKey, uint256 payeeKey) internal returns (address) {
        (address payer, address payee) = (vm.addr(payerKey), vm.addr(payeeKey));
        bytes32 digest = _agreementDigest(address(factory), payer, payee);
        return factory.create(
            termsHash, payer, payee, _signWallet(payerKey, digest), _signWallet(payeeKey, digest), _clause(GENERAL)
        );
    }

    function _agreementDigest(address verifier, address payer, address payee) internal view returns (bytes32) {
        bytes32 typehash = keccak256("Agreement(bytes32 termsHash,address payer,address payee)");
        return _typedDigest(verifier, keccak256(abi.encode(typehash, termsHash, payer, payee)));
    }

    function _startCall() internal view returns (StartCall memory call) {
        call.keys = _legKeys(0);
        call.signature = _signP256(DEVICE_KEY, _keysHash(0, call.keys));
        (call.device, call.heading) = (_clause(DEVICE), _heading(PARTIES));
    }

    function _start(StartCall memory call) internal {
        agreement.start(call.keys, call.signature, call.device, call.heading);
    }

    // Cuts

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

    function _acceptDigest(address verifier, bytes32 offered, Accept memory accept) internal view returns (bytes32) {
        bytes32 typehash = keccak256(
            "Accept(bytes32 offerDigest,address party,bytes32 termsHash,uint256 amount,uint256 penaltyMax,bytes32 reservationsHash)"
        );
        bytes memory head = abi.encode(typehash, offered, accept.party, termsHash);
        bytes memory tail = abi.encode(accept.amount, accept.penaltyMax, accept.reservationsHash);
        return _typedDigest(verifier, keccak256(bytes.concat(head, tail)));
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

    /// @dev The handover of `leg` after `n` envelopes without a device, from one key's account to the party at `taker`.
    function _manualCutCall(uint32 leg, uint32 n, uint256 fromKey, uint256 taker, uint256 takerKey)
        internal
        view
        returns (ManualCutCall memory call)
    {
        bool isPayer = taker == PAYER;
        (uint256 amount, uint256 cap) = isPayer ? (0, 0) : (AMOUNT, PENALTY_CAP);
        bytes32 nextKeysHash = _keysHash(leg + 1, _legKeys(leg + 1));
        call.leg = leg;
        call.cut = ManualCut(n, BEGIN_MS, vm.addr(takerKey), nextKeysHash, amount, cap, "device drowned");
        call.taker = _clause(taker);
        _signManualCut(call, fromKey, takerKey);
    }

    /// @dev Signs what the call says now.
    function _signManualCut(ManualCutCall memory call, uint256 fromKey, uint256 takerKey) internal view {
        bytes32 digest = _manualCutDigest(address(agreement), call.leg, call.cut);
        (call.fromSignature, call.toSignature) = (_signWallet(fromKey, digest), _signWallet(takerKey, digest));
    }

    function _manualCutDigest(address verifier, uint32 leg, ManualCut memory cut) internal view returns (bytes32) {
        bytes32 typehash = keccak256(
            "ManualCut(bytes32 termsHash,uint32 leg,uint32 n,uint64 timeMs,address to,bytes32 nextKeysHash,uint256 amount,uint256 penaltyMax,bytes32 reasonsHash)"
        );
        bytes memory head = abi.encode(typehash, termsHash, leg, cut.n, cut.timeMs, cut.to);
        bytes memory tail = abi.encode(cut.nextKeysHash, cut.amount, cut.penaltyMax, cut.reasonsHash);
        return _typedDigest(verifier, keccak256(bytes.concat(head, tail)));
    }

    function _recordManualCut(ManualCutCall memory call) internal {
        agreement.recordManualCut(call.leg, call.cut, call.fromSignature, call.toSignature, call.taker);
    }

    // Tenders

    /// @dev The offer of `leg` after `m` envelopes, the last of which ends in the middle of the destination.
    function _tenderCall(uint32 leg, uint32 m) internal view returns (TenderCall memory call) {
        return _tenderCall(_located(leg, m - 1, "previous", _values(435_050_000), _values(-79_850_000)));
    }

    /// @dev The offer that follows `last`.
    function _tenderCall(Envelope memory last) internal view returns (TenderCall memory call) {
        (call.leg, call.keys, call.tender) = (last.leg, _legKeys(last.leg), _clause(TENDER));
        (call.latitude, call.longitude) = (_disclose(last, LATITUDE), _disclose(last, LONGITUDE));
        bytes32 nextKeysHash = _keysHash(last.leg + 1, _legKeys(last.leg + 1));
        call.offer = Offer(keccak256("device"), last.seq + 1, _digest(call.latitude), nextKeysHash, "nonce", 5);
        call.signature = _signP256(_legKey(last.leg), _offerDigest(last.leg, call.offer));
    }

    function _recordTender(TenderCall memory call) internal {
        agreement.recordTender(
            call.leg, call.keys, call.offer, call.signature, call.tender, call.latitude, call.longitude
        );
    }

    function _refusalDigest(address verifier, uint32 leg, bytes32 reasonsHash) internal view returns (bytes32) {
        bytes32 typehash = keccak256("TenderRefusal(bytes32 termsHash,uint32 leg,bytes32 reasonsHash)");
        return _typedDigest(verifier, keccak256(abi.encode(typehash, termsHash, leg, reasonsHash)));
    }

    // Violations

    /// @dev The proof that in the last envelope of a run of `leg` the first reading outside is at `index`.
    function _proofCall(uint32 leg, uint256 limit, Disclosure[] memory run, uint16 index)
        internal
        view
        returns (ProofCall memory call)
    {
        call = ProofCall(leg, _legKeys(leg), _clause(limit), run, run.length - 1, index, P256Signature(0, 0));
        call.signature = _signP256(_legKey(leg), _digest(run[run.length - 1]));
    }

    function _prove(ProofCall memory call) internal {
        agreement.proveViolation(call.leg, call.keys, call.limit, call.run, call.position, call.index, call.signature);
    }
}
