// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICollateralEscrow, Redemption} from "../../src/interfaces/ICollateralEscrow.sol";
import {EscrowFixture} from "./EscrowFixture.sol";
import {Holder} from "./Holders.sol";
import {RecordedLog, vm} from "./Vm.sol";

/// @title Everybody who can do anything to an escrow, at prices from 1 cent to a million USD, with a feed that fails
/// @notice Each call that forge draws is made in a way that can succeed; what must never happen is counted, as a revert here tells forge nothing.
contract EscrowHandler is EscrowFixture {
    uint256 private constant ACCOUNTS = 4;
    /// @dev Those without code, which can be pranked.
    uint256 private constant WALLETS = 3;

    uint256 public issued;
    uint256 public redeemed;
    uint256 public inWei;
    uint256 public reservedNow;

    /// @notice Issues, withdrawals and reservations that left less than 150 %.
    uint256 public undercoveredCount;
    /// @notice Redemptions that paid more than par or more than the share.
    uint256 public overpaidCount;
    /// @notice Redemptions that were refused although the tokens were there, at once or when their time had come.
    uint256 public refusedCount;

    uint256 public paidCount;
    uint256 public queuedCount;
    uint256 public executedCount;

    Holder private _holder;
    address[ACCOUNTS] private _accounts;
    uint256 private _price;
    uint256 private _time;

    /// @dev Half of what needs a price comes with one.
    modifier atPrice(uint256 chance) {
        vm.warp(_time);
        if (chance % 2 == 0) _say(int256(_price));
        _;
    }

    /// @dev Time is this contract's: whether forge keeps that of the call before does not matter.
    modifier atTime() {
        vm.warp(_time);
        _;
    }

    function setUp() public override {
        super.setUp();
        _holder = new Holder();
        _holder.approve(address(token), address(escrow));
        _accounts = [ORGANISATION, ALICE, BOB, address(_holder)];
        (inWei, _price, _time) = (ETHER_THERE, uint256(PRICE), NOW);
    }

    // What forge draws

    function deposit(uint256 amountWei) external atTime {
        amountWei = 1 + amountWei % 10 ether;
        vm.deal(address(this), amountWei);
        escrow.deposit{value: amountWei}();
        inWei += amountWei;
    }

    function force(uint256 amountWei) external atTime {
        amountWei %= 1 ether;
        vm.deal(address(escrow), address(escrow).balance + amountWei);
        inWei += amountWei;
    }

    function issue(uint256 to, uint256 amount) external atPrice(amount) {
        amount = 1 + amount % _room();
        _issue(_accounts[to % ACCOUNTS], amount);
        issued += amount;
        _checkCover();
    }

    function withdraw(uint256 amountWei) external atPrice(amountWei) {
        _withdraw(1 + amountWei % (escrow.collateral() / 4 + 1));
        _checkCover();
    }

    function reserve(uint256 amount) external atPrice(amount) {
        amount = 1 + amount % _room();
        _reserve(amount);
        reservedNow += amount;
        _checkCover();
    }

    function release(uint256 amount) external atTime {
        amount = 1 + amount % reservedNow;
        _release(amount);
        reservedNow -= amount;
    }

    function transfer(uint256 from, uint256 to, uint256 amount) external atTime {
        address holder = _accounts[from % WALLETS];
        amount %= token.balanceOf(holder) + 1;
        vm.prank(holder);
        token.transfer(_accounts[to % ACCOUNTS], amount);
    }

    function redeem(uint256 who, uint256 amount) external atTime {
        address holder = _accounts[who % ACCOUNTS];
        uint256 balance = token.balanceOf(holder);
        if (balance == 0) return;
        amount = 1 + amount % balance;
        (uint256 supply, uint256 collateral) = (token.totalSupply(), escrow.collateral());
        vm.recordLogs();
        vm.prank(holder);
        try escrow.redeem(amount) returns (uint256 amountWei, uint256 id) {
            if (id > 0) ++queuedCount;
            else _countPaid(amount, amountWei, supply, collateral);
        } catch {
            ++refusedCount;
        }
    }

    function execute(uint256 which) external atTime {
        if (queuedCount == 0) return;
        uint256 id = 1 + which % queuedCount;
        Redemption memory queued = escrow.redemptionOf(id);
        if (queued.requestedAt == 0) return;
        (uint256 supply, uint256 collateral) = (token.totalSupply(), escrow.collateral());
        vm.recordLogs();
        try escrow.execute(id) returns (uint256 amountWei) {
            _countPaid(queued.amount, amountWei, supply, collateral);
            ++executedCount;
        } catch {
            if (_time >= queued.requestedAt + WEEK_S) ++refusedCount;
        }
    }

    function payCredit(uint256 gasBurned) external atTime {
        _holder.takeEther(gasBurned % 1000);
        escrow.payCredit(address(_holder));
    }

    function say(uint256 price) external atTime {
        _price = 1e6 + price % 1e14;
        _say(int256(_price));
    }

    /// @dev By a tenth at most, as it is on most days.
    function drift(uint256 price) external atTime {
        _price = 1 + _price * 9 / 10 + price % (_price / 5 + 1);
        _say(int256(_price));
    }

    function breakFeed(uint256 how) external atTime {
        if (how % 4 == 0) feed.die();
        else if (how % 4 == 1) feed.sayRaw("no round");
        else if (how % 4 == 2) feed.carryOver();
        else _say(-int256(how % 2));
    }

    function pass(uint256 s) external {
        _time += s % 5 days;
    }

    // What it found

    /// @notice Wei of everybody who can get any.
    function ownedWei() external view returns (uint256 sum) {
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            sum += _accounts[i].balance;
        }
    }

    function queuedAmount() external view returns (uint256 sum) {
        for (uint256 id = 1; id <= queuedCount; ++id) {
            sum += escrow.redemptionOf(id).amount;
        }
    }

    function creditWei() external view returns (uint256) {
        return escrow.creditOf(address(_holder));
    }

    function theEscrow() external view returns (ICollateralEscrow) {
        return escrow;
    }

    /// @dev Somewhat more than can be issued or reserved; above 0.
    function _room() private view returns (uint256) {
        uint256 covered = escrow.collateral() * _price * 2 / 3e8;
        uint256 owed = escrow.obligations();
        return 1 + (covered > owed ? (covered - owed) * 11 / 10 : 0);
    }

    function _checkCover() private {
        if (escrow.collateral() * _price * 2 < escrow.obligations() * 3e8) ++undercoveredCount;
    }

    function _countPaid(uint256 amount, uint256 amountWei, uint256 supply, uint256 collateral) private {
        ++paidCount;
        redeemed += amount;
        bool isAbovePar = amountWei * _redeemedAt() > amount * 1e8;
        if (isAbovePar || amountWei * supply > collateral * amount) ++overpaidCount;
    }

    /// @dev The price that the escrow said it took.
    function _redeemedAt() private returns (uint256 price) {
        RecordedLog[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] != ICollateralEscrow.Redeemed.selector) continue;
            (,, price,) = abi.decode(logs[i].data, (uint256, uint256, uint256, uint256));
        }
    }
}
