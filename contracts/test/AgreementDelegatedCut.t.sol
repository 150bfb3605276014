// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAgreement} from "../src/interfaces/IAgreement.sol";
import {IAgreementClaims} from "../src/interfaces/IAgreementClaims.sol";
import {IAgreementCustody} from "../src/interfaces/IAgreementCustody.sol";
import {Delegated, IAgreementDelegations} from "../src/interfaces/IAgreementDelegations.sol";
import {Delegation, Delegations} from "../src/libraries/Delegations.sol";
import {EnvelopeCodec} from "../src/libraries/EnvelopeCodec.sol";
import {ContractWallet} from "./support/ContractWallet.sol";
import {DelegationFixture} from "./support/DelegationFixture.sol";
import {vm} from "./support/Vm.sol";

contract AgreementDelegatedCutTest is DelegationFixture {
    function setUp() public override {
        super.setUp();
        _start(_startCall());
    }

    function test_passesCustodyToThePartyNotToItsDriver() external {
        (CutCall memory call, bytes memory head) = _driversCut(0, 3);
        Delegated memory delegated = _delegated(_delegation(), head);
        vm.expectEmit();
        emit IAgreementCustody.CustodyTransferred(0, vm.addr(CARRIER_KEY), 3, _cutDigestOf(call));
        vm.prank(vm.addr(STRANGER_KEY));
        _recordDelegatedCut(call, delegated);
        vm.assertEq(agreement.custodianOf(1), vm.addr(CARRIER_KEY));
        vm.assertEq(agreement.legOf(0).n, 3);
        vm.assertEq(agreement.legOf(1).keysHash, call.offer.nextKeysHash);
    }

    function test_aDriverCannotAcceptWithoutADelegation() external {
        (CutCall memory call,) = _driversCut(0, 3);
        vm.expectRevert(
            abi.encodeWithSelector(IAgreementCustody.AgreementAcceptSignatureInvalid.selector, vm.addr(CARRIER_KEY))
        );
        _recordCut(call);
    }

    function test_aDelegationForAllAgreementsHolds() external {
        Delegation memory delegation = _delegation();
        delegation.scope = 0;
        (CutCall memory call, bytes memory head) = _driversCut(0, 3);
        _recordDelegatedCut(call, _delegated(delegation, head));
        vm.assertEq(agreement.custodianOf(1), vm.addr(CARRIER_KEY));
    }

    function test_oneDelegationServesSeveralHandovers() external {
        (CutCall memory call, bytes memory head) = _driversCut(0, 3);
        _recordDelegatedCut(call, _delegated(_delegation(), head));
        _recordCut(_cutCall(1, 2, PAYEE, PAYEE_KEY));
        (call, head) = _driversCut(2, 4);
        _recordDelegatedCut(call, _delegated(_delegation(), head));
        vm.assertEq(agreement.custodianOf(3), vm.addr(CARRIER_KEY));
    }

    function test_endsALegOnce() external {
        (CutCall memory call, bytes memory head) = _driversCut(0, 3);
        _recordDelegatedCut(call, _delegated(_delegation(), head));
        _refuses(call, _delegation(), head, abi.encodeWithSelector(IAgreementCustody.AgreementLegEnded.selector, 0));
    }

    /// forge-config: default.fuzz.runs = 250
    /// forge-config: deep.fuzz.runs = 2000
    function testFuzz_refusesTheScopeOfAnotherAgreement(bytes32 scope) external {
        vm.assume(scope != 0 && scope != termsHash);
        Delegation memory delegation = _delegation();
        delegation.scope = scope;
        (CutCall memory call, bytes memory head) = _driversCut(0, 3);
        _refuses(
            call, delegation, head, abi.encodeWithSelector(Delegations.DelegationOutOfScope.selector, scope, termsHash)
        );
    }

    function test_refusesTheAcceptAndTheDelegationInAnotherAgreement() external {
        (CutCall memory call, bytes memory head) = _driversCut(0, 3);
        Delegation memory delegation = _delegation();
        bytes32 before = termsHash;
        _add(6, "so that the terms are others");
        _sealTerms();
        agreement = IAgreement(_create(PAYER_KEY, PAYEE_KEY));
        _start(_startCall());
        call.taker = _clause(CARRIER);
        (CutCall memory here, bytes memory headHere) = _driversCut(0, 3);
        (call.keys, call.offer) = (here.keys, here.offer);
        Delegated memory delegated = _delegated(delegation, head);
        vm.expectRevert(abi.encodeWithSelector(Delegations.DelegationOutOfScope.selector, before, termsHash));
        _recordDelegatedCut(here, _delegated(delegation, headHere));
        delegated.delegation.scope = 0;
        delegated = _delegated(delegated.delegation, head);
        vm.expectRevert(_notAcceptedBy(DRIVER_KEY));
        _recordDelegatedCut(call, delegated);
    }

    /// @dev The agreement stands at one address on both chains, and the device and the driver sign for this one.
    function test_refusesADelegationOfAnotherChain() external {
        Delegation memory delegation = _delegation();
        bytes32 digest = _delegationDigest(block.chainid + 1, vm.addr(CARRIER_KEY), delegation);
        bytes memory elsewhere = _signWallet(CARRIER_KEY, digest);
        (CutCall memory call, bytes memory head) = _driversCut(0, 3);
        Delegated memory delegated = Delegated(delegation, elsewhere, head);
        vm.expectRevert(_notDelegatedBy(CARRIER_KEY));
        _recordDelegatedCut(call, delegated);
    }

    function test_refusesAnAcceptByAnotherDelegate() external {
        (CutCall memory call, bytes memory head) = _driversCut(0, 3);
        _signCut(call, STRANGER_KEY);
        _refuses(call, _delegation(), head, _notAcceptedBy(DRIVER_KEY));
    }

    function test_refusesADelegationThatAnotherPartySigned() external {
        (CutCall memory call, bytes memory head) = _driversCut(0, 3);
        Delegated memory delegated = _delegated(_delegation(), head);
        delegated.signature = _signWallet(PAYEE_KEY, _delegationDigest(vm.addr(CARRIER_KEY), delegated.delegation));
        vm.expectRevert(_notDelegatedBy(CARRIER_KEY));
        _recordDelegatedCut(call, delegated);
        // Nor one that it signed for itself: its drivers accept for it alone.
        delegated.signature = _signWallet(PAYEE_KEY, _delegationDigest(vm.addr(PAYEE_KEY), delegated.delegation));
        vm.expectRevert(_notDelegatedBy(CARRIER_KEY));
        _recordDelegatedCut(call, delegated);
    }

    function test_aDriverDelegatesToNobody() external {
        (CutCall memory call, bytes memory head) = _driversCut(0, 3);
        _signCut(call, STRANGER_KEY);
        Delegation memory further = _delegation();
        further.delegate = vm.addr(STRANGER_KEY);
        Delegated memory delegated = _delegated(further, head);
        delegated.signature = _signWallet(DRIVER_KEY, _delegationDigest(vm.addr(CARRIER_KEY), further));
        vm.expectRevert(_notDelegatedBy(CARRIER_KEY));
        _recordDelegatedCut(call, delegated);
    }

    /// forge-config: default.fuzz.runs = 250
    /// forge-config: deep.fuzz.runs = 2000
    function testFuzz_refusesAnyChangeOfTheDelegation(uint8 field, uint8 bit) external {
        (CutCall memory call, bytes memory head) = _driversCut(0, 3);
        Delegated memory delegated = _delegated(_delegation(), head);
        Delegation memory changed = delegated.delegation;
        if (field % 4 == 0) changed.delegate = address(uint160(changed.delegate) ^ (uint160(1) << (bit % 160)));
        else if (field % 4 == 1) changed.pqKeyHash ^= bytes32(uint256(1) << bit);
        else if (field % 4 == 2) changed.scope = 0;
        else changed.notAfterMs += uint64(bit) + 1;
        vm.expectRevert(_notDelegatedBy(CARRIER_KEY));
        _recordDelegatedCut(call, delegated);
    }

    function test_refusesOtherFormsOfTheSignatures() external {
        (CutCall memory call, bytes memory head) = _driversCut(0, 3);
        Delegated memory delegated = _delegated(_delegation(), head);
        bytes32 digest = _delegationDigest(vm.addr(CARRIER_KEY), delegated.delegation);
        delegated.signature = _malleatedWallet(CARRIER_KEY, digest);
        vm.expectRevert(_notDelegatedBy(CARRIER_KEY));
        _recordDelegatedCut(call, delegated);
        delegated.signature = "";
        vm.expectRevert(_notDelegatedBy(CARRIER_KEY));
        _recordDelegatedCut(call, delegated);

        digest = _acceptDigest(address(agreement), _offerDigest(0, call.offer), call.accept);
        call.acceptSignature = _malleatedWallet(DRIVER_KEY, digest);
        _refuses(call, _delegation(), head, _notAcceptedBy(DRIVER_KEY));
    }

    /// forge-config: default.fuzz.runs = 250
    /// forge-config: deep.fuzz.runs = 2000
    function testFuzz_holdsUpToItsEndByTheDevicesClock(uint64 notAfterMs, uint32 n) external {
        n = n % 1000 + 1;
        Delegation memory delegation = _delegation();
        delegation.notAfterMs = notAfterMs;
        (CutCall memory call, bytes memory head) = _driversCut(0, n);
        uint256 atMs = BEGIN_MS + uint256(n - 1) * ENVELOPE_MS;
        if (atMs > notAfterMs) {
            _refuses(call, delegation, head, _expired(notAfterMs, atMs));
        } else {
            _recordDelegatedCut(call, _delegated(delegation, head));
            vm.assertEq(agreement.custodianOf(1), vm.addr(CARRIER_KEY));
        }
    }

    function test_expiresWithinAMillisecond() external {
        Delegation memory delegation = _delegation();
        delegation.notAfterMs = BEGIN_MS + 2 * ENVELOPE_MS - 1;
        (CutCall memory call, bytes memory head) = _driversCut(0, 3);
        _refuses(call, delegation, head, _expired(delegation.notAfterMs, BEGIN_MS + 2 * ENVELOPE_MS));
        ++delegation.notAfterMs;
        _recordDelegatedCut(call, _delegated(delegation, head));
    }

    /// @dev Else a carrier could shed what its driver took, by keeping the cut from the chain for a while.
    function test_aCutThatComesToTheChainLateStands() external {
        (CutCall memory call, bytes memory head) = _driversCut(0, 3);
        Delegated memory delegated = _delegated(_delegation(), head);
        vm.warp(NOT_AFTER_MS / 1000 + 365 days);
        _recordDelegatedCut(call, delegated);
        vm.assertEq(agreement.custodianOf(1), vm.addr(CARRIER_KEY));
    }

    /// @dev Else whoever reboots the box without a network makes an ended delegation hold.
    function test_refusesAClockThatIsNotSet() external {
        Envelope memory last = _measured(0, 2, "previous", _values(20_000));
        last.clockState = 0;
        bytes memory head = _disclose(last, TEMPERATURE).header;
        CutCall memory call = _driversCut(0, 3, head);
        _refuses(call, _delegation(), head, abi.encodeWithSelector(IAgreementClaims.AgreementClockUnset.selector));
        last.clockState = 2;
        head = _disclose(last, TEMPERATURE).header;
        call = _driversCut(0, 3, head);
        _recordDelegatedCut(call, _delegated(_delegation(), head));
    }

    function test_ofALegWithoutEnvelopesTheChainsOwnClockCounts() external {
        Delegation memory delegation = _delegation();
        (CutCall memory call,) = _driversCut(0, 0);
        vm.warp(NOT_AFTER_MS / 1000 + 1);
        _refuses(call, delegation, "", _expired(NOT_AFTER_MS, NOT_AFTER_MS + 1000));
        vm.warp(NOT_AFTER_MS / 1000);
        _recordDelegatedCut(call, _delegated(delegation, ""));
        vm.assertEq(agreement.custodianOf(1), vm.addr(CARRIER_KEY));
    }

    function test_refusesAnotherEnvelopeThanTheLast() external {
        (CutCall memory call,) = _driversCut(0, 3);
        bytes memory earlier = _last(0, 2).header;
        _refuses(
            call,
            _delegation(),
            earlier,
            abi.encodeWithSelector(IAgreementDelegations.AgreementCutNotAtEnvelope.selector)
        );
        _refuses(call, _delegation(), "", abi.encodeWithSelector(EnvelopeCodec.EnvelopeHeaderMalformed.selector));
    }

    function test_refusesACutThatTheLegDidNotSign() external {
        (CutCall memory call, bytes memory head) = _driversCut(0, 3);
        call.signature = _signP256(DEVICE_KEY, _cutDigestOf(call));
        _refuses(
            call,
            _delegation(),
            head,
            abi.encodeWithSelector(IAgreementCustody.AgreementDeviceSignatureInvalid.selector)
        );
    }

    function test_refusesAnAcceptThatDiffersFromTheTakersClause() external {
        (CutCall memory call, bytes memory head) = _driversCut(0, 3);
        --call.accept.penaltyMax;
        _signCut(call, DRIVER_KEY);
        _refuses(
            call, _delegation(), head, abi.encodeWithSelector(IAgreementCustody.AgreementAcceptNotAsAgreed.selector)
        );
    }

    function test_partyAndDelegateMayBeContracts() external {
        (CutCall memory call, bytes memory head) = _driversCut(0, 3);
        vm.etch(vm.addr(CARRIER_KEY), address(new ContractWallet(vm.addr(STRANGER_KEY))).code);
        Delegation memory delegation = _delegation();
        delegation.delegate = address(new ContractWallet(vm.addr(DRIVER_KEY)));
        Delegated memory delegated = _delegated(delegation, head);
        delegated.signature = _signWallet(STRANGER_KEY, _delegationDigest(vm.addr(CARRIER_KEY), delegation));
        _recordDelegatedCut(call, delegated);
        vm.assertEq(agreement.custodianOf(1), vm.addr(CARRIER_KEY));
    }

    function _refuses(CutCall memory call, Delegation memory delegation, bytes memory head, bytes memory reason)
        private
    {
        Delegated memory delegated = _delegated(delegation, head);
        vm.expectRevert(reason);
        _recordDelegatedCut(call, delegated);
    }

    function _notAcceptedBy(uint256 key) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IAgreementCustody.AgreementAcceptSignatureInvalid.selector, vm.addr(key));
    }

    function _notDelegatedBy(uint256 key) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IAgreementDelegations.AgreementDelegationSignatureInvalid.selector, vm.addr(key));
    }

    function _expired(uint64 notAfterMs, uint256 atMs) private pure returns (bytes memory) {
        return abi.encodeWithSelector(Delegations.DelegationExpired.selector, notAfterMs, atMs);
    }
}
