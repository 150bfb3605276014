// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAgreement} from "../src/interfaces/IAgreement.sol";
import {IAgreementFactory} from "../src/interfaces/IAgreementFactory.sol";
import {ICollateralEscrow} from "../src/interfaces/ICollateralEscrow.sol";
import {Clause, Clauses, General} from "../src/libraries/Clauses.sol";
import {Answering, ReentrantEscrow} from "./support/OddEscrows.sol";
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
        vm.assertEq(IAgreement(predicted).factory(), address(factory));
        vm.assertEq(IAgreement(predicted).postQuantumVerifier(), factory.postQuantumVerifier());
    }

    function test_reservesTheAmountsInThePayersEscrow() external {
        address predicted = factory.predict(termsHash, payer, payee);
        vm.expectEmit();
        emit ICollateralEscrow.Reserved(predicted, 2 * AMOUNT);
        _create(PAYER_KEY, PAYEE_KEY);
        vm.assertEq(escrow.reserved(), 2 * AMOUNT);
    }

    function test_makesNothingThatTheEscrowDoesNotCover() external {
        // 100 USD at 3,000 USD per ether and 150 %.
        vm.deal(address(escrow), 0.05 ether - 1);
        vm.expectRevert(
            abi.encodeWithSelector(
                ICollateralEscrow.CollateralEscrowUndercollateralised.selector, 0.05 ether - 1, 0.05 ether
            )
        );
        this.create();
        vm.assertEq(factory.predict(termsHash, payer, payee).code.length, 0);
        vm.deal(address(escrow), 0.05 ether);
        _create(PAYER_KEY, PAYEE_KEY);
    }

    function test_refusesAPayerWhoseEscrowItIsNot() external {
        vm.expectRevert(
            abi.encodeWithSelector(
                ICollateralEscrow.CollateralEscrowPayerUnexpected.selector, vm.addr(STRANGER_KEY), payer
            )
        );
        this.createFor(STRANGER_KEY, PAYEE_KEY);
    }

    function test_refusesATokenWithoutAnEscrow() external {
        _refusesToken(vm.addr(STRANGER_KEY));
        _refusesToken(address(new Answering("")));
        _refusesToken(address(new Answering(abi.encode(vm.addr(STRANGER_KEY)))));
        _refusesToken(address(new Answering(abi.encode(address(escrow), 0))));
        _refusesToken(address(priceFeed));
    }

    /// @dev An escrow that makes the same agreement again while it is asked to cover it.
    function test_makesAnAgreementOnceThoughItsEscrowTriesAgain() external {
        ReentrantEscrow reentrant = new ReentrantEscrow();
        token = address(new Answering(abi.encode(address(reentrant))));
        _sampleTerms();
        address predicted = factory.predict(termsHash, payer, payee);
        bytes32 digest = _digestHere();
        reentrant.prepare(
            abi.encodeCall(
                factory.create,
                (
                    termsHash,
                    payer,
                    payee,
                    _signWallet(PAYER_KEY, digest),
                    _signWallet(PAYEE_KEY, digest),
                    _clause(GENERAL)
                )
            )
        );
        _create(PAYER_KEY, PAYEE_KEY);
        bytes memory refusal =
            abi.encodeWithSelector(IAgreementFactory.AgreementFactoryAlreadyCreated.selector, predicted);
        vm.assertEq(keccak256(reentrant.answer()), keccak256(refusal));
    }

    function testFuzz_refusesTermsOfAnotherChain(uint64 chainId) external {
        vm.assume(chainId != block.chainid);
        General memory general = _general();
        general.chainId = chainId;
        _refusesGeneral(
            general, abi.encodeWithSelector(IAgreementFactory.AgreementFactoryChainUnexpected.selector, chainId)
        );
    }

    function testFuzz_refusesRulesThatItDoesNotKnow(uint16 ruleVersion) external {
        vm.assume(ruleVersion != 1);
        General memory general = _general();
        general.ruleVersion = ruleVersion;
        _refusesGeneral(
            general, abi.encodeWithSelector(IAgreementFactory.AgreementFactoryRuleVersionUnknown.selector, ruleVersion)
        );
    }

    function test_refusesAClauseThatIsNotTheGeneralOneOfTheTerms() external {
        bytes32 digest = _digestHere();
        (bytes memory first, bytes memory second) = (_signWallet(PAYER_KEY, digest), _signWallet(PAYEE_KEY, digest));
        Clause memory other = _clause(PAYEE);
        vm.expectRevert(abi.encodeWithSelector(Clauses.ClauseKindUnexpected.selector, 2, 1));
        factory.create(termsHash, payer, payee, first, second, other);
        General memory cheaper = _general();
        cheaper.amountTotal = 1;
        other = _clause(GENERAL);
        other.body = _generalBody(cheaper);
        vm.expectRevert(abi.encodeWithSelector(Clauses.ClauseNotInTerms.selector, termsHash));
        factory.create(termsHash, payer, payee, first, second, other);
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

    function test_refusesOtherFormsOfASignature() external {
        bytes32 digest = _digestHere();
        bytes memory malleated = _malleatedWallet(PAYER_KEY, digest);
        bytes memory compact = _compactWallet(PAYER_KEY, digest);
        bytes memory other = _signWallet(PAYEE_KEY, digest);
        Clause memory general = _clause(GENERAL);
        vm.expectRevert(abi.encodeWithSelector(IAgreementFactory.AgreementFactorySignatureInvalid.selector, payer));
        factory.create(termsHash, payer, payee, malleated, other, general);
        vm.expectRevert(abi.encodeWithSelector(IAgreementFactory.AgreementFactorySignatureInvalid.selector, payer));
        factory.create(termsHash, payer, payee, compact, other, general);
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

    function createFor(uint256 payerKey, uint256 payeeKey) external {
        _create(payerKey, payeeKey);
    }

    function _refusesToken(address other) private {
        token = other;
        _refusesGeneral(
            _general(), abi.encodeWithSelector(IAgreementFactory.AgreementFactoryTokenWithoutEscrow.selector, other)
        );
    }

    function _refusesGeneral(General memory general, bytes memory refusal) private {
        _replace(GENERAL, _generalBody(general));
        _sealTerms();
        vm.expectRevert(refusal);
        this.create();
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
