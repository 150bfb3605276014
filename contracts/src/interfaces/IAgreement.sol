// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAgreementClaims} from "./IAgreementClaims.sol";
import {IAgreementCustody} from "./IAgreementCustody.sol";
import {IAgreementDelegations} from "./IAgreementDelegations.sol";
import {IAgreementDisputes} from "./IAgreementDisputes.sol";
import {IAgreementPayout} from "./IAgreementPayout.sol";

/// @title What payer and payee agreed, enforced with nothing but the chain and the data that a party holds
/// @notice A clone that carries only `termsHash`; single clauses are disclosed against it when a step needs them. No owner, no pause, no
/// upgrade. Who sends a transaction counts only where a call says so: everything else rests on the signatures in it.
/// @dev One address; its code stands in four contracts, since one may hold 24,576 bytes (EIP-170).
// solhint-disable-next-line no-empty-blocks
interface IAgreement is
    IAgreementCustody,
    IAgreementClaims,
    IAgreementDelegations,
    IAgreementDisputes,
    IAgreementPayout
{}
