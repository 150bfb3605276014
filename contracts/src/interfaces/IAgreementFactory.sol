// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Clause} from "../libraries/Clauses.sol";

/// @notice How a party fared in a settled agreement.
/// @param party Its wallet.
/// @param cases Cases held against it.
/// @param charged What they cost it, in the smallest unit of the token.
struct Conduct {
    address party;
    uint32 cases;
    uint96 charged;
}

/// @notice The record of one party with one payer.
/// @param agreements Settled agreements in which it was paid.
/// @param clean Those in which no case was held against it.
/// @param cases Cases held against it in all.
/// @param charged What they cost it in all, in the smallest unit.
struct Rating {
    uint32 agreements;
    uint32 clean;
    uint32 cases;
    uint128 charged;
}

/// @title Makes agreements that payer and payee have both signed
/// @notice The address of an agreement binds the terms and both signers and is known before it exists. No owner, no upgrade.
/// Signatures are over EIP-712 `Agreement(bytes32 termsHash,address payer,address payee)` in the domain
/// `{ name: "Consign", version: "1", chainId, verifyingContract: factory }`; accounts with code sign by ERC-1271.
/// An agreement is refused unless the payer's escrow covers it. Ratings are kept per payer and party, so that a ring of sham agreements
/// rates only itself.
interface IAgreementFactory {
    /// @notice Emitted when an agreement has been made.
    event AgreementCreated(address indexed agreement, bytes32 indexed termsHash, address payer, address payee);

    /// @notice Emitted when an agreement is over and its parties are rated.
    event AgreementConcluded(address indexed agreement, address indexed payer);

    /// @notice Emitted when the record of a party with a payer has changed.
    event Rated(address indexed payer, address indexed party, address indexed agreement, Rating rating);

    /// @notice Thrown when the signature is not the party's over these terms, for this chain and this factory.
    /// @param party The payer or the payee, whose signature it should be.
    error AgreementFactorySignatureInvalid(address party);

    /// @notice Thrown when payer and payee are the same account.
    error AgreementFactoryPartiesEqual(address party);

    /// @notice Thrown when the agreement is there already; it needs nothing more.
    error AgreementFactoryAlreadyCreated(address agreement);

    /// @notice Thrown when the terms are for another chain.
    error AgreementFactoryChainUnexpected(uint64 chainId);

    /// @notice Thrown when the terms follow rules that this factory does not know.
    error AgreementFactoryRuleVersionUnknown(uint16 ruleVersion);

    /// @notice Thrown when the terms' token has no escrow as its issuer.
    error AgreementFactoryTokenWithoutEscrow(address token);

    /// @notice Thrown when somebody else than the agreement itself concludes it.
    error AgreementFactoryNotAgreement(address caller);

    /// @notice Makes the agreement and reserves its amounts in the payer's escrow. Anyone who has both signatures may call.
    /// @param termsHash RFC 9162 root over the clause hashes.
    /// @param payer The organisation that pays.
    /// @param payee The supplier, first custodian of the goods.
    /// @param payerSignature Payer's signature: 65 bytes `r ‖ s ‖ v` for an account without code.
    /// @param payeeSignature The same of the payee.
    /// @param general The general clause, which names chain, token and sum of amounts.
    /// @return agreement Address of the agreement, as `predict` said.
    function create(
        bytes32 termsHash,
        address payer,
        address payee,
        bytes calldata payerSignature,
        bytes calldata payeeSignature,
        Clause calldata general
    ) external returns (address agreement);

    /// @notice Rates the parties of an agreement and frees its reservation. Only the agreement of these terms and signers may call, once.
    /// @param token The terms' token.
    /// @param amountTotal What was reserved.
    function conclude(
        bytes32 termsHash,
        address payer,
        address payee,
        address token,
        uint256 amountTotal,
        Conduct[] calldata conducts
    ) external;

    /// @notice Address that the agreement of these terms and parties has, or will have.
    function predict(bytes32 termsHash, address payer, address payee) external view returns (address agreement);

    /// @notice The code that every agreement of this factory runs.
    function implementation() external view returns (address);

    /// @notice The verifier of post-quantum signatures that every agreement of this factory uses.
    function postQuantumVerifier() external view returns (address);

    /// @notice The record of a party with a payer.
    function ratingOf(address payer, address party) external view returns (Rating memory);
}
