// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CaseState} from "../src/interfaces/IAgreementClaims.sol";
import {IAgreementCustody} from "../src/interfaces/IAgreementCustody.sol";
import {DelegatedKeys} from "../src/interfaces/IAgreementDelegations.sol";
import {IAgreementDisputes} from "../src/interfaces/IAgreementDisputes.sol";
import {Delegation, Delegations} from "../src/libraries/Delegations.sol";
import {DelegationFixture} from "./support/DelegationFixture.sol";
import {DisputeFixture} from "./support/DisputeFixture.sol";
import {ShipmentFixture} from "./support/ShipmentFixture.sol";
import {vm} from "./support/Vm.sol";

/// @dev A driver took the goods when classical signatures could be believed no longer.
contract AgreementConfirmDelegatedLegTest is DisputeFixture, DelegationFixture {
    uint8 private constant CARRIER_INDEX = 2;
    uint64 private constant LATE_MS = uint64((CLASSICAL_UNTIL + 7 days) * 1000);

    CutCall private _cut;

    function setUp() public override(DisputeFixture, ShipmentFixture) {
        super.setUp();
        _start(_startCall());
        vm.warp(CLASSICAL_UNTIL);
        (CutCall memory call, bytes memory head) = _driversCut(0, 20);
        _recordDelegatedCut(call, _delegated(_long(), head));
        _cut = call;
    }

    function test_aLegIsConfirmedByTheOneBeforeThePartyAndItsDriver() external {
        bytes32 caseId = _contested(1, 5);
        SealAnswer memory answer = _sealAnswer(caseId, 9);
        vm.expectRevert(abi.encodeWithSelector(IAgreementDisputes.AgreementLegNotConfirmed.selector, 1));
        _answer(answer);
        vm.expectEmit();
        emit IAgreementDisputes.LegConfirmed(1);
        _confirmDelegated(_confirmation(), _byCarrier(_long()));
        _answer(answer);
        vm.assertTrue(agreement.caseOf(caseId).state == CaseState.Upheld);
    }

    function test_theDriversSignatureIsNotTheCarriers() external {
        Confirmation memory call = _confirmation();
        vm.expectRevert(_invalid());
        _confirm(call);
    }

    function test_refusesADelegationThatTheTakerDidNotSign() external {
        DelegatedKeys memory delegated = _delegatedKeys(_long(), _partySlhDsaKey(1));
        _refuses(_confirmation(), delegated, _invalid());
        delegated = _byCarrier(_long());
        delegated.signature = "";
        _refuses(_confirmation(), delegated, _invalid());
        delegated = _byCarrier(_long());
        delegated.delegation.delegate = vm.addr(STRANGER_KEY);
        _refuses(_confirmation(), delegated, _invalid());
    }

    function test_refusesAnAcceptanceThatTheDelegateDidNotSign() external {
        Confirmation memory call = _confirmation();
        _signConfirmation(call, CARRIER_INDEX);
        _refuses(call, _byCarrier(_long()), _invalid());
        call = _confirmation();
        call.accept.reservationsHash = "another";
        _refuses(call, _byCarrier(_long()), _invalid());
        call = _confirmation();
        call.keysSignature = "";
        _refuses(call, _byCarrier(_long()), _invalid());
    }

    function test_refusesKeysThatTheDelegationDoesNotName() external {
        DelegatedKeys memory delegated = _byCarrier(_long());
        bytes memory refusal =
            abi.encodeWithSelector(Delegations.DelegationKeysUnexpected.selector, delegated.delegation.pqKeyHash);
        delegated.slhDsaKey = "of a thief";
        _refuses(_confirmation(), delegated, refusal);
        delegated = _byCarrier(_long());
        delegated.mlDsaKeyHash = "of a thief";
        _refuses(_confirmation(), delegated, refusal);
    }

    function test_refusesADelegationForAnotherAgreement() external {
        Delegation memory delegation = _long();
        delegation.scope = "another";
        _refuses(
            _confirmation(),
            _byCarrier(delegation),
            abi.encodeWithSelector(Delegations.DelegationOutOfScope.selector, delegation.scope, termsHash)
        );
        delegation.scope = 0;
        _confirmDelegated(_confirmation(), _byCarrier(delegation));
    }

    /// @dev The device's clock is as good as P-256: so here the chain's own counts.
    function test_refusesADelegationThatHadEndedWhenTheLegBegan() external {
        Delegation memory delegation = _long();
        delegation.notAfterMs = uint64(CLASSICAL_UNTIL * 1000) - 1;
        _refuses(
            _confirmation(),
            _byCarrier(delegation),
            abi.encodeWithSelector(
                Delegations.DelegationExpired.selector, delegation.notAfterMs, CLASSICAL_UNTIL * 1000
            )
        );
        ++delegation.notAfterMs;
        _confirmDelegated(_confirmation(), _byCarrier(delegation));
    }

    function test_refusesLegZeroAndTheAcceptanceOfAnotherParty() external {
        Confirmation memory call = _confirmation();
        (call.leg, call.keys) = (0, _legKeys(0));
        bytes memory refusal = abi.encodeWithSelector(IAgreementCustody.AgreementAcceptNotAsAgreed.selector);
        _refuses(call, _byCarrier(_long()), refusal);
        call = _confirmation();
        (call.accept.party, call.taker) = (payee, _clause(PAYEE));
        _refuses(call, _byCarrier(_long()), refusal);
    }

    function _begin() internal override {}

    function _newVerifier() internal override(DisputeFixture, ShipmentFixture) returns (address) {
        return super._newVerifier();
    }

    function _long() private view returns (Delegation memory delegation) {
        delegation = _delegation();
        delegation.notAfterMs = LATE_MS;
    }

    function _byCarrier(Delegation memory delegation) private view returns (DelegatedKeys memory) {
        return _delegatedKeys(delegation, _partySlhDsaKey(CARRIER_INDEX));
    }

    function _confirmation() private view returns (Confirmation memory call) {
        call = _confirmationOf(_cut, CARRIER, CARRIER_INDEX);
        bytes32 accepted = _acceptDigest(address(agreement), _offerDigest(0, call.offer), call.accept);
        call.acceptSignature = _signSlhDsa(DRIVER_SLH_DSA, accepted);
    }

    function _refuses(Confirmation memory call, DelegatedKeys memory delegated, bytes memory reason) private {
        vm.expectRevert(reason);
        _confirmDelegated(call, delegated);
    }

    function _confirmDelegated(Confirmation memory call, DelegatedKeys memory delegated) private {
        agreement.confirmDelegatedLeg(
            call.leg,
            call.keys,
            call.keysSignature,
            call.keysBefore,
            call.offer,
            call.accept,
            call.acceptSignature,
            call.taker,
            call.general,
            delegated
        );
    }

    function _invalid() private pure returns (bytes memory) {
        return abi.encodeWithSelector(IAgreementDisputes.AgreementPostQuantumSignatureInvalid.selector);
    }
}
