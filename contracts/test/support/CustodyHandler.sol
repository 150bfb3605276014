// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAgreement} from "../../src/interfaces/IAgreement.sol";
import {IAgreementCustody, Leg, Phase, Tender} from "../../src/interfaces/IAgreementCustody.sol";
import {ShipmentFixture} from "./ShipmentFixture.sol";
import {vm} from "./Vm.sol";

/// @title Everything that moves goods, in any order: what is sound, what is of another leg, and what was sent before
/// @notice Keeps what each step should have done, to compare it with what the agreement says.
contract CustodyHandler is ShipmentFixture {
    uint32 private constant LEGS_MAX = 12;

    /// @dev What must be known of each leg; the last one is open.
    Leg[] private _expected;
    bytes[] private _sent;
    /// @dev Tenders that stand, by leg.
    mapping(uint32 leg => bool) private _tendered;
    Phase public expectedPhase;

    uint256 public cuts;
    uint256 public manualCuts;
    uint256 public tenders;
    uint256 public refusals;
    uint256 public deliveriesByTender;
    uint256 public deliveries;
    uint256 public losses;
    uint256 public replays;

    /// @dev The device's cut of any leg up to the one after the open one.
    function cut(uint8 legSeed, uint8 takerSeed, uint32 n) external {
        if (_expected.length > LEGS_MAX) return;
        (uint32 leg, uint256 taker) = (_anyLeg(legSeed), PAYER + takerSeed % PARTIES);
        CutCall memory call = _cutCall(leg, n, taker, _keyOf(taker));
        bytes memory input = abi.encodeCall(
            IAgreementCustody.recordCut,
            (call.leg, call.keys, call.offer, call.accept, call.acceptSignature, call.cut, call.signature, call.taker)
        );
        if (!_send(input, _isOpen(leg))) return;
        ++cuts;
        _pass(taker, n, call.offer.nextKeysHash);
    }

    /// @dev A cut that two custodians signed; the first may not be the leg's.
    function cutByHand(uint8 legSeed, uint8 fromSeed, uint8 takerSeed, uint32 n) external {
        if (_expected.length > LEGS_MAX) return;
        (uint32 leg, uint256 from, uint256 taker) =
            (_anyLeg(legSeed), PAYER + fromSeed % PARTIES, PAYER + takerSeed % PARTIES);
        ManualCutCall memory call = _manualCutCall(leg, n, _keyOf(from), taker, _keyOf(taker));
        bytes memory input = abi.encodeCall(
            IAgreementCustody.recordManualCut, (call.leg, call.cut, call.fromSignature, call.toSignature, call.taker)
        );
        bool isSound = _isOpen(leg) && _expected[leg].custodian == vm.addr(_keyOf(from)) && from != taker;
        if (!_send(input, isSound)) return;
        ++manualCuts;
        _pass(taker, n, call.cut.nextKeysHash);
    }

    function tender(uint8 legSeed, uint8 m) external {
        uint32 leg = _anyLeg(legSeed);
        TenderCall memory call = _tenderCall(leg, uint32(m) + 1);
        bytes memory input = abi.encodeCall(
            IAgreementCustody.recordTender,
            (call.leg, call.keys, call.offer, call.signature, call.tender, call.latitude, call.longitude)
        );
        bool isSound = _isOpen(leg) && agreement.tenderOf(leg).recordedAt == 0;
        if (!_send(input, isSound)) return;
        ++tenders;
        _tendered[leg] = true;
    }

    function refuse(uint8 legSeed, uint8 keySeed) external {
        (uint32 leg, uint256 key) = (_anyLeg(legSeed), _keyOf(PAYER + keySeed % PARTIES));
        bytes memory signature = _signWallet(key, _refusalDigest(address(agreement), leg, "reasons"));
        bytes memory input =
            abi.encodeCall(IAgreementCustody.refuseTender, (leg, "reasons", signature, _clause(TENDER)));
        bool isSound = _isOpen(leg) && _tendered[leg] && key == PAYER_KEY && !_isGraceOver(leg);
        if (!_send(input, isSound)) return;
        ++refusals;
        _tendered[leg] = false;
    }

    function deliver(uint8 legSeed) external {
        uint32 leg = _anyLeg(legSeed);
        uint32 m = agreement.tenderOf(leg).m;
        bytes memory input = abi.encodeCall(IAgreementCustody.deliverByTender, (leg, _clause(TENDER)));
        if (!_send(input, _isOpen(leg) && _tendered[leg] && _isGraceOver(leg))) return;
        ++deliveriesByTender;
        _pass(PAYER, m, 0);
    }

    function lose(uint8 legSeed) external {
        uint32 leg = _anyLeg(legSeed);
        bytes memory input = abi.encodeCall(IAgreementCustody.closeUndelivered, (leg, _clause(DEADLINE)));
        bool isLost = block.timestamp * 1000 >= _deadline().lostAfterMs;
        if (!_send(input, _isOpen(leg) && !_tendered[leg] && isLost)) return;
        ++losses;
        _pass(PAYER, type(uint32).max, 0);
    }

    /// @dev Who saw a call can send it again.
    function replay(uint256 seed) external {
        if (_sent.length == 0) return;
        _send(_sent[seed % _sent.length], false);
        ++replays;
    }

    /// @dev Nobody starts it twice.
    function restart() external {
        StartCall memory call = _startCall();
        _send(abi.encodeCall(IAgreementCustody.start, (call.keys, call.signature, call.device, call.heading)), false);
    }

    function pass(uint32 seconds_) external {
        vm.warp(block.timestamp + seconds_ % 8 days);
    }

    /// @dev Another agreement of the same parties.
    function begin() public {
        _add(6, "so that the terms are others");
        _sealTerms();
        agreement = IAgreement(_create(PAYER_KEY, PAYEE_KEY));
        StartCall memory call = _startCall();
        _start(call);
        delete _expected;
        delete _sent;
        _expected.push(Leg(_keysHash(0, call.keys), vm.addr(PAYEE_KEY), 0, uint40(block.timestamp), false));
        expectedPhase = Phase.Started;
        for (uint32 leg = 0; leg <= LEGS_MAX + 1; ++leg) {
            _tendered[leg] = false;
        }
    }

    function legs() external view returns (uint32) {
        return uint32(_expected.length);
    }

    function expected(uint32 leg) external view returns (Leg memory) {
        return _expected[leg];
    }

    function found(uint32 leg) external view returns (Leg memory) {
        return agreement.legOf(leg);
    }

    function foundPhase() external view returns (Phase) {
        return agreement.phase();
    }

    /// @dev Sends it, and keeps it to be sent again.
    function _send(bytes memory input, bool isSound) private returns (bool succeeded) {
        (succeeded,) = address(agreement).call(input);
        vm.assertTrue(succeeded == isSound, isSound ? "refused what is sound" : "took what is not");
        if (succeeded) _sent.push(input);
    }

    function _pass(uint256 taker, uint32 n, bytes32 keysHash) private {
        Leg storage last = _expected[_expected.length - 1];
        (last.n, last.ended) = (n, true);
        bool isPayer = taker == PAYER;
        address to = vm.addr(_keyOf(taker));
        _expected.push(Leg(isPayer ? bytes32(0) : keysHash, to, 0, uint40(block.timestamp), false));
        if (!isPayer) return;
        ++deliveries;
        expectedPhase = Phase.Delivered;
    }

    function _isOpen(uint32 leg) private view returns (bool) {
        return leg + 1 == _expected.length && expectedPhase == Phase.Started;
    }

    function _isGraceOver(uint32 leg) private view returns (bool) {
        Tender memory standing = agreement.tenderOf(leg);
        return block.timestamp > standing.recordedAt + _tender().graceMs / 1000;
    }

    /// @dev Mostly the open leg; else one before, or the one that comes next.
    function _anyLeg(uint8 seed) private view returns (uint32) {
        uint32 open = uint32(_expected.length) - 1;
        return seed < 192 ? open : uint32(seed % (open + 2));
    }

    function _keyOf(uint256 party) private pure returns (uint256) {
        return [PAYER_KEY, PAYEE_KEY, CARRIER_KEY][party - PAYER];
    }
}
