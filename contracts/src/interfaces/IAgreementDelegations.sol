// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Clause} from "../libraries/Clauses.sol";
import {Delegation} from "../libraries/Delegations.sol";
import {Cut, LegKeys, Offer, P256Signature} from "../libraries/Records.sol";
import {Accept} from "./IAgreementCustody.sol";

/// @notice By what right somebody else than the taker accepted.
/// @param delegation What the taker signed (EIP-712); its wallet is filled in here.
/// @param signature The taker's wallet signature over the delegation.
/// @param head Header of the leg's last envelope, which says when by the device's clock; empty when the leg has none.
struct Delegated {
    Delegation delegation;
    bytes signature;
    bytes head;
}

/// @notice By what right somebody else than the taker accepted, under post-quantum keys.
/// @param delegation What the taker signed; its wallet is filled in here.
/// @param signature The taker's SLH-DSA signature over the delegation.
/// @param mlDsaKeyHash SHA-256 of the delegate's ML-DSA-44 public key.
/// @param slhDsaKey The delegate's SLH-DSA key.
struct DelegatedKeys {
    Delegation delegation;
    bytes signature;
    bytes32 mlDsaKeyHash;
    bytes32 slhDsaKey;
}

/// @title Handovers that a party's delegate, its driver, accepted
interface IAgreementDelegations {
    /// @notice Thrown when a delegation is not signed by the party that takes over.
    error AgreementDelegationSignatureInvalid(address party);

    /// @notice Thrown when the header shown is not that of the last envelope before the cut.
    error AgreementCutNotAtEnvelope();

    /// @notice The same as `recordCut` for an Accept that a delegate of the taker signed. The last envelope before the cut must not lie after the delegation's
    /// end, by the device's clock, which must be set; when the chain learns of it does not matter. Of a leg without envelopes it must learn before that end.
    /// @param acceptSignature The delegate's wallet signature.
    /// @param delegated What the taker allowed the delegate.
    function recordDelegatedCut(
        uint32 leg,
        LegKeys calldata keys,
        Offer calldata offer,
        Accept calldata accept,
        bytes calldata acceptSignature,
        Cut calldata cut,
        P256Signature calldata signature,
        Clause calldata taker,
        Delegated calldata delegated
    ) external;

    /// @notice The same as `confirmLeg` for a leg after the first whose Accept a delegate of the taker signed. The chain must have learned of the leg before the
    /// delegation ended: without trust in P-256 the device's clock says nothing.
    /// @param acceptSignature The delegate's SLH-DSA signature over the Accept.
    /// @param delegated What the taker allowed the delegate.
    function confirmDelegatedLeg(
        uint32 leg,
        LegKeys calldata keys,
        bytes calldata keysSignature,
        LegKeys calldata keysBefore,
        Offer calldata offer,
        Accept calldata accept,
        bytes calldata acceptSignature,
        Clause calldata taker,
        Clause calldata general,
        DelegatedKeys calldata delegated
    ) external;
}
