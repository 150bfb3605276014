// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Agreement} from "./Agreement.sol";
import {IAgreementDisputes} from "./interfaces/IAgreementDisputes.sol";
import {Conduct, IAgreementFactory, Rating} from "./interfaces/IAgreementFactory.sol";
import {ICollateralEscrow} from "./interfaces/ICollateralEscrow.sol";
import {ISettlementToken} from "./interfaces/ISettlementToken.sol";
import {AgreementAddress} from "./libraries/AgreementAddress.sol";
import {Clause, Clauses, General} from "./libraries/Clauses.sol";
import {WalletSignature} from "./libraries/WalletSignature.sol";

/// @title Implementation of IAgreementFactory, where everything is described
contract AgreementFactory is IAgreementFactory, EIP712 {
    bytes32 private constant AGREEMENT_TYPEHASH = keccak256("Agreement(bytes32 termsHash,address payer,address payee)");

    /// @inheritdoc IAgreementFactory
    address public immutable implementation;
    /// @inheritdoc IAgreementFactory
    address public immutable postQuantumVerifier;

    mapping(address payer => mapping(address party => Rating)) private _ratings;

    /// @param claims An AgreementClaims.
    /// @param disputes An AgreementDisputes.
    /// @param payout An AgreementPayout.
    constructor(address claims, address disputes, address payout) EIP712("Consign", "1") {
        implementation = address(new Agreement(claims, disputes, payout));
        postQuantumVerifier = IAgreementDisputes(disputes).postQuantumVerifier();
    }

    /// @inheritdoc IAgreementFactory
    function create(
        bytes32 termsHash,
        address payer,
        address payee,
        bytes calldata payerSignature,
        bytes calldata payeeSignature,
        Clause calldata general
    ) external returns (address agreement) {
        if (payer == payee) revert AgreementFactoryPartiesEqual(payer);
        agreement = predict(termsHash, payer, payee);
        if (agreement.code.length != 0) revert AgreementFactoryAlreadyCreated(agreement);
        bytes32 signed = _hashTypedDataV4(keccak256(abi.encode(AGREEMENT_TYPEHASH, termsHash, payer, payee)));
        _requireSignature(payer, signed, payerSignature);
        _requireSignature(payee, signed, payeeSignature);

        General memory agreed = Clauses.general(termsHash, general);
        if (agreed.chainId != block.chainid) revert AgreementFactoryChainUnexpected(agreed.chainId);
        if (agreed.ruleVersion != Clauses.RULE_VERSION) revert AgreementFactoryRuleVersionUnknown(agreed.ruleVersion);
        ICollateralEscrow escrow = _escrowOf(agreed.token);
        Clones.cloneDeterministicWithImmutableArgs(
            implementation, abi.encode(termsHash), AgreementAddress.salt(termsHash, payer, payee)
        );
        emit AgreementCreated(agreement, termsHash, payer, payee);
        escrow.reserve(agreement, payer, agreed.amountTotal);
    }

    /// @inheritdoc IAgreementFactory
    function conclude(
        bytes32 termsHash,
        address payer,
        address payee,
        address token,
        uint256 amountTotal,
        Conduct[] calldata conducts
    ) external {
        if (msg.sender != predict(termsHash, payer, payee)) {
            revert AgreementFactoryNotAgreement(msg.sender);
        }
        for (uint256 i = 0; i < conducts.length; ++i) {
            _rate(payer, conducts[i]);
        }
        emit AgreementConcluded(msg.sender, payer);
        _escrowOf(token).release(msg.sender, amountTotal);
    }

    /// @inheritdoc IAgreementFactory
    function ratingOf(address payer, address party) external view returns (Rating memory) {
        return _ratings[payer][party];
    }

    /// @inheritdoc IAgreementFactory
    function predict(bytes32 termsHash, address payer, address payee) public view returns (address agreement) {
        return AgreementAddress.predict(address(this), implementation, termsHash, payer, payee);
    }

    function _rate(address payer, Conduct calldata conduct) private {
        Rating memory rating = _ratings[payer][conduct.party];
        ++rating.agreements;
        if (conduct.cases == 0) ++rating.clean;
        rating.cases += conduct.cases;
        rating.charged += conduct.charged;
        _ratings[payer][conduct.party] = rating;
        emit Rated(payer, conduct.party, msg.sender, rating);
    }

    function _requireSignature(address party, bytes32 signed, bytes calldata signature) private view {
        if (!WalletSignature.isBy(party, signed, signature)) {
            revert AgreementFactorySignatureInvalid(party);
        }
    }

    function _escrowOf(address token) private view returns (ICollateralEscrow) {
        // solhint-disable-next-line avoid-low-level-calls
        (bool isAnswered, bytes memory answer) = token.staticcall(abi.encodeCall(ISettlementToken.issuer, ()));
        address issuer = isAnswered && answer.length == 32 ? abi.decode(answer, (address)) : address(0);
        if (issuer.code.length == 0) revert AgreementFactoryTokenWithoutEscrow(token);
        return ICollateralEscrow(issuer);
    }
}
