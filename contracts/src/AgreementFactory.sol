// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Agreement} from "./Agreement.sol";
import {IAgreementFactory} from "./interfaces/IAgreementFactory.sol";
import {AgreementAddress} from "./libraries/AgreementAddress.sol";
import {WalletSignature} from "./libraries/WalletSignature.sol";

/// @title Implementation of IAgreementFactory, where everything is described
contract AgreementFactory is IAgreementFactory, EIP712 {
    bytes32 private constant AGREEMENT_TYPEHASH = keccak256("Agreement(bytes32 termsHash,address payer,address payee)");

    /// @inheritdoc IAgreementFactory
    address public immutable implementation;

    constructor() EIP712("Consign", "1") {
        implementation = address(new Agreement());
    }

    /// @inheritdoc IAgreementFactory
    function create(
        bytes32 termsHash,
        address payer,
        address payee,
        bytes calldata payerSignature,
        bytes calldata payeeSignature
    ) external returns (address agreement) {
        if (payer == payee) revert AgreementFactoryPartiesEqual(payer);
        agreement = predict(termsHash, payer, payee);
        if (agreement.code.length != 0) revert AgreementFactoryAlreadyCreated(agreement);
        bytes32 signed = _hashTypedDataV4(keccak256(abi.encode(AGREEMENT_TYPEHASH, termsHash, payer, payee)));
        _requireSignature(payer, signed, payerSignature);
        _requireSignature(payee, signed, payeeSignature);
        Clones.cloneDeterministicWithImmutableArgs(
            implementation, abi.encode(termsHash), AgreementAddress.salt(termsHash, payer, payee)
        );
        emit AgreementCreated(agreement, termsHash, payer, payee);
    }

    /// @inheritdoc IAgreementFactory
    function predict(bytes32 termsHash, address payer, address payee) public view returns (address agreement) {
        return AgreementAddress.predict(address(this), implementation, termsHash, payer, payee);
    }

    function _requireSignature(address party, bytes32 signed, bytes calldata signature) private view {
        if (!WalletSignature.isBy(party, signed, signature)) {
            revert AgreementFactorySignatureInvalid(party);
        }
    }
}
