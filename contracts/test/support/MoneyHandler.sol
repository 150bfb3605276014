// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAgreement} from "../../src/interfaces/IAgreement.sol";
import {Phase} from "../../src/interfaces/IAgreementCustody.sol";
import {IAgreementPayout} from "../../src/interfaces/IAgreementPayout.sol";
import {IAgreementFactory} from "../../src/interfaces/IAgreementFactory.sol";
import {Clause, Clauses, General, Heading} from "../../src/libraries/Clauses.sol";
import {ChargingStandIn} from "./ChargingStandIn.sol";
import {PayoutFixture} from "./PayoutFixture.sol";
import {RecordedLog, vm} from "./Vm.sol";

/// @notice One agreement of the handler, with the clauses that its calls disclose, encoded.
struct Deal {
    IAgreement agreement;
    uint256[2] amounts;
    uint256[2] caps;
    uint256[2] guarantees;
    bytes clauses;
    bytes delivery;
}

/// @notice The clauses of a deal.
struct Disclosed {
    Heading heading;
    Clause general;
    Clause windows;
    Clause deadline;
    Clause[] parties;
}

/// @title Three agreements of one payer with the same parties, and different amounts, caps and guarantees
/// @notice What must never happen is counted, as a revert here tells forge nothing.
contract MoneyHandler is PayoutFixture {
    uint256 public constant DEALS = 3;
    /// @dev Payee and carrier, whose places are one less than in the terms.
    uint256 public constant PAID = 2;
    uint256 private constant LIMITS = 6;

    /// @notice Settlements in which payouts and refund were not the amounts, or somebody was charged above its cap or amount.
    uint256 public unbalancedCount;
    /// @notice Claims after which a party had more than it was due.
    uint256 public overclaimedCount;
    uint256 public settledCount;
    uint256 public claimedCount;
    uint256 public releasedCount;

    /// @notice What settlement fixed for a party.
    mapping(uint256 deal => mapping(uint256 party => uint256)) public dueTo;

    Deal[] private _deals;
    address[PAID] private _paid;
    uint256 private _time;
    uint256 private _caseCount;

    modifier atTime() {
        vm.warp(_time);
        _;
    }

    modifier later(uint256 s) {
        _time += s;
        vm.warp(_time);
        _;
    }

    function setUp() public override {
        super.setUp();
        (_time, _paid) = (BEGIN, [payee, carrier]);
        _agree(2000, [AMOUNT, AMOUNT], [PENALTY_CAP, PENALTY_CAP]);
        _agree(10_000, [uint256(7), AMOUNT], [uint256(7), 0]);
        _agree(3333, [uint256(1 ether) + 1, 3 ether + 7], [uint256(1 ether), 4 ether]);
    }

    // What forge draws

    /// @dev Each clause has one beneficiary; half of them have a cap for all their cases together.
    function charge(uint256 which, uint32 leg, uint16 limitId, uint96 penalty) external atTime {
        IAgreement deal = _deals[which % DEALS].agreement;
        if (deal.phase() == Phase.Settled) return;
        limitId %= uint16(LIMITS);
        uint96 limitMax = limitId % 2 == 0 ? 2 ether : type(uint96).max;
        address beneficiary = [payer, payee, carrier][limitId % 3];
        ChargingStandIn(address(deal))
            .charge(bytes32(++_caseCount), leg % 2, limitId, limitMax, penalty % 20 ether, beneficiary);
    }

    /// @dev Some case costs something else from now on, or nothing.
    function recharge(uint256 which, uint32 leg, uint16 limitId, uint96 penalty, uint256 caseNumber) external {
        caseNumber %= _caseCount + 1;
        uint256 count = _caseCount;
        _caseCount = caseNumber;
        this.charge(which, leg, limitId, penalty);
        _caseCount = count;
    }

    function deliver(uint256 which) external atTime {
        Deal memory deal = _deals[which % DEALS];
        (bool delivered,) = address(deal.agreement).call(deal.delivery);
        if (!delivered) deal.agreement.closeUndelivered(1, _disclosed(which).deadline);
    }

    function acknowledge(uint256 which, uint256 party, uint256 more) external atTime {
        Deal memory deal = _deals[which % DEALS];
        party %= PAID;
        agreement = deal.agreement;
        more %= deal.amounts[party] + 1;
        _acknowledge(party == 0 ? PAYEE_KEY : CARRIER_KEY, agreement.acknowledgedBy(_paid[party]) + more);
    }

    function settle(uint256 which, uint256 waitS) external later(waitS % 20 days) {
        which %= DEALS;
        Disclosed memory shown = _disclosed(which);
        vm.recordLogs();
        try _deals[which].agreement.settle(shown.heading, shown.windows) {
            ++settledCount;
            if (!_isBalanced(which, vm.getRecordedLogs())) ++unbalancedCount;
        } catch {} // too early, say: the time that was waited for stays
    }

    function claim(uint256 which, uint256 party, uint256 waitS) external later(waitS % 40 days) {
        (which, party) = (which % DEALS, party % PAID);
        Disclosed memory shown = _disclosed(which);
        IAgreement deal = _deals[which].agreement;
        try deal.claim(shown.general, shown.windows, shown.parties[party + 1]) {
            ++claimedCount;
            (uint256 claimed,) = deal.guaranteeUsed(_paid[party]);
            if (claimed + deal.acknowledgedBy(_paid[party]) > dueTo[which][party]) ++overclaimedCount;
        } catch {} // as above
    }

    function release(uint256 which, uint256 party) external atTime {
        Disclosed memory shown = _disclosed(which % DEALS);
        _deals[which % DEALS].agreement.release(shown.general, shown.parties[1 + party % PAID]);
        ++releasedCount;
    }

    // What it made

    function dealOf(uint256 which) external view returns (Deal memory) {
        return _deals[which];
    }

    function paidAt(uint256 party) external view returns (address) {
        return _paid[party];
    }

    function balanceOf(address account) external view returns (uint256) {
        return _balance(account);
    }

    /// @notice What is reserved for the deals.
    function reserved() external view returns (uint256) {
        // The fixture's own agreement is none of them.
        return escrow.reserved() - 2 * AMOUNT;
    }

    function thePayer() external view returns (address) {
        return payer;
    }

    function theFactory() external view returns (IAgreementFactory) {
        return factory;
    }

    /// @dev Funded, started, and in the carrier's custody.
    function _agree(uint16 bps, uint256[PAID] memory amounts, uint256[PAID] memory caps) private {
        Deal storage deal = _deals.push();
        (deal.amounts, deal.caps) = (amounts, caps);
        deal.guarantees = [amounts[0] * bps / 10_000, amounts[1] * bps / 10_000];
        _replace(PAYEE, _partyBody(1, Clauses.ROLE_PAYEE, "supplier", PAYEE_KEY, amounts[0], caps[0]));
        _replace(CARRIER, _partyBody(2, 3, "carrier", CARRIER_KEY, amounts[1], caps[1]));
        General memory general = _general();
        (general.guaranteeBps, general.amountTotal) = (bps, amounts[0] + amounts[1]);
        general.guaranteeTotal = deal.guarantees[0] + deal.guarantees[1];
        _replace(GENERAL, _generalBody(general));
        _sealTerms();

        agreement = IAgreement(_create(PAYER_KEY, PAYEE_KEY));
        deal.agreement = agreement;
        _fund();
        _start(_startCall());
        CutCall memory cut = _cutCall(PAYEE_LEG, 3, CARRIER, CARRIER_KEY);
        (cut.accept.amount, cut.accept.penaltyMax) = (amounts[1], caps[1]);
        _signCut(cut, CARRIER_KEY);
        _recordCut(cut);
        cut = _cutCall(CARRIER_LEG, 3, PAYER, PAYER_KEY);
        deal.delivery = abi.encodeCall(
            agreement.recordCut,
            (cut.leg, cut.keys, cut.offer, cut.accept, cut.acceptSignature, cut.cut, cut.signature, cut.taker)
        );
        Clause[] memory parties = new Clause[](3);
        (parties[0], parties[1], parties[2]) = (_clause(PAYER), _clause(PAYEE), _clause(CARRIER));
        deal.clauses =
            abi.encode(Disclosed(_heading(3), _clause(GENERAL), _clause(WINDOWS), _clause(DEADLINE), parties));
    }

    function _disclosed(uint256 which) private view returns (Disclosed memory) {
        return abi.decode(_deals[which % DEALS].clauses, (Disclosed));
    }

    /// @dev Keeps what each party is due.
    function _isBalanced(uint256 which, RecordedLog[] memory logs) private returns (bool) {
        Deal memory deal = _deals[which];
        (uint256 paid, uint256 due, bool isInOrder) = (0, 0, true);
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] == IAgreementPayout.PayoutFixed.selector) {
                (uint256 agreed, uint256 charged,, uint256 awarded) =
                    abi.decode(logs[i].data, (uint256, uint256, uint256, uint256));
                isInOrder = isInOrder && agreed == deal.amounts[paid] && charged <= deal.caps[paid] && charged <= agreed;
                dueTo[which][paid] = agreed - charged + awarded;
                due += dueTo[which][paid++];
            } else if (logs[i].topics[0] == IAgreementPayout.Settled.selector) {
                (uint256 amountTotal, uint256 refund) = abi.decode(logs[i].data, (uint256, uint256));
                isInOrder = isInOrder && amountTotal == deal.amounts[0] + deal.amounts[1] && due + refund == amountTotal;
            }
        }
        return isInOrder && paid == PAID;
    }
}
