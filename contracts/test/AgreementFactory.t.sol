// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAgreement} from "../src/interfaces/IAgreement.sol";
import {IAgreementFactory} from "../src/interfaces/IAgreementFactory.sol";
import {Clause} from "../src/libraries/Clauses.sol";
import {ShipmentFixture} from "./support/ShipmentFixture.sol";
import {ContractWallet} from "./support/ContractWallet.sol";
import {vm} from "./support/Vm.sol";

contract AgreementFactoryTest is ShipmentFixture {
    address private immutable payer = vm.addr(PAYER_KEY);
    address private immutable payee = vm.addr(PAYEE_KEY);

    /// @dev The fixture's agreement is not wanted here: each test makes its own.
    function setUp() public override {
        _deploy();
        _sampleTerms();
    }

    function test_makesTheAgreementWhereItWasPredictedAndBindsItsTerms() external {
        address predicted = factory.predict(termsHash, payer, payee);
        vm.assertEq(predicted.code.length, 0);
        vm.expectEmit();
        emit IAgreementFactory.AgreementCreated(predicted, termsHash, payer, payee);
        vm.assertEq(_create(PAYER_KEY, PAYEE_KEY), predicted);
        vm.assertEq(IAgreement(predicted).termsHash(), termsHash);
    }

    function testFuzz_theAddressBindsTermsPayerAndPayee(bytes32 otherTerms, address otherPayer, address otherPayee)
        external
        view
    {
        vm.assume(otherTerms != termsHash && otherPayer != payer && otherPayee != payee);
        address predicted = factory.predict(termsHash, payer, payee);
        vm.assertTrue(factory.predict(otherTerms, payer, payee) != predicted);
        vm.assertTrue(factory.predict(termsHash, otherPayer, payee) != predicted);
        vm.assertTrue(factory.predict(termsHash, payer, otherPayee) != predicted);
        vm.assertTrue(factory.predict(termsHash, payee, payer) != predicted);
    }

    function test_refusesASignatureOfSomebodyElse() external {
        _refuses(STRANGER_KEY, PAYEE_KEY, _digestHere(), payer);
        _refuses(PAYER_KEY, STRANGER_KEY, _digestHere(), payee);
    }

    function test_refusesSignaturesForAnotherFactory() external {
        _refuses(PAYER_KEY, PAYEE_KEY, _agreementDigest(address(this), payer, payee), payer);
    }

    function test_refusesSignaturesForAnotherChain() external {
        bytes32 digest = _digestHere();
        vm.chainId(4242);
        _refuses(PAYER_KEY, PAYEE_KEY, digest, payer);
    }

    function test_refusesSignaturesWithThePartiesExchanged() external {
        _refuses(PAYER_KEY, PAYEE_KEY, _agreementDigest(address(factory), payee, payer), payer);
    }

    function test_refusesSignaturesOverOtherTerms() external {
        bytes32 digest = _digestHere();
        termsHash = keccak256("other terms");
        _refuses(PAYER_KEY, PAYEE_KEY, digest, payer);
    }

    function test_refusesTheMalleatedSignature() external {
        bytes32 digest = _digestHere();
        bytes memory malleated = _malleatedWallet(PAYER_KEY, digest);
        bytes memory other = _signWallet(PAYEE_KEY, digest);
        Clause memory general = _clause(GENERAL);
        vm.expectRevert(abi.encodeWithSelector(IAgreementFactory.AgreementFactorySignatureInvalid.selector, payer));
        factory.create(termsHash, payer, payee, malleated, other, general);
    }

    function testFuzz_refusesBytesThatAreNoSignature(bytes calldata noise) external {
        bytes memory other = _signWallet(PAYEE_KEY, _digestHere());
        Clause memory general = _clause(GENERAL);
        vm.expectRevert(abi.encodeWithSelector(IAgreementFactory.AgreementFactorySignatureInvalid.selector, payer));
        factory.create(termsHash, payer, payee, noise, other, general);
    }

    function test_refusesTheSameAgreementTwice() external {
        address made = _create(PAYER_KEY, PAYEE_KEY);
        vm.expectRevert(abi.encodeWithSelector(IAgreementFactory.AgreementFactoryAlreadyCreated.selector, made));
        this.create();
    }

    function test_refusesPayerAndPayeeInOne() external {
        Clause memory general = _clause(GENERAL);
        vm.expectRevert(abi.encodeWithSelector(IAgreementFactory.AgreementFactoryPartiesEqual.selector, payer));
        factory.create(termsHash, payer, payer, "", "", general);
    }

    function test_takesTheSignatureOfAContractWallet() external {
        ContractWallet wallet = new ContractWallet(payee);
        bytes32 digest = _agreementDigest(address(factory), payer, address(wallet));
        bytes memory payerSignature = _signWallet(PAYER_KEY, digest);
        bytes memory strange = _signWallet(STRANGER_KEY, digest);
        Clause memory general = _clause(GENERAL);
        vm.expectRevert(
            abi.encodeWithSelector(IAgreementFactory.AgreementFactorySignatureInvalid.selector, address(wallet))
        );
        factory.create(termsHash, payer, address(wallet), payerSignature, strange, general);
        factory.create(termsHash, payer, address(wallet), payerSignature, _signWallet(PAYEE_KEY, digest), general);
    }

    function test_takesTheKeyOfAnAccountThatDelegatesItsCode() external {
        vm.etch(payee, abi.encodePacked(hex"ef0100", address(factory)));
        _create(PAYER_KEY, PAYEE_KEY);
    }

    function create() external {
        _create(PAYER_KEY, PAYEE_KEY);
    }

    function _digestHere() private view returns (bytes32) {
        return _agreementDigest(address(factory), payer, payee);
    }

    function _refuses(uint256 payerKey, uint256 payeeKey, bytes32 digest, address party) private {
        (bytes memory first, bytes memory second) = (_signWallet(payerKey, digest), _signWallet(payeeKey, digest));
        Clause memory general = _clause(GENERAL);
        vm.expectRevert(abi.encodeWithSelector(IAgreementFactory.AgreementFactorySignatureInvalid.selector, party));
        factory.create(termsHash, payer, payee, first, second, general);
    }
}
