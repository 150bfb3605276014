// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AgreementState} from "../../src/AgreementState.sol";
import {Case, CaseState} from "../../src/interfaces/IAgreementClaims.sol";

/// @title Takes the place of AgreementClaims: charges whatever a test says, through the same books, without evidence
contract ChargingStandIn is AgreementState {
    /// @dev The case has the number that it gets here; a case again changes what it is held for.
    function charge(bytes32 caseId, uint32 leg, uint16 limitId, uint96 limitMax, uint96 penalty, address beneficiary)
        external
    {
        Case storage held = _cases[caseId];
        (held.state, held.leg, held.limitId, held.beneficiary) = (CaseState.Proven, leg, limitId, beneficiary);
        _setLimitMax(leg, limitId, limitMax);
        _charge(held, penalty);
        _status.lastClaimAt = uint40(block.timestamp);
    }

    function openDispute() external {
        ++_status.openDisputes;
    }

    function closeDispute() external {
        --_status.openDisputes;
        _status.lastClaimAt = uint40(block.timestamp);
    }
}
