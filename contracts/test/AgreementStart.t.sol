// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IAgreement} from "../src/interfaces/IAgreement.sol";
import {IAgreementCustody, Leg, Phase} from "../src/interfaces/IAgreementCustody.sol";
import {IAgreementPayout} from "../src/interfaces/IAgreementPayout.sol";
import {Clause, Clauses, Content} from "../src/libraries/Clauses.sol";
import {P256Signature} from "../src/libraries/Records.sol";
import {ShipmentFixture} from "./support/ShipmentFixture.sol";
import {vm} from "./support/Vm.sol";

contract AgreementStartTest is ShipmentFixture {
    uint16 private guaranteeBps;

    function _guaranteeBps() internal view override returns (uint16) {
        return guaranteeBps;
    }

    function test_putsLeg0IntoTheCustodyOfThePayee() external {
        StartCall memory call = _startCall();
        vm.expectEmit();
        emit IAgreementCustody.Started(vm.addr(PAYEE_KEY), _keysHash(0, call.keys));
        _start(call);
        vm.assertEq(agreement.custodianOf(0), vm.addr(PAYEE_KEY));
        Leg memory leg = agreement.legOf(0);
        vm.assertEq(leg.keysHash, _keysHash(0, call.keys));
        vm.assertEq(leg.custodian, vm.addr(PAYEE_KEY));
        vm.assertEq(leg.beganAt, 1_800_000_000);
        vm.assertEq(leg.n, 0);
        vm.assertFalse(leg.ended);
        vm.assertTrue(agreement.phase() == Phase.Started);
        vm.assertEq(agreement.deliveredAt(), 0);
    }

    function test_hasNoCustodianBefore() external view {
        vm.assertEq(agreement.custodianOf(0), address(0));
        vm.assertEq(agreement.legOf(0).keysHash, 0);
        vm.assertTrue(agreement.phase() == Phase.Created);
        vm.assertEq(agreement.factory(), address(factory));
    }

    function test_whoeverSendsItDoesNotCount() external {
        StartCall memory call = _startCall();
        vm.prank(vm.addr(STRANGER_KEY));
        _start(call);
        vm.assertEq(agreement.custodianOf(0), vm.addr(PAYEE_KEY));
    }

    function test_waitsForTheGuarantee() external {
        guaranteeBps = 2500;
        _sampleTerms();
        agreement = IAgreement(_create(PAYER_KEY, PAYEE_KEY));
        StartCall memory call = _startCall();
        uint256 guarantee = 2 * AMOUNT / 4;
        _refuses(call, abi.encodeWithSelector(IAgreementCustody.AgreementNotFunded.selector, guarantee));

        vm.prank(vm.addr(PAYER_KEY));
        escrow.issue(address(this), guarantee);
        IERC20(token).approve(address(agreement), guarantee);
        agreement.fund(call.heading, _clause(WINDOWS));
        _start(call);
        vm.assertEq(agreement.custodianOf(0), vm.addr(PAYEE_KEY));
    }

    function test_refusesAGeneralClauseThatTheTermsDoNotHave() external {
        guaranteeBps = 2500;
        _sampleTerms();
        agreement = IAgreement(_create(PAYER_KEY, PAYEE_KEY));
        StartCall memory call = _startCall();
        guaranteeBps = 0;
        call.heading.general.body = _generalBody(_general());
        _refuses(call, abi.encodeWithSelector(Clauses.ClauseNotInTerms.selector, termsHash));
    }

    function test_neverStartsWhatWasClosed() external {
        StartCall memory call = _startCall();
        Clause memory deadline = _clause(DEADLINE);
        vm.warp(BEGIN + 40 days);
        agreement.closeUndelivered(0, deadline);
        _refuses(call, abi.encodeWithSelector(IAgreementCustody.AgreementPhaseUnexpected.selector, Phase.Delivered));
    }

    function test_startsOnce() external {
        StartCall memory call = _startCall();
        _start(call);
        vm.expectRevert(IAgreementCustody.AgreementAlreadyStarted.selector);
        _start(call);
    }

    function test_refusesKeysThatTheDeviceDidNotSign() external {
        StartCall memory call = _startCall();
        call.signature = _signP256(_legKey(0), _keysHash(0, call.keys));
        _refuses(call, abi.encodeWithSelector(IAgreementCustody.AgreementDeviceSignatureInvalid.selector));
    }

    /// forge-config: default.fuzz.runs = 250
    /// forge-config: deep.fuzz.runs = 2000
    function testFuzz_refusesEveryOtherKey(uint8 field, uint8 bit) external {
        StartCall memory call = _startCall();
        bytes32 mask = bytes32(uint256(1) << bit);
        if (field % 4 == 0) call.keys.p256X ^= mask;
        else if (field % 4 == 1) call.keys.p256Y ^= mask;
        else if (field % 4 == 2) call.keys.mlDsaKeyHash ^= mask;
        else call.keys.slhDsaKey ^= mask;
        _refuses(call, abi.encodeWithSelector(IAgreementCustody.AgreementDeviceSignatureInvalid.selector));
    }

    function test_refusesTheSignatureWithHighS() external {
        StartCall memory call = _startCall();
        call.signature.s = _otherS(call.signature.s);
        _refuses(call, abi.encodeWithSelector(IAgreementCustody.AgreementDeviceSignatureInvalid.selector));
    }

    function test_refusesTheZeroSignature() external {
        StartCall memory call = _startCall();
        call.signature = P256Signature(0, 0);
        _refuses(call, abi.encodeWithSelector(IAgreementCustody.AgreementDeviceSignatureInvalid.selector));
    }

    function test_refusesKeysSignedForAnotherAgreement() external {
        IAgreement here = agreement;
        agreement = IAgreement(address(this));
        StartCall memory call = _startCall();
        agreement = here;
        _refuses(call, abi.encodeWithSelector(IAgreementCustody.AgreementDeviceSignatureInvalid.selector));
    }

    function test_refusesKeysSignedForAnotherChain() external {
        StartCall memory call = _startCall();
        vm.chainId(4242);
        _refuses(call, abi.encodeWithSelector(IAgreementCustody.AgreementDeviceSignatureInvalid.selector));
    }

    function test_refusesKeysSignedForAnotherLeg() external {
        StartCall memory call = _startCall();
        call.signature = _signP256(DEVICE_KEY, _keysHash(1, call.keys));
        _refuses(call, abi.encodeWithSelector(IAgreementCustody.AgreementDeviceSignatureInvalid.selector));
    }

    function test_refusesADeviceThatTheTermsDoNotName() external {
        StartCall memory call = _startCall();
        call.device.body = _deviceBody(STRANGER_KEY, 2);
        call.signature = _signP256(STRANGER_KEY, _keysHash(0, call.keys));
        _refuses(call, abi.encodeWithSelector(Clauses.ClauseNotInTerms.selector, termsHash));
    }

    function test_refusesAPartyInTheRoleOfAnother() external {
        _replace(PAYEE, _partyBody(1, 3, "supplier", PAYEE_KEY, AMOUNT, PENALTY_CAP));
        _begin();
        _refuses(_startCall(), abi.encodeWithSelector(IAgreementCustody.AgreementRoleUnexpected.selector, 3, 2));
        _replace(PAYER, _partyBody(0, Clauses.ROLE_PAYEE, "factory", PAYER_KEY, 0, 0));
        _begin();
        _refuses(_startCall(), abi.encodeWithSelector(IAgreementCustody.AgreementRoleUnexpected.selector, 2, 1));
    }

    function test_wantsAllPartiesInTheirOrder() external {
        StartCall memory call = _startCall();
        for (uint256 count = 0; count < PARTIES; ++count) {
            call.heading = _heading(count);
            _refuses(call, abi.encodeWithSelector(IAgreementPayout.AgreementPartiesIncomplete.selector, count));
        }
        call.heading = _heading(PARTIES + 1);
        _refuses(call, abi.encodeWithSelector(Clauses.ClauseNotInTerms.selector, termsHash));
        call.heading = _heading(PARTIES);
        (call.heading.parties[0], call.heading.parties[1]) = (call.heading.parties[1], call.heading.parties[0]);
        _refuses(call, abi.encodeWithSelector(Clauses.ClauseNotInTerms.selector, termsHash));
    }

    function test_refusesAClauseOfAnotherKind() external {
        StartCall memory call = _startCall();
        call.device = _clause(PAYEE);
        _refuses(call, abi.encodeWithSelector(Clauses.ClauseKindUnexpected.selector, 2, 3));
    }

    /// @dev The payer signs with somebody else terms that name the payee: without this rule it would be custodian without having signed anything.
    function test_refusesTermsWhosePartiesDidNotSign() external {
        agreement = IAgreement(_create(PAYER_KEY, CARRIER_KEY));
        _refuses(
            _startCall(),
            abi.encodeWithSelector(
                IAgreementCustody.AgreementPartiesNotSigners.selector, vm.addr(PAYER_KEY), vm.addr(PAYEE_KEY)
            )
        );
    }

    function test_refusesKeysSignedForAnAgreementOfAnotherFactory() external {
        IAgreement here = agreement;
        agreement = IAgreement(_newFactory().predict(termsHash, vm.addr(PAYER_KEY), vm.addr(PAYEE_KEY)));
        StartCall memory call = _startCall();
        agreement = here;
        _refuses(call, abi.encodeWithSelector(IAgreementCustody.AgreementDeviceSignatureInvalid.selector));
    }

    function test_theImplementationItselfCannotBeStarted() external {
        agreement = IAgreement(factory.implementation());
        _refuses(_startCall(), abi.encodeWithSelector(Clauses.ClauseNotInTerms.selector, agreement.termsHash()));
    }

    /// forge-config: default.fuzz.runs = 250
    /// forge-config: deep.fuzz.runs = 2000
    function testFuzz_refusesAClauseWithAnyChange(uint8 what, uint8 bit, uint16 place) external {
        StartCall memory call = _startCall();
        Content memory payee = call.heading.parties[1];
        bytes32 mask = bytes32(uint256(1) << bit);
        if (what % 3 == 0) payee.salt ^= mask;
        else if (what % 3 == 1) call.heading.rest[place % call.heading.rest.length] ^= mask;
        else payee.body[place % payee.body.length] ^= bytes1(uint8(1 << (bit % 8)));
        _refuses(call, abi.encodeWithSelector(Clauses.ClauseNotInTerms.selector, termsHash));
    }

    function _begin() private {
        _sealTerms();
        agreement = IAgreement(_create(PAYER_KEY, PAYEE_KEY));
    }

    function _refuses(StartCall memory call, bytes memory refusal) private {
        vm.expectRevert(refusal);
        _start(call);
    }
}
