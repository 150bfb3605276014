// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAgreement} from "../src/interfaces/IAgreement.sol";
import {IAgreementPayout} from "../src/interfaces/IAgreementPayout.sol";
import {Clauses} from "../src/libraries/Clauses.sol";
import {ChargingStandIn} from "./support/ChargingStandIn.sol";
import {PayoutFixture} from "./support/PayoutFixture.sol";
import {vm} from "./support/Vm.sol";

/// @dev Who gets what at settlement.
contract AgreementPayoutsTest is PayoutFixture {
    struct Expected {
        address party;
        uint256 charged;
        uint256 uncollected;
        uint256 awarded;
    }

    address private constant OUTSIDER = address(0x0D1);

    Expected[] private _expected;

    function test_paysEverybodyInFullWithoutCases() external {
        _deliver();
        _expect(payee, 0, 0, 0);
        _expect(carrier, 0, 0, 0);
        _expectRefund(0);
    }

    function test_refundsPenaltiesToThePayer() external {
        _deliver();
        _charge(CARRIER_LEG, 10 ether, payer);
        _charge(CARRIER_LEG, 5 ether, payer);
        _expect(payee, 0, 0, 0);
        _expect(carrier, 15 ether, 0, 0);
        _expectRefund(15 ether);
    }

    function test_takesNoMoreThanTheCapAndRecordsTheRest() external {
        _deliver();
        _charge(CARRIER_LEG, 100 ether, payer);
        _expect(payee, 0, 0, 0);
        _expect(carrier, PENALTY_CAP, 70 ether, 0);
        _expectRefund(PENALTY_CAP);
    }

    function test_takesNoMoreThanTheAmount() external {
        _recapPayee(AMOUNT + 1 ether);
        _deliver();
        _charge(PAYEE_LEG, 100 ether, payer);
        _expect(payee, AMOUNT, 50 ether, 0);
        _expect(carrier, 0, 0, 0);
        _expectRefund(AMOUNT);
    }

    function test_givesBeneficiariesTheirPartInProportion() external {
        _deliver();
        _charge(CARRIER_LEG, 60 ether, payee);
        _charge(CARRIER_LEG, 30 ether, payer);
        _expect(payee, 0, 0, 20 ether);
        _expect(carrier, PENALTY_CAP, 60 ether, 0);
        _expectRefund(10 ether);
        vm.assertEq(agreement.awardOf(payee), 20 ether);
        vm.assertEq(agreement.awardOf(carrier), 0);
    }

    function test_paysForEachOther() external {
        _deliver();
        _charge(CARRIER_LEG, 7 ether, payee);
        _charge(PAYEE_LEG, 4 ether, carrier);
        _expect(payee, 4 ether, 0, 7 ether);
        _expect(carrier, 7 ether, 0, 4 ether);
        _expectRefund(0);
    }

    function test_givesThePayerWhatRoundingLeaves() external {
        _recapPayee(1);
        _deliver();
        _charge(PAYEE_LEG, 1 ether, carrier);
        _charge(PAYEE_LEG, 1 ether, payer);
        _expect(payee, 1, 2 ether - 1, 0);
        _expect(carrier, 0, 0, 0);
        _expectRefund(1);
    }

    function test_givesThePayerThePartOfWhoIsNoParty() external {
        _deliver();
        _charge(CARRIER_LEG, 8 ether, OUTSIDER);
        _expect(payee, 0, 0, 0);
        _expect(carrier, 8 ether, 0, 0);
        _expectRefund(8 ether);
    }

    /// @dev Else a breach would cost it nothing, and take room under its cap from those that cost.
    function test_aPartyIsNotPaidItsOwnPenalty() external {
        _deliver();
        _charge(PAYEE_LEG, 8 ether, payee);
        _charge(PAYEE_LEG, 4 ether, carrier);
        _expect(payee, 12 ether, 0, 0);
        _expect(carrier, 0, 0, 4 ether);
        _expectRefund(8 ether);
    }

    function test_chargesNothingForWhatWasVoided() external {
        _deliver();
        _charge(CARRIER_LEG, 10 ether, payee);
        ChargingStandIn(address(agreement)).charge(bytes32(uint256(1)), CARRIER_LEG, 1, type(uint96).max, 0, payee);
        _expect(payee, 0, 0, 0);
        _expect(carrier, 0, 0, 0);
        _expectRefund(0);
    }

    function test_chargesTheLossOfGoodsThatNeverCame() external {
        _fund();
        _start(_startCall());
        vm.warp(BEGIN + 40 days);
        agreement.closeUndelivered(0, _clause(DEADLINE));
        _expect(payee, PENALTY_CAP, LOSS_PENALTY - PENALTY_CAP, 0);
        _expect(carrier, 0, 0, 0);
        _expectRefund(PENALTY_CAP);
    }

    /// @dev Cases of both against every beneficiary there is, in any proportion: sums are kept, and nobody loses more than its cap.
    /// forge-config: default.fuzz.runs = 300
    function testFuzz_payoutsAndRefundAreTheAmounts(uint96[4] calldata ofPayee, uint96[4] calldata ofCarrier) external {
        _deliver();
        address[4] memory beneficiaries = [payer, payee, carrier, OUTSIDER];
        uint256[2] memory penalties;
        for (uint256 i = 0; i < 4; ++i) {
            _charge(PAYEE_LEG, ofPayee[i], beneficiaries[i]);
            _charge(CARRIER_LEG, ofCarrier[i], beneficiaries[i]);
            penalties[0] += ofPayee[i];
            penalties[1] += ofCarrier[i];
        }
        uint256 chargedToPayee = penalties[0] < PENALTY_CAP ? penalties[0] : PENALTY_CAP;
        uint256 chargedToCarrier = penalties[1] < PENALTY_CAP ? penalties[1] : PENALTY_CAP;
        uint256 toPayee = _part(chargedToCarrier, ofCarrier[1], penalties[1]);
        uint256 toCarrier = _part(chargedToPayee, ofPayee[2], penalties[0]);
        vm.assertLe(toPayee + toCarrier, chargedToPayee + chargedToCarrier);
        _expect(payee, chargedToPayee, penalties[0] - chargedToPayee, toPayee);
        _expect(carrier, chargedToCarrier, penalties[1] - chargedToCarrier, toCarrier);
        _expectRefund(chargedToPayee + chargedToCarrier - toPayee - toCarrier);
    }

    function _part(uint256 charged, uint256 penalty, uint256 penalties) private pure returns (uint256) {
        return penalties == 0 ? 0 : charged * penalty / penalties;
    }

    /// @dev A new agreement, in which the payee has another penalty cap.
    function _recapPayee(uint256 cap) private {
        _replace(PAYEE, _partyBody(1, Clauses.ROLE_PAYEE, "supplier", PAYEE_KEY, AMOUNT, cap));
        _sealTerms();
        agreement = IAgreement(_create(PAYER_KEY, PAYEE_KEY));
    }

    function _expect(address party, uint256 charged, uint256 uncollected, uint256 awarded) private {
        _expected.push(Expected(party, charged, uncollected, awarded));
    }

    /// @dev Settles, and expects the payouts said before.
    function _expectRefund(uint256 refund) private {
        vm.warp(block.timestamp + DISPUTE_S);
        uint256 due = 0;
        for (uint256 i = 0; i < _expected.length; ++i) {
            Expected memory each = _expected[i];
            vm.expectEmit();
            emit IAgreementPayout.PayoutFixed(each.party, AMOUNT, each.charged, each.uncollected, each.awarded);
            due += AMOUNT - each.charged + each.awarded;
        }
        vm.assertEq(due + refund, 2 * AMOUNT);
        vm.expectEmit();
        emit IAgreementPayout.Settled(2 * AMOUNT, refund);
        _settle();
    }
}
