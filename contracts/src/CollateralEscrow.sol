// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {LowLevelCall} from "@openzeppelin/contracts/utils/LowLevelCall.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IAggregatorV3} from "./interfaces/IAggregatorV3.sol";
import {ICollateralEscrow, Redemption} from "./interfaces/ICollateralEscrow.sol";
import {ISettlementToken} from "./interfaces/ISettlementToken.sol";
import {SettlementToken} from "./SettlementToken.sol";

/// @title Implementation of ICollateralEscrow, where everything is described
contract CollateralEscrow is ICollateralEscrow, ReentrancyGuardTransient {
    using SafeCast for uint256;
    using SafeERC20 for IERC20;

    /// @dev What the feed says. `isKnown`: a price, of a finished round that is not in the future; `isFresh`: whatever its sign.
    struct Reading {
        int256 answer;
        uint256 updatedAt;
        bool isKnown;
        bool isFresh;
    }

    /// @dev One slot, which is never empty: so the first reservation costs no more than the others. No sum here comes near its bound: cover for
    /// 2^112 units of 1e-18 USD, and 2^96 wei, are more than there is.
    struct Books {
        uint112 reserved;
        uint96 creditsWei;
        uint48 nextRedemption;
    }

    /// @dev Feeds move when the market has moved by 0.5 %, so whoever sees one lag gains nothing.
    uint256 private constant FEE_BPS = 50;
    uint256 private constant BPS = 10_000;
    uint256 private constant QUEUE_S_MAX = 7 days;
    uint8 private constant DECIMALS_MAX = 18;
    /// @dev Five words, each the whole of a value of latestRoundData.
    uint256 private constant ROUND_BYTES = 160;

    /// @inheritdoc ICollateralEscrow
    address public immutable organisation;
    /// @inheritdoc ICollateralEscrow
    address public immutable factory;
    /// @inheritdoc ICollateralEscrow
    address public immutable token;
    /// @inheritdoc ICollateralEscrow
    address public immutable priceFeed;
    /// @inheritdoc ICollateralEscrow
    uint256 public immutable priceAgeMaxS;
    /// @dev One USD in the feed's unit.
    uint256 private immutable USD;

    Books private _books = Books({reserved: 0, creditsWei: 0, nextRedemption: 1});
    /// @dev The price of the latest issue or redemption; above 0 before there is any supply.
    uint256 private _lastPrice;
    mapping(uint256 id => Redemption) private _redemptions;
    mapping(address account => uint256) private _credits;

    modifier onlyOrganisation() {
        if (msg.sender != organisation) revert CollateralEscrowNotOrganisation(msg.sender);
        _;
    }

    modifier onlyFactory() {
        if (msg.sender != factory) revert CollateralEscrowNotFactory(msg.sender);
        _;
    }

    constructor(address organisation_, address factory_, address priceFeed_, uint256 priceAgeMaxS_) {
        uint8 decimals = IAggregatorV3(priceFeed_).decimals();
        if (decimals > DECIMALS_MAX) revert CollateralEscrowDecimalsTooMany(decimals);
        (organisation, factory, priceFeed, priceAgeMaxS) = (organisation_, factory_, priceFeed_, priceAgeMaxS_);
        USD = 10 ** decimals;
        token = address(new SettlementToken(address(this)));
    }

    /// @inheritdoc ICollateralEscrow
    function deposit() external payable {
        if (msg.value == 0) revert CollateralEscrowAmountZero();
        emit Deposited(msg.sender, msg.value);
    }

    /// @inheritdoc ICollateralEscrow
    function issue(address to, uint256 amount) external payable onlyOrganisation {
        if (amount == 0) revert CollateralEscrowAmountZero();
        if (msg.value > 0) emit Deposited(msg.sender, msg.value);
        uint256 price = _requirePrice();
        _lastPrice = price;
        ISettlementToken(token).mint(to, amount);
        _requireCover(collateral(), _neededWei(obligations(), price));
        emit Issued(to, amount, price);
    }

    /// @inheritdoc ICollateralEscrow
    function withdraw(address payable to, uint256 amountWei) external nonReentrant onlyOrganisation {
        if (amountWei == 0) revert CollateralEscrowAmountZero();
        uint256 owed = obligations();
        uint256 neededWei = owed == 0 ? 0 : collateralFor(owed);
        (bool isThere, uint256 leftWei) = Math.trySub(collateral(), amountWei);
        if (!isThere) revert CollateralEscrowUndercollateralised(0, neededWei);
        _requireCover(leftWei, neededWei);
        emit Withdrawn(to, amountWei);
        _requireSent(to, amountWei);
    }

    /// @inheritdoc ICollateralEscrow
    function redeem(uint256 amount) external nonReentrant returns (uint256 amountWei, uint256 id) {
        if (amount == 0) revert CollateralEscrowAmountZero();
        IERC20(token).safeTransferFrom(msg.sender, address(this), amount);
        Reading memory reading = _read();
        if (reading.isKnown && reading.isFresh) return (_redeem(msg.sender, amount, uint256(reading.answer)), 0);

        id = _books.nextRedemption;
        ++_books.nextRedemption;
        _redemptions[id] = Redemption(msg.sender, uint40(block.timestamp), amount);
        emit RedemptionQueued(id, msg.sender, amount);
    }

    /// @inheritdoc ICollateralEscrow
    function execute(uint256 id) external nonReentrant returns (uint256 amountWei) {
        Redemption memory queued = _redemptions[id];
        if (queued.requestedAt == 0) revert CollateralEscrowRedemptionUnknown(id);
        uint256 price = _priceAfter(id, queued.requestedAt);
        delete _redemptions[id];
        return _redeem(queued.holder, queued.amount, price);
    }

    /// @inheritdoc ICollateralEscrow
    function withdrawCredit() external nonReentrant {
        _payCredit(msg.sender);
    }

    /// @inheritdoc ICollateralEscrow
    function payCredit(address account) external nonReentrant {
        _payCredit(account);
    }

    /// @inheritdoc ICollateralEscrow
    function reserve(address agreement, address payer, uint256 amount) external onlyFactory {
        if (payer != organisation) revert CollateralEscrowPayerUnexpected(payer, organisation);
        _books.reserved += amount.toUint112();
        _requireCover(collateral(), collateralFor(obligations()));
        emit Reserved(agreement, amount);
    }

    /// @inheritdoc ICollateralEscrow
    function release(address agreement, uint256 amount) external onlyFactory {
        _books.reserved -= amount.toUint112();
        emit Released(agreement, amount);
    }

    /// @inheritdoc ICollateralEscrow
    function reserved() external view returns (uint256) {
        return _books.reserved;
    }

    /// @inheritdoc ICollateralEscrow
    function redemptionOf(uint256 id) external view returns (Redemption memory) {
        return _redemptions[id];
    }

    /// @inheritdoc ICollateralEscrow
    function creditOf(address account) external view returns (uint256) {
        return _credits[account];
    }

    /// @inheritdoc ICollateralEscrow
    function collateralFor(uint256 amount) public view returns (uint256 neededWei) {
        return _neededWei(amount, _requirePrice());
    }

    /// @inheritdoc ICollateralEscrow
    function obligations() public view returns (uint256) {
        return IERC20(token).totalSupply() + _books.reserved;
    }

    /// @inheritdoc ICollateralEscrow
    function collateral() public view returns (uint256 amountWei) {
        return address(this).balance - _books.creditsWei;
    }

    /// @dev All is booked before ether leaves.
    function _redeem(address holder, uint256 amount, uint256 price) private returns (uint256 amountWei) {
        _lastPrice = price;
        // Saturating: at no price and amount may it fail, and what is pro rata is less then anyway.
        uint256 parWei = Math.saturatingMul(amount, USD) / price;
        uint256 proRataWei = Math.mulDiv(amount, collateral(), IERC20(token).totalSupply());
        amountWei = Math.min(parWei, proRataWei);
        uint256 feeWei = Math.ceilDiv(amountWei * FEE_BPS, BPS);
        amountWei -= feeWei;
        ISettlementToken(token).burn(amount);
        emit Redeemed(holder, amount, amountWei, price, feeWei);
        if (amountWei > 0 && !LowLevelCall.callNoReturn(holder, amountWei, "")) {
            _credits[holder] += amountWei;
            _books.creditsWei += amountWei.toUint96();
            emit Credited(holder, amountWei);
        }
    }

    function _payCredit(address account) private {
        uint256 amountWei = _credits[account];
        if (amountWei == 0) revert CollateralEscrowAmountZero();
        _credits[account] = 0;
        _books.creditsWei -= amountWei.toUint96();
        emit CreditPaid(account, amountWei);
        _requireSent(account, amountWei);
    }

    function _requireSent(address to, uint256 amountWei) private {
        if (!LowLevelCall.callNoReturn(to, amountWei, "")) revert CollateralEscrowPaymentFailed(to);
    }

    function _requireCover(uint256 collateralWei, uint256 neededWei) private pure {
        if (collateralWei < neededWei) revert CollateralEscrowUndercollateralised(collateralWei, neededWei);
    }

    function _neededWei(uint256 amount, uint256 price) private view returns (uint256) {
        return Math.mulDiv(amount * 3, USD, price * 2, Math.Rounding.Ceil);
    }

    /// @dev The price for what was requested at a time.
    function _priceAfter(uint256 id, uint256 requestedAt) private view returns (uint256) {
        Reading memory reading = _read();
        bool isUsable = reading.isKnown && reading.isFresh && reading.updatedAt > requestedAt;
        uint256 until = requestedAt + QUEUE_S_MAX;
        if (!isUsable && block.timestamp < until) revert CollateralEscrowRedemptionWaits(id, until);
        return reading.isKnown ? uint256(reading.answer) : _lastPrice;
    }

    function _requirePrice() private view returns (uint256) {
        Reading memory reading = _read();
        if (!reading.isFresh) revert CollateralEscrowPriceStale(reading.updatedAt);
        if (reading.answer <= 0) revert CollateralEscrowPriceNotPositive(reading.answer);
        return uint256(reading.answer);
    }

    /// @dev Never reverts, because redemption must not. Nor can a caller starve the feed of gas and go on: what comes after needs more than the
    /// 64th that is left.
    function _read() private view returns (Reading memory reading) {
        bool isAnswered = LowLevelCall.staticcallNoReturn(priceFeed, abi.encodeCall(IAggregatorV3.latestRoundData, ()));
        if (!isAnswered || LowLevelCall.returnDataSize() < ROUND_BYTES) return reading;
        (uint256 roundId, int256 answer,, uint256 updatedAt, uint256 answeredInRound) =
            abi.decode(LowLevelCall.returnData(), (uint256, int256, uint256, uint256, uint256));
        if (answeredInRound < roundId) return reading;
        bool isPast = updatedAt > 0 && updatedAt <= block.timestamp;
        bool isFresh = isPast && block.timestamp - updatedAt <= priceAgeMaxS;
        return Reading(answer, updatedAt, isPast && answer > 0, isFresh);
    }
}
