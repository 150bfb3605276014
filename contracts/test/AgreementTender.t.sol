// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAgreement} from "../src/interfaces/IAgreement.sol";
import {IAgreementClaims} from "../src/interfaces/IAgreementClaims.sol";
import {IAgreementCustody, Leg, Phase, Tender} from "../src/interfaces/IAgreementCustody.sol";
import {Clause, Clauses, TenderTerms} from "../src/libraries/Clauses.sol";
import {EnvelopeCodec} from "../src/libraries/EnvelopeCodec.sol";
import {ContractWallet} from "./support/ContractWallet.sol";
import {ShipmentFixture} from "./support/ShipmentFixture.sol";
import {vm} from "./support/Vm.sol";

contract AgreementTenderTest is ShipmentFixture {
    bytes32 private constant REASONS = "two boxes are wet";

    function setUp() public override {
        super.setUp();
        _start(_startCall());
        _recordCut(_cutCall(0, 3, CARRIER, CARRIER_KEY));
        vm.warp(BEGIN + 9 days);
    }

    function test_aTenderStopsTheClockAtTheEnvelopeThatShowsTheDestination() external {
        TenderCall memory call = _tenderCall(1, 6);
        vm.expectEmit();
        emit IAgreementCustody.Tendered(1, 6, BEGIN_MS + 5 * HOUR_MS);
        _recordTender(call);
        Tender memory tender = agreement.tenderOf(1);
        vm.assertEq(tender.m, 6);
        vm.assertEq(tender.tenderedMs, BEGIN_MS + 5 * HOUR_MS);
        vm.assertEq(tender.recordedAt, BEGIN + 9 days);
        vm.assertFalse(tender.refused);
        vm.assertFalse(agreement.legOf(1).ended);
        vm.assertTrue(agreement.phase() == Phase.Started);
    }

    function test_aLegIsTenderedOnce() external {
        _recordTender(_tenderCall(1, 6));
        bytes memory refusal = abi.encodeWithSelector(IAgreementCustody.AgreementAlreadyTendered.selector, 1);
        _refuses(_tenderCall(1, 7), refusal);
        _refuse(PAYER_KEY);
        _refuses(_tenderCall(1, 7), refusal);
    }

    function test_refusesALegThatHasNotBegunOrHasEnded() external {
        _refuses(_tenderCall(2, 6), abi.encodeWithSelector(IAgreementCustody.AgreementLegNotBegun.selector, 2));
        _refuses(_tenderCall(0, 6), abi.encodeWithSelector(IAgreementCustody.AgreementLegEnded.selector, 0));
    }

    function test_refusesKeysOfAnotherLeg() external {
        TenderCall memory call = _tenderCall(1, 6);
        call.keys = _legKeys(0);
        _refuses(call, abi.encodeWithSelector(IAgreementCustody.AgreementKeysNotOfLeg.selector, 1));
    }

    function test_refusesAnOfferThatTheLegDidNotSign() external {
        bytes memory refusal = abi.encodeWithSelector(IAgreementCustody.AgreementDeviceSignatureInvalid.selector);
        TenderCall memory call = _tenderCall(1, 6);
        call.signature.s = _otherS(call.signature.s);
        _refuses(call, refusal);
        call.signature = _signP256(_legKey(0), _offerDigest(1, call.offer));
        _refuses(call, refusal);
        call.signature = _signP256(_legKey(1), _offerDigest(0, call.offer));
        _refuses(call, refusal);
        call = _tenderCall(1, 6);
        call.offer.nonce = "another";
        _refuses(call, refusal);
    }

    function test_refusesAnOfferThatDoesNotFollowTheEnvelopeShown() external {
        bytes memory refusal = abi.encodeWithSelector(IAgreementCustody.AgreementOfferNotAtEnvelope.selector);
        TenderCall memory call = _tenderCall(1, 6);
        TenderCall memory other = _tenderCall(1, 7);
        call.latitude = other.latitude;
        _refuses(call, refusal);
        call = _tenderCall(1, 6);
        call.longitude = other.longitude;
        _refuses(call, refusal);
        call.latitude = other.latitude;
        _refuses(call, refusal);
    }

    /// @dev The leg signed the offer, but for another number than the envelope has.
    function testFuzz_refusesAnOfferWithAnotherNumberThanTheEnvelopes(uint32 m) external {
        vm.assume(m != 6);
        TenderCall memory call = _tenderCall(1, 6);
        call.offer.m = m;
        call.signature = _signP256(_legKey(1), _offerDigest(1, call.offer));
        _refuses(call, abi.encodeWithSelector(IAgreementCustody.AgreementOfferNotAtEnvelope.selector));
    }

    function test_refusesAHeaderThatNoServiceWouldStore() external {
        TenderCall memory call = _tenderCall(1, 6);
        call.longitude.header[3] = 0x08;
        _refuses(call, abi.encodeWithSelector(EnvelopeCodec.EnvelopeHeaderMalformed.selector));
    }

    function test_refusesPositionsThatTheEnvelopeDoesNotHold() external {
        TenderCall memory call = _tenderCall(1, 6);
        call.latitude.column = abi.encodePacked(int32(435_050_001));
        _refuses(call, abi.encodeWithSelector(EnvelopeCodec.EnvelopeColumnMismatch.selector, 5));
        call = _tenderCall(1, 6);
        (call.latitude, call.longitude) = (call.longitude, call.latitude);
        _refuses(call, abi.encodeWithSelector(EnvelopeCodec.EnvelopeColumnMismatch.selector, 5));
    }

    function test_refusesATimeThatTheDeviceDidNotKnow() external {
        Envelope memory last = _located(1, 5, "previous", _values(435_050_000), _values(-79_850_000));
        last.clockState = 0;
        _refuses(_tenderCall(last), abi.encodeWithSelector(IAgreementClaims.AgreementClockUnset.selector));
        last.clockState = 2;
        _recordTender(_tenderCall(last));
    }

    function test_refusesAClauseOfAnotherKindOrOfOtherTerms() external {
        TenderCall memory call = _tenderCall(1, 6);
        call.tender = _clause(DEADLINE);
        _refuses(call, abi.encodeWithSelector(Clauses.ClauseKindUnexpected.selector, 5, 15));
        call.tender = _clause(TENDER);
        TenderTerms memory wider = _tender();
        wider.latitudeMax += 1;
        call.tender.body = abi.encode(wider);
        _refuses(call, abi.encodeWithSelector(Clauses.ClauseNotInTerms.selector, termsHash));
    }

    /// forge-config: default.fuzz.runs = 250
    /// forge-config: deep.fuzz.runs = 2000
    function testFuzz_isADestinationOfWhichTheEdgesArePart(int32 north, int32 east) external {
        TenderTerms memory box = _tender();
        // As often as not just around the edges.
        if (north % 2 == 0) north = box.latitudeMin + north % 4;
        else if (north % 3 == 0) north = box.latitudeMax + north % 4;
        if (east % 2 == 0) east = box.longitudeMin + east % 4;
        else if (east % 3 == 0) east = box.longitudeMax + east % 4;
        bool isInside = north >= 435_000_000 && north <= 435_100_000 && east >= -79_900_000 && east <= -79_800_000;
        TenderCall memory call = _tenderCall(_located(1, 5, "previous", _values(north), _values(east)));
        if (isInside) _recordTender(call);
        else _refusesPlace(call, north, east);
    }

    function test_everyEdgeAndCornerBelongsToTheDestination() external {
        TenderTerms memory box = _tender();
        _refusesPlace(_at(box.latitudeMin - 1, box.longitudeMin), box.latitudeMin - 1, box.longitudeMin);
        _refusesPlace(_at(box.latitudeMax + 1, box.longitudeMin), box.latitudeMax + 1, box.longitudeMin);
        _refusesPlace(_at(box.latitudeMin, box.longitudeMin - 1), box.latitudeMin, box.longitudeMin - 1);
        _refusesPlace(_at(box.latitudeMin, box.longitudeMax + 1), box.latitudeMin, box.longitudeMax + 1);
        _recordTender(_at(box.latitudeMax, box.longitudeMin));
    }

    function test_theLastReadingWithBothCoordinatesCounts() external {
        int32 elsewhere = 100_000_000;
        Envelope memory last = _located(
            1, 5, "previous", _values(elsewhere, 435_050_000, MISSING), _values(elsewhere, -79_850_000, elsewhere)
        );
        _recordTender(_tenderCall(last));
    }

    function test_anEarlierReadingInsideDoesNotCount() external {
        int32 elsewhere = 100_000_000;
        Envelope memory last =
            _located(1, 5, "previous", _values(435_050_000, elsewhere), _values(-79_850_000, elsewhere));
        _refusesPlace(_tenderCall(last), elsewhere, elsewhere);
    }

    /// @dev A missing coordinate is the least int32: inside a box that reaches so far, if it were compared.
    function test_neverTakesAMissingCoordinateForAPlace() external {
        _replace(TENDER, abi.encode(TenderTerms(MISSING, 0, MISSING, 0, DAY_MS)));
        _sealTerms();
        agreement = IAgreement(_create(PAYER_KEY, PAYEE_KEY));
        _start(_startCall());
        _refusesPlace(_tenderCall(_located(0, 5, "p", _values(-1), _values(MISSING))), -1, MISSING);
        _refusesPlace(_tenderCall(_located(0, 5, "p", _values(MISSING), _values(-1))), MISSING, -1);
        _refusesPlace(_tenderCall(_measured(0, 5, "p", _values(20_000))), MISSING, MISSING);
        _recordTender(_tenderCall(_located(0, 5, "p", _values(-1), _values(-1))));
    }

    function test_thePayerRefusesWithReasons() external {
        _recordTender(_tenderCall(1, 6));
        Clause memory tender = _clause(TENDER);
        bytes memory signature = _signWallet(PAYER_KEY, _refusalDigest(address(agreement), 1, REASONS));
        vm.warp(BEGIN + 10 days);
        vm.expectEmit();
        emit IAgreementCustody.TenderRefused(1, REASONS);
        agreement.refuseTender(1, REASONS, signature, tender);
        vm.assertTrue(agreement.tenderOf(1).refused);
        vm.assertEq(agreement.tenderOf(1).tenderedMs, BEGIN_MS + 5 * HOUR_MS);

        bytes memory refusal = abi.encodeWithSelector(IAgreementCustody.AgreementNotTendered.selector, 1);
        vm.expectRevert(refusal);
        agreement.refuseTender(1, REASONS, signature, tender);
        vm.warp(BEGIN + 20 days);
        vm.expectRevert(refusal);
        agreement.deliverByTender(1, tender);
        // Custody goes on, and the goods can still be handed over.
        _recordCut(_cutCall(1, 9, PAYER, PAYER_KEY));
        vm.assertTrue(agreement.phase() == Phase.Delivered);
    }

    function test_nobodyElseRefuses() external {
        _recordTender(_tenderCall(1, 6));
        bytes32 digest = _refusalDigest(address(agreement), 1, REASONS);
        _refusesRefusal(_signWallet(STRANGER_KEY, digest));
        _refusesRefusal(_signWallet(CARRIER_KEY, digest));
        _refusesRefusal(_signWallet(PAYER_KEY, _refusalDigest(address(agreement), 1, "other reasons")));
        _refusesRefusal(_signWallet(PAYER_KEY, _refusalDigest(address(agreement), 2, REASONS)));
        _refusesRefusal(_signWallet(PAYER_KEY, _refusalDigest(address(this), 1, REASONS)));
        vm.chainId(4242);
        bytes32 elsewhere = _refusalDigest(address(agreement), 1, REASONS);
        vm.chainId(31_337);
        _refusesRefusal(_signWallet(PAYER_KEY, elsewhere));
        _refusesRefusal(_malleatedWallet(PAYER_KEY, digest));
        _refusesRefusal(_compactWallet(PAYER_KEY, digest));
        _refusesRefusal("");
        vm.assertFalse(agreement.tenderOf(1).refused);
    }

    function test_takesTheRefusalOfAContractWallet() external {
        vm.etch(vm.addr(PAYER_KEY), address(new ContractWallet(vm.addr(STRANGER_KEY))).code);
        _recordTender(_tenderCall(1, 6));
        _refusesRefusal(_signWallet(CARRIER_KEY, _refusalDigest(address(agreement), 1, REASONS)));
        _refuse(STRANGER_KEY);
        vm.assertTrue(agreement.tenderOf(1).refused);
    }

    function test_deliversWhenTheGraceHasPassedWithoutRefusal() external {
        _recordTender(_tenderCall(1, 6));
        Clause memory tender = _clause(TENDER);
        uint256 until = BEGIN + 10 days;
        vm.warp(until);
        vm.expectRevert(abi.encodeWithSelector(IAgreementCustody.AgreementTenderGrace.selector, until));
        agreement.deliverByTender(1, tender);
        vm.warp(until + 1);
        bytes memory late = _signWallet(PAYER_KEY, _refusalDigest(address(agreement), 1, REASONS));
        vm.expectRevert(abi.encodeWithSelector(IAgreementCustody.AgreementTenderGrace.selector, until));
        agreement.refuseTender(1, REASONS, late, tender);

        vm.prank(vm.addr(STRANGER_KEY));
        vm.expectEmit();
        emit IAgreementCustody.CustodyTransferred(1, vm.addr(PAYER_KEY), 6, 0);
        vm.expectEmit();
        emit IAgreementCustody.Delivered(2);
        agreement.deliverByTender(1, tender);
        vm.assertTrue(agreement.phase() == Phase.Delivered);
        vm.assertEq(agreement.deliveredAt(), until + 1);
        Leg memory ended = agreement.legOf(1);
        vm.assertTrue(ended.ended);
        vm.assertEq(ended.n, 6);
        vm.assertEq(agreement.legOf(2).custodian, vm.addr(PAYER_KEY));
        vm.assertEq(agreement.legOf(2).keysHash, 0);
        vm.expectRevert(abi.encodeWithSelector(IAgreementCustody.AgreementLegEnded.selector, 1));
        agreement.deliverByTender(1, tender);
    }

    /// @dev 1500 ms of grace are two seconds of chain time.
    function test_aGraceIsNeverShorterThanAgreed() external {
        TenderTerms memory terms = _tender();
        terms.graceMs = 1500;
        _replace(TENDER, abi.encode(terms));
        _sealTerms();
        agreement = IAgreement(_create(PAYER_KEY, PAYEE_KEY));
        _start(_startCall());
        _recordTender(_tenderCall(0, 6));
        Clause memory tender = _clause(TENDER);
        vm.warp(BEGIN + 9 days + 2);
        vm.expectRevert(abi.encodeWithSelector(IAgreementCustody.AgreementTenderGrace.selector, BEGIN + 9 days + 2));
        agreement.deliverByTender(0, tender);
        vm.warp(BEGIN + 9 days + 3);
        agreement.deliverByTender(0, tender);
    }

    function test_aCutEndsATender() external {
        _recordTender(_tenderCall(1, 6));
        _recordCut(_cutCall(1, 8, PAYEE, PAYEE_KEY));
        Clause memory tender = _clause(TENDER);
        bytes memory refusal = abi.encodeWithSelector(IAgreementCustody.AgreementLegEnded.selector, 1);
        bytes memory signature = _signWallet(PAYER_KEY, _refusalDigest(address(agreement), 1, REASONS));
        vm.expectRevert(refusal);
        agreement.refuseTender(1, REASONS, signature, tender);
        vm.warp(BEGIN + 20 days);
        vm.expectRevert(refusal);
        agreement.deliverByTender(1, tender);
        vm.assertEq(agreement.legOf(1).n, 8);
        _recordTender(_tenderCall(2, 2));
    }

    function test_nothingIsRefusedOrDeliveredWithoutATender() external {
        Clause memory tender = _clause(TENDER);
        bytes memory refusal = abi.encodeWithSelector(IAgreementCustody.AgreementNotTendered.selector, 1);
        vm.expectRevert(refusal);
        agreement.refuseTender(1, REASONS, "", tender);
        vm.warp(BEGIN + 20 days);
        vm.expectRevert(refusal);
        agreement.deliverByTender(1, tender);
    }

    function _at(int32 north, int32 east) private view returns (TenderCall memory) {
        return _tenderCall(_located(1, 5, "previous", _values(north), _values(east)));
    }

    function _refuse(uint256 key) private {
        bytes memory signature = _signWallet(key, _refusalDigest(address(agreement), 1, REASONS));
        agreement.refuseTender(1, REASONS, signature, _clause(TENDER));
    }

    function _refusesRefusal(bytes memory signature) private {
        Clause memory tender = _clause(TENDER);
        vm.expectRevert(
            abi.encodeWithSelector(IAgreementCustody.AgreementPartySignatureInvalid.selector, vm.addr(PAYER_KEY))
        );
        agreement.refuseTender(1, REASONS, signature, tender);
    }

    function _refusesPlace(TenderCall memory call, int32 north, int32 east) private {
        _refuses(call, abi.encodeWithSelector(IAgreementCustody.AgreementNotAtDestination.selector, north, east));
    }

    function _refuses(TenderCall memory call, bytes memory refusal) private {
        vm.expectRevert(refusal);
        _recordTender(call);
    }
}
