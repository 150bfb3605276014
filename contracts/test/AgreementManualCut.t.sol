// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAgreement} from "../src/interfaces/IAgreement.sol";
import {IAgreementCustody, Leg, ManualCut, Phase} from "../src/interfaces/IAgreementCustody.sol";
import {Clauses} from "../src/libraries/Clauses.sol";
import {ContractWallet} from "./support/ContractWallet.sol";
import {ShipmentFixture} from "./support/ShipmentFixture.sol";
import {vm} from "./support/Vm.sol";

contract AgreementManualCutTest is ShipmentFixture {
    function setUp() public override {
        super.setUp();
        _start(_startCall());
    }

    function test_passesCustodyOnTheSignaturesOfBothCustodians() external {
        ManualCutCall memory call = _toCarrier(9);
        vm.expectEmit();
        emit IAgreementCustody.CustodyTransferred(
            0, vm.addr(CARRIER_KEY), 9, _manualCutDigest(address(agreement), 0, call.cut)
        );
        _recordManualCut(call);
        Leg memory ended = agreement.legOf(0);
        vm.assertTrue(ended.ended);
        vm.assertEq(ended.n, 9);
        Leg memory next = agreement.legOf(1);
        vm.assertEq(next.custodian, vm.addr(CARRIER_KEY));
        vm.assertEq(next.keysHash, _keysHash(1, _legKeys(1)));
        vm.assertFalse(next.ended);
        vm.assertTrue(agreement.phase() == Phase.Started);
    }

    function test_theReplacementDeviceCutsTheNextLeg() external {
        _recordManualCut(_toCarrier(9));
        _recordCut(_cutCall(1, 4, PAYER, PAYER_KEY));
        vm.assertEq(agreement.custodianOf(2), vm.addr(PAYER_KEY));
    }

    function test_deliversToThePayer() external {
        ManualCutCall memory call = _manualCutCall(0, 9, PAYEE_KEY, PAYER, PAYER_KEY);
        vm.expectEmit();
        emit IAgreementCustody.CustodyTransferred(
            0, vm.addr(PAYER_KEY), 9, _manualCutDigest(address(agreement), 0, call.cut)
        );
        vm.expectEmit();
        emit IAgreementCustody.Delivered(1);
        _recordManualCut(call);
        vm.assertTrue(agreement.phase() == Phase.Delivered);
        vm.assertEq(agreement.legOf(1).keysHash, 0);
        call = _manualCutCall(1, 9, PAYER_KEY, CARRIER, CARRIER_KEY);
        _refuses(call, abi.encodeWithSelector(IAgreementCustody.AgreementLegNotBegun.selector, 1));
    }

    function test_endsALegOnce() external {
        _recordManualCut(_toCarrier(9));
        bytes memory refusal = abi.encodeWithSelector(IAgreementCustody.AgreementLegEnded.selector, 0);
        _refuses(_toCarrier(9), refusal);
        _refuses(_toCarrier(8), refusal);
    }

    function test_refusesALegThatHasNotBegun() external {
        ManualCutCall memory call = _manualCutCall(1, 9, CARRIER_KEY, PAYER, PAYER_KEY);
        _refuses(call, abi.encodeWithSelector(IAgreementCustody.AgreementLegNotBegun.selector, 1));
    }

    function test_refusesACutBeforeTheAgreementHasStarted() external {
        _add(6, "so that the terms are others");
        _sealTerms();
        agreement = IAgreement(_create(PAYER_KEY, PAYEE_KEY));
        _refuses(_toCarrier(9), abi.encodeWithSelector(IAgreementCustody.AgreementLegNotBegun.selector, 0));
    }

    function test_refusesAHandoverToOneself() external {
        ManualCutCall memory call = _manualCutCall(0, 9, PAYEE_KEY, PAYEE, PAYEE_KEY);
        _refuses(
            call, abi.encodeWithSelector(IAgreementCustody.AgreementCustodianUnchanged.selector, vm.addr(PAYEE_KEY))
        );
    }

    function test_refusesALegWithoutKeysAfterIt() external {
        ManualCutCall memory call = _toCarrier(9);
        call.cut.nextKeysHash = 0;
        _signManualCut(call, PAYEE_KEY, CARRIER_KEY);
        _refuses(call, abi.encodeWithSelector(IAgreementCustody.AgreementKeysHashZero.selector));
    }

    /// @dev Neither custodian alone can move the goods, nor can a stranger for either.
    function test_refusesWhatOneOfThemDidNotSign() external {
        ManualCutCall memory call = _toCarrier(9);
        _signManualCut(call, CARRIER_KEY, CARRIER_KEY);
        _refusesSignature(call, PAYEE_KEY);
        _signManualCut(call, PAYEE_KEY, PAYEE_KEY);
        _refusesSignature(call, CARRIER_KEY);
        _signManualCut(call, STRANGER_KEY, CARRIER_KEY);
        _refusesSignature(call, PAYEE_KEY);
        _signManualCut(call, CARRIER_KEY, PAYEE_KEY);
        _refusesSignature(call, PAYEE_KEY);
    }

    function test_refusesTheCustodianOfAnEarlierLeg() external {
        _recordManualCut(_toCarrier(9));
        ManualCutCall memory call = _manualCutCall(1, 3, PAYEE_KEY, PAYER, PAYER_KEY);
        _refusesSignature(call, CARRIER_KEY);
    }

    function test_refusesOtherFormsOfASignature() external {
        ManualCutCall memory call = _toCarrier(9);
        bytes32 digest = _manualCutDigest(address(agreement), 0, call.cut);
        bytes memory sound = call.fromSignature;
        call.fromSignature = _malleatedWallet(PAYEE_KEY, digest);
        _refusesSignature(call, PAYEE_KEY);
        call.fromSignature = _compactWallet(PAYEE_KEY, digest);
        _refusesSignature(call, PAYEE_KEY);
        call.fromSignature = sound;
        call.toSignature = _malleatedWallet(CARRIER_KEY, digest);
        _refusesSignature(call, CARRIER_KEY);
        call.toSignature = _compactWallet(CARRIER_KEY, digest);
        _refusesSignature(call, CARRIER_KEY);
    }

    /// forge-config: default.fuzz.runs = 250
    /// forge-config: deep.fuzz.runs = 2000
    function testFuzz_refusesAnyChangeAfterTheSignatures(uint8 field, uint8 bit) external {
        ManualCutCall memory call = _toCarrier(9);
        bytes32 mask = bytes32(uint256(1) << bit);
        if (field % 4 == 0) call.cut.n ^= uint32(1) << (bit % 32);
        else if (field % 4 == 1) call.cut.timeMs ^= uint64(1) << (bit % 64);
        else if (field % 4 == 2) call.cut.nextKeysHash ^= mask;
        else call.cut.reasonsHash ^= mask;
        _refusesSignature(call, PAYEE_KEY);
    }

    function test_refusesACutOfAnotherAgreementLegTermsOrChain() external {
        ManualCutCall memory call = _toCarrier(9);
        _signFor(call, _manualCutDigest(address(this), 0, call.cut));
        _refusesSignature(call, PAYEE_KEY);
        _signFor(call, _manualCutDigest(address(agreement), 1, call.cut));
        _refusesSignature(call, PAYEE_KEY);
        bytes32 here = termsHash;
        termsHash = "others";
        _signFor(call, _manualCutDigest(address(agreement), 0, call.cut));
        termsHash = here;
        _refusesSignature(call, PAYEE_KEY);
        vm.chainId(4242);
        _signFor(call, _manualCutDigest(address(agreement), 0, call.cut));
        vm.chainId(31_337);
        _refusesSignature(call, PAYEE_KEY);
    }

    function test_refusesATakerWhomTheTermsDoNotListOrListOtherwise() external {
        bytes memory refusal = abi.encodeWithSelector(IAgreementCustody.AgreementAcceptNotAsAgreed.selector);
        ManualCutCall memory call = _toCarrier(9);
        ManualCut memory cut = call.cut;
        cut.to = vm.addr(STRANGER_KEY);
        _signManualCut(call, PAYEE_KEY, STRANGER_KEY);
        _refuses(call, refusal);
        (cut.to, cut.amount) = (vm.addr(CARRIER_KEY), AMOUNT + 1);
        _signManualCut(call, PAYEE_KEY, CARRIER_KEY);
        _refuses(call, refusal);
        (cut.amount, cut.penaltyMax) = (AMOUNT, 0);
        _signManualCut(call, PAYEE_KEY, CARRIER_KEY);
        _refuses(call, refusal);
        call = _toCarrier(9);
        call.taker.body = _partyBody(2, 3, "carrier", CARRIER_KEY, AMOUNT, PENALTY_CAP);
        _refuses(call, abi.encodeWithSelector(Clauses.ClauseNotInTerms.selector, termsHash));
    }

    function test_takesTheSignaturesOfContractWallets() external {
        vm.etch(vm.addr(PAYEE_KEY), address(new ContractWallet(vm.addr(STRANGER_KEY))).code);
        vm.etch(vm.addr(CARRIER_KEY), address(new ContractWallet(vm.addr(DEVICE_KEY))).code);
        ManualCutCall memory call = _toCarrier(9);
        _signManualCut(call, DEVICE_KEY, DEVICE_KEY);
        _refusesSignature(call, PAYEE_KEY);
        _signManualCut(call, STRANGER_KEY, STRANGER_KEY);
        _refusesSignature(call, CARRIER_KEY);
        _signManualCut(call, STRANGER_KEY, DEVICE_KEY);
        _recordManualCut(call);
        vm.assertEq(agreement.custodianOf(1), vm.addr(CARRIER_KEY));
    }

    function _toCarrier(uint32 n) private view returns (ManualCutCall memory) {
        return _manualCutCall(0, n, PAYEE_KEY, CARRIER, CARRIER_KEY);
    }

    function _signFor(ManualCutCall memory call, bytes32 digest) private pure {
        (call.fromSignature, call.toSignature) = (_signWallet(PAYEE_KEY, digest), _signWallet(CARRIER_KEY, digest));
    }

    function _refusesSignature(ManualCutCall memory call, uint256 key) private {
        _refuses(call, abi.encodeWithSelector(IAgreementCustody.AgreementPartySignatureInvalid.selector, vm.addr(key)));
    }

    function _refuses(ManualCutCall memory call, bytes memory refusal) private {
        vm.expectRevert(refusal);
        _recordManualCut(call);
    }
}
