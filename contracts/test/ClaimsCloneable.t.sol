// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAgreementClaims, SignedHeader} from "../src/interfaces/IAgreementClaims.sol";
import {Clause} from "../src/libraries/Clauses.sol";
import {ClaimsFixture} from "./support/ClaimsFixture.sol";
import {vm} from "./support/Vm.sol";

/// @dev A device with a file for a keystore.
contract ClaimsCloneableTest is ClaimsFixture {
    function _keystore() internal pure override returns (uint8) {
        return 1;
    }

    function test_chargesNoTamperingOfADeviceThatCanBeCopied() external {
        (SignedHeader memory one, SignedHeader memory other) =
            (_signed(_heartbeat(1, 5, BEFORE)), _signed(_heartbeat(1, 5, "the other branch")));
        agreement.reportFork(1, _legKeys(1), one, other);
        (Clause memory device, Clause memory tamper) = (_clause(DEVICE), _clause(TAMPER));
        vm.expectRevert(IAgreementClaims.AgreementDeviceCloneable.selector);
        agreement.proveTampering(1, device, tamper);
    }
}
