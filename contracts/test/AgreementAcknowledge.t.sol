// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAgreement} from "../src/interfaces/IAgreement.sol";
import {IAgreementCustody, Phase} from "../src/interfaces/IAgreementCustody.sol";
import {IAgreementPayout} from "../src/interfaces/IAgreementPayout.sol";
import {ContractWallet} from "./support/ContractWallet.sol";
import {PayoutFixture} from "./support/PayoutFixture.sol";
import {vm} from "./support/Vm.sol";

contract AgreementAcknowledgeTest is PayoutFixture {
    function setUp() public override {
        super.setUp();
        _fund();
        _start(_startCall());
    }

    function test_recordsWhatAPartySaysItGotWhoeverShowsIt() external {
        vm.expectEmit();
        emit IAgreementPayout.Acknowledged(payee, 5 ether);
        _acknowledge(PAYEE_KEY, 5 ether);
        vm.assertEq(agreement.acknowledgedBy(payee), 5 ether);
        vm.assertEq(agreement.acknowledgedBy(carrier), 0);
    }

    function test_takesOnlyMoreThanBefore() external {
        _acknowledge(PAYEE_KEY, 5 ether);
        _refuses(5 ether, _sign(PAYEE_KEY, 5 ether), _old(5 ether, 5 ether));
        _refuses(4 ether, _sign(PAYEE_KEY, 4 ether), _old(4 ether, 5 ether));
        _refuses(0, _sign(PAYEE_KEY, 0), _old(0, 5 ether));
        _acknowledge(PAYEE_KEY, 5 ether + 1);
    }

    function test_refusesTheSignatureOfAnother() external {
        _refuses(5 ether, _sign(CARRIER_KEY, 5 ether), _invalid());
        _refuses(5 ether, _sign(PAYEE_KEY, 6 ether), _invalid());
        _refuses(5 ether, "", _invalid());
    }

    function test_refusesTheOtherFormsOfASignature() external {
        bytes32 digest = _acknowledgementDigest(address(agreement), payee, 5 ether);
        _refuses(5 ether, _malleatedWallet(PAYEE_KEY, digest), _invalid());
        _refuses(5 ether, _compactWallet(PAYEE_KEY, digest), _invalid());
    }

    function test_refusesAnAcknowledgementOfAnotherAgreement() external {
        bytes memory signature = _sign(PAYEE_KEY, 5 ether);
        agreement = IAgreement(_create(PAYER_KEY, STRANGER_KEY));
        vm.warp(BEGIN + 40 days);
        agreement.closeUndelivered(0, _clause(DEADLINE));
        _refuses(5 ether, signature, _invalid());
    }

    function test_refusesAnAcknowledgementOfAnotherChain() external {
        bytes memory signature = _sign(PAYEE_KEY, 5 ether);
        vm.chainId(4242);
        _refuses(5 ether, signature, _invalid());
        vm.chainId(31_337);
        agreement.acknowledge(payee, 5 ether, signature);
    }

    function test_takesTheWordOfAWalletWithCode() external {
        address wallet = address(new ContractWallet(vm.addr(STRANGER_KEY)));
        bytes32 digest = _acknowledgementDigest(address(agreement), wallet, 5 ether);
        bytes memory byOther = _signWallet(CARRIER_KEY, digest);
        vm.expectRevert(abi.encodeWithSelector(IAgreementPayout.AgreementAcknowledgementInvalid.selector, wallet));
        agreement.acknowledge(wallet, 5 ether, byOther);
        agreement.acknowledge(wallet, 5 ether, _signWallet(STRANGER_KEY, digest));
        vm.assertEq(agreement.acknowledgedBy(wallet), 5 ether);
    }

    function test_takesNoneBeforeTheStart() external {
        agreement = IAgreement(_create(PAYER_KEY, STRANGER_KEY));
        bytes memory refusal =
            abi.encodeWithSelector(IAgreementCustody.AgreementPhaseUnexpected.selector, Phase.Created);
        _refuses(5 ether, _sign(PAYEE_KEY, 5 ether), refusal);
    }

    function _sign(uint256 key, uint256 cumulative) private view returns (bytes memory) {
        return _signWallet(key, _acknowledgementDigest(address(agreement), payee, cumulative));
    }

    function _refuses(uint256 cumulative, bytes memory signature, bytes memory refusal) private {
        vm.expectRevert(refusal);
        agreement.acknowledge(payee, cumulative, signature);
    }

    function _old(uint256 cumulative, uint256 known) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IAgreementPayout.AgreementAcknowledgementOld.selector, cumulative, known);
    }

    function _invalid() private view returns (bytes memory) {
        return abi.encodeWithSelector(IAgreementPayout.AgreementAcknowledgementInvalid.selector, payee);
    }
}
