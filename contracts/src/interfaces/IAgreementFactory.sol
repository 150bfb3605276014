// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Makes agreements that payer and payee have both signed
/// @notice The address of an agreement binds the terms and both signers and is known before it exists. No owner, no upgrade.
/// Signatures are over EIP-712 `Agreement(bytes32 termsHash,address payer,address payee)` in the domain
/// `{ name: "Consign", version: "1", chainId, verifyingContract: factory }`; accounts with code sign by ERC-1271.
interface IAgreementFactory {
    /// @notice Emitted when an agreement has been made.
    event AgreementCreated(address indexed agreement, bytes32 indexed termsHash, address payer, address payee);

    /// @notice Thrown when the signature is not the party's over these terms, for this chain and this factory.
    /// @param party The payer or the payee, whose signature it should be.
    error AgreementFactorySignatureInvalid(address party);

    /// @notice Thrown when payer and payee are the same account.
    error AgreementFactoryPartiesEqual(address party);

    /// @notice Thrown when the agreement is there already; it needs nothing more.
    error AgreementFactoryAlreadyCreated(address agreement);

    /// @notice Makes the agreement. Anyone who has both signatures may call.
    /// @param termsHash RFC 9162 root over the clause hashes.
    /// @param payer The organisation that pays.
    /// @param payee The supplier, first custodian of the goods.
    /// @param payerSignature Payer's signature: 65 bytes `r ‖ s ‖ v` for an account without code.
    /// @param payeeSignature The same of the payee.
    /// @return agreement Address of the agreement, as `predict` said.
    function create(
        bytes32 termsHash,
        address payer,
        address payee,
        bytes calldata payerSignature,
        bytes calldata payeeSignature
    ) external returns (address agreement);

    /// @notice Address that the agreement of these terms and parties has, or will have.
    function predict(bytes32 termsHash, address payer, address payee) external view returns (address agreement);

    /// @notice The code that every agreement of this factory runs.
    function implementation() external view returns (address);
}
