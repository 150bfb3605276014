// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Accept, IAgreementCustody, Leg, Phase} from "../src/interfaces/IAgreementCustody.sol";
import {Clauses} from "../src/libraries/Clauses.sol";
import {ContractWallet} from "./support/ContractWallet.sol";
import {ShipmentFixture} from "./support/ShipmentFixture.sol";
import {vm} from "./support/Vm.sol";

contract AgreementCutTest is ShipmentFixture {
    function setUp() public override {
        super.setUp();
        _start(_startCall());
    }

    function test_passesCustodyToTheTaker() external {
        CutCall memory call = _cutCall(0, 3, CARRIER, CARRIER_KEY);
        vm.expectEmit();
        emit IAgreementCustody.CustodyTransferred(0, vm.addr(CARRIER_KEY), 3, _cutDigestOf(call));
        _recordCut(call);
        vm.assertEq(agreement.custodianOf(1), vm.addr(CARRIER_KEY));
        Leg memory ended = agreement.legOf(0);
        vm.assertTrue(ended.ended);
        vm.assertEq(ended.n, 3);
        vm.assertEq(ended.custodian, vm.addr(PAYEE_KEY));
        Leg memory next = agreement.legOf(1);
        vm.assertFalse(next.ended);
        vm.assertEq(next.n, 0);
        vm.assertEq(next.keysHash, _keysHash(1, _legKeys(1)));
        vm.assertEq(next.beganAt, 1_800_000_000);
    }

    function test_goesOnOverSeveralLegsToThePayer() external {
        _recordCut(_cutCall(0, 3, CARRIER, CARRIER_KEY));
        _recordCut(_cutCall(1, 0, PAYER, PAYER_KEY));
        vm.assertEq(agreement.custodianOf(0), vm.addr(PAYEE_KEY));
        vm.assertEq(agreement.custodianOf(1), vm.addr(CARRIER_KEY));
        vm.assertEq(agreement.custodianOf(2), vm.addr(PAYER_KEY));
        vm.assertEq(agreement.custodianOf(3), address(0));
    }

    function test_aCutToThePayerDelivers() external {
        CutCall memory call = _cutCall(0, 7, PAYER, PAYER_KEY);
        vm.warp(BEGIN + 3 days);
        vm.expectEmit();
        emit IAgreementCustody.CustodyTransferred(0, vm.addr(PAYER_KEY), 7, _cutDigestOf(call));
        vm.expectEmit();
        emit IAgreementCustody.Delivered(1);
        _recordCut(call);
        vm.assertTrue(agreement.phase() == Phase.Delivered);
        vm.assertEq(agreement.deliveredAt(), BEGIN + 3 days);
        vm.assertEq(agreement.legOf(0).n, 7);
        vm.assertEq(agreement.legOf(1).keysHash, 0);
    }

    function test_nothingIsCutOnThePayersLeg() external {
        _recordCut(_cutCall(0, 7, PAYER, PAYER_KEY));
        _refuses(
            _cutCall(1, 3, CARRIER, CARRIER_KEY),
            abi.encodeWithSelector(IAgreementCustody.AgreementLegNotBegun.selector, 1)
        );
    }

    function test_aCutToACarrierDoesNotDeliver() external {
        _recordCut(_cutCall(0, 3, CARRIER, CARRIER_KEY));
        vm.assertTrue(agreement.phase() == Phase.Started);
        vm.assertEq(agreement.deliveredAt(), 0);
    }

    function test_anybodyCanRecordWhatDeviceAndTakerSigned() external {
        CutCall memory call = _cutCall(0, 3, CARRIER, CARRIER_KEY);
        vm.prank(vm.addr(STRANGER_KEY));
        _recordCut(call);
        vm.assertEq(agreement.custodianOf(1), vm.addr(CARRIER_KEY));
    }

    function test_refusesALegWithoutKeysAfterIt() external {
        CutCall memory call = _cutCall(0, 3, CARRIER, CARRIER_KEY);
        call.offer.nextKeysHash = 0;
        _signCut(call, CARRIER_KEY);
        _refuses(call, abi.encodeWithSelector(IAgreementCustody.AgreementKeysHashZero.selector));
    }

    function test_refusesOtherFormsOfTheTakersSignature() external {
        CutCall memory call = _cutCall(0, 3, CARRIER, CARRIER_KEY);
        bytes32 digest = _acceptDigest(address(agreement), _offerDigest(0, call.offer), call.accept);
        call.acceptSignature = _malleatedWallet(CARRIER_KEY, digest);
        _refusesAccept(call);
        call.acceptSignature = _compactWallet(CARRIER_KEY, digest);
        _refusesAccept(call);
        call.acceptSignature = "";
        _refusesAccept(call);
    }

    function test_endsALegOnce() external {
        _recordCut(_cutCall(0, 3, CARRIER, CARRIER_KEY));
        _refuses(
            _cutCall(0, 3, CARRIER, CARRIER_KEY),
            abi.encodeWithSelector(IAgreementCustody.AgreementLegEnded.selector, 0)
        );
        _refuses(
            _cutCall(0, 4, PAYER, PAYER_KEY), abi.encodeWithSelector(IAgreementCustody.AgreementLegEnded.selector, 0)
        );
    }

    function test_refusesALegThatHasNotBegun() external {
        _refuses(
            _cutCall(1, 3, CARRIER, CARRIER_KEY),
            abi.encodeWithSelector(IAgreementCustody.AgreementLegNotBegun.selector, 1)
        );
        _refuses(
            _cutCall(type(uint32).max - 1, 3, CARRIER, CARRIER_KEY),
            abi.encodeWithSelector(IAgreementCustody.AgreementLegNotBegun.selector, type(uint32).max - 1)
        );
        vm.assertFalse(agreement.legOf(type(uint32).max).ended);
    }

    function test_refusesKeysOfAnotherLeg() external {
        CutCall memory call = _cutCall(0, 3, CARRIER, CARRIER_KEY);
        call.keys = _legKeys(1);
        call.signature = _signP256(_legKey(1), _cutDigestOf(call));
        _refuses(call, abi.encodeWithSelector(IAgreementCustody.AgreementKeysNotOfLeg.selector, 0));
    }

    function test_refusesACutThatTheLegDidNotSign() external {
        CutCall memory call = _cutCall(0, 3, CARRIER, CARRIER_KEY);
        call.signature = _signP256(DEVICE_KEY, _cutDigestOf(call));
        _refusesSignature(call);
    }

    function test_refusesTheSignatureWithHighS() external {
        CutCall memory call = _cutCall(0, 3, CARRIER, CARRIER_KEY);
        call.signature.s = _otherS(call.signature.s);
        _refusesSignature(call);
    }

    /// forge-config: default.fuzz.runs = 250
    /// forge-config: deep.fuzz.runs = 2000
    function testFuzz_refusesAnyChangeOfOfferOrCut(uint8 field, uint8 bit) external {
        CutCall memory call = _cutCall(0, 3, CARRIER, CARRIER_KEY);
        bytes32 mask = bytes32(uint256(1) << bit);
        if (field % 6 == 0) call.offer.device ^= mask;
        else if (field % 6 == 1) call.offer.head ^= mask;
        else if (field % 6 == 2) call.offer.nextKeysHash ^= mask;
        else if (field % 6 == 3) call.offer.nonce ^= bytes16(uint128(1) << (bit % 128));
        else if (field % 6 == 4) call.cut.head ^= mask;
        else call.cut.root ^= mask;
        // The accept names the offer: signed anew, only the leg's signature is left to refuse.
        call.acceptSignature =
            _signWallet(CARRIER_KEY, _acceptDigest(address(agreement), _offerDigest(0, call.offer), call.accept));
        _refusesSignature(call);
    }

    function test_refusesAnotherEndThanTheLegSigned() external {
        CutCall memory call = _cutCall(0, 3, CARRIER, CARRIER_KEY);
        call.cut.n = 4;
        _refusesSignature(call);
    }

    function test_refusesACutOfAnotherChain() external {
        CutCall memory call = _cutCall(0, 3, CARRIER, CARRIER_KEY);
        vm.chainId(4242);
        _refuses(call, abi.encodeWithSelector(IAgreementCustody.AgreementKeysNotOfLeg.selector, 0));
    }

    function test_refusesAnAcceptForAnotherAgreement() external {
        CutCall memory call = _cutCall(0, 3, CARRIER, CARRIER_KEY);
        bytes32 elsewhere = _acceptDigest(address(this), _offerDigest(0, call.offer), call.accept);
        call.acceptSignature = _signWallet(CARRIER_KEY, elsewhere);
        _refusesAccept(call);
    }

    function test_refusesAnAcceptOfAnotherOffer() external {
        CutCall memory call = _cutCall(0, 3, CARRIER, CARRIER_KEY);
        bytes memory replayed = call.acceptSignature;
        call.offer.nonce = "another";
        _signCut(call, CARRIER_KEY);
        call.acceptSignature = replayed;
        _refusesAccept(call);
    }

    function test_refusesAnAcceptThatSomebodyElseSigned() external {
        CutCall memory call = _cutCall(0, 3, CARRIER, CARRIER_KEY);
        _signCut(call, STRANGER_KEY);
        _refusesAccept(call);
    }

    /// forge-config: default.fuzz.runs = 250
    /// forge-config: deep.fuzz.runs = 2000
    function testFuzz_refusesOtherReservationsThanTheTakerSigned(bytes32 reservations) external {
        CutCall memory call = _cutCall(0, 3, CARRIER, CARRIER_KEY);
        vm.assume(reservations != call.accept.reservationsHash);
        call.accept.reservationsHash = reservations;
        _refusesAccept(call);
    }

    function test_refusesATakerWhomTheTermsDoNotList() external {
        CutCall memory call = _cutCall(0, 3, CARRIER, CARRIER_KEY);
        call.accept.party = vm.addr(STRANGER_KEY);
        call.taker.body = _partyBody(2, 3, "stranger", STRANGER_KEY, AMOUNT, PENALTY_CAP);
        _signCut(call, STRANGER_KEY);
        _refuses(call, abi.encodeWithSelector(Clauses.ClauseNotInTerms.selector, termsHash));
    }

    function test_refusesAnAcceptThatDiffersFromTheTakersClause() external {
        bytes memory refusal = abi.encodeWithSelector(IAgreementCustody.AgreementAcceptNotAsAgreed.selector);
        CutCall memory call = _cutCall(0, 3, CARRIER, CARRIER_KEY);
        Accept memory accept = call.accept;
        accept.amount += 1;
        _signCut(call, CARRIER_KEY);
        _refuses(call, refusal);
        (accept.amount, accept.penaltyMax) = (AMOUNT, PENALTY_CAP - 1);
        _signCut(call, CARRIER_KEY);
        _refuses(call, refusal);
        (accept.penaltyMax, accept.party) = (PENALTY_CAP, vm.addr(PAYEE_KEY));
        _signCut(call, PAYEE_KEY);
        _refuses(call, refusal);
    }

    function test_anOfferLivesForItsEnvelopesAndNoLonger() external {
        bytes4 outside = IAgreementCustody.AgreementCutOutsideOffer.selector;
        CutCall memory call = _cutCall(0, 3, CARRIER, CARRIER_KEY);
        call.offer.ttlEnvelopes = 2;
        call.cut.n = 2;
        _signCut(call, CARRIER_KEY);
        _refuses(call, abi.encodeWithSelector(outside, 2, 3, 2));
        call.cut.n = 6;
        _signCut(call, CARRIER_KEY);
        _refuses(call, abi.encodeWithSelector(outside, 6, 3, 2));
        call.cut.n = 5;
        _signCut(call, CARRIER_KEY);
        _recordCut(call);
    }

    /// forge-config: default.fuzz.runs = 250
    /// forge-config: deep.fuzz.runs = 2000
    function testFuzz_takesACutWithinTheLifeOfItsOfferOnly(uint32 m, uint32 ttlEnvelopes, uint32 n) external {
        CutCall memory call = _cutCall(0, n, CARRIER, CARRIER_KEY);
        (call.offer.m, call.offer.ttlEnvelopes) = (m, ttlEnvelopes);
        _signCut(call, CARRIER_KEY);
        if (n >= m && uint256(n) <= uint256(m) + ttlEnvelopes) {
            _recordCut(call);
            vm.assertEq(agreement.legOf(0).n, n);
        } else {
            _refuses(
                call, abi.encodeWithSelector(IAgreementCustody.AgreementCutOutsideOffer.selector, n, m, ttlEnvelopes)
            );
        }
    }

    function test_takesTheAcceptOfAContractWallet() external {
        ContractWallet wallet = new ContractWallet(vm.addr(CARRIER_KEY));
        vm.etch(vm.addr(CARRIER_KEY), address(wallet).code);
        CutCall memory call = _cutCall(0, 3, CARRIER, CARRIER_KEY);
        _signCut(call, STRANGER_KEY);
        _refusesAccept(call);
        vm.etch(vm.addr(CARRIER_KEY), address(new ContractWallet(vm.addr(STRANGER_KEY))).code);
        _recordCut(call);
    }

    function _refusesSignature(CutCall memory call) private {
        _refuses(call, abi.encodeWithSelector(IAgreementCustody.AgreementDeviceSignatureInvalid.selector));
    }

    function _refusesAccept(CutCall memory call) private {
        _refuses(
            call, abi.encodeWithSelector(IAgreementCustody.AgreementAcceptSignatureInvalid.selector, call.accept.party)
        );
    }

    function _refuses(CutCall memory call, bytes memory refusal) private {
        vm.expectRevert(refusal);
        _recordCut(call);
    }
}
