// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice A redemption that waits for a price.
/// @param holder Who redeems; the tokens are with the escrow.
/// @param requestedAt In seconds since 1970; 0 when there is none, or it is done.
/// @param amount Tokens, in units of 1e-18.
struct Redemption {
    address holder;
    uint40 requestedAt;
    uint256 amount;
}

/// @title The ether behind an organisation's tokens
/// @notice Issues SettlementTokens at 1 USD against ether worth at least 150 %, and redeems them at par, or pro rata when the ether is worth
/// less than the tokens. Redemption never refuses and nobody can stop it. The organisation can issue, and withdraw what is not needed; it
/// has no other power. Obligations = supply + amounts of agreements under way. Every redemption lowers the supply by at least what it takes, so
/// whatever the organisation does with its own tokens, what was covered stays covered unless the price falls. Ether that arrives in other
/// ways than by deposit counts too; credits do not.
/// @dev A price is fresh when its round is finished and its time is neither in the future nor more than `priceAgeMaxS` ago. A feed that reverts,
/// or answers what is no round, is stale.
interface ICollateralEscrow {
    /// @notice Emitted when ether was added.
    event Deposited(address indexed from, uint256 amountWei);

    /// @notice Emitted when the organisation took ether back.
    event Withdrawn(address indexed to, uint256 amountWei);

    /// @notice Emitted when tokens were issued.
    /// @param price USD per ether, in the feed's decimals.
    event Issued(address indexed to, uint256 amount, uint256 price);

    /// @notice Emitted when tokens were redeemed.
    /// @param amountWei What the holder got, or was credited.
    /// @param price USD per ether at which it was, in the feed's decimals.
    /// @param feeWei What stays in the escrow.
    event Redeemed(address indexed holder, uint256 amount, uint256 amountWei, uint256 price, uint256 feeWei);

    /// @notice Emitted when a redemption waits for the next price.
    event RedemptionQueued(uint256 indexed id, address indexed holder, uint256 amount);

    /// @notice Emitted when ether could not be sent and is kept for whom it is due.
    event Credited(address indexed account, uint256 amountWei);

    /// @notice Emitted when a credit was paid.
    event CreditPaid(address indexed account, uint256 amountWei);

    /// @notice Emitted when amounts of an agreement were reserved.
    event Reserved(address indexed agreement, uint256 amount);

    /// @notice Emitted when a reservation ended.
    event Released(address indexed agreement, uint256 amount);

    /// @notice Thrown when somebody else than the organisation issues or withdraws.
    error CollateralEscrowNotOrganisation(address caller);

    /// @notice Thrown when somebody else than the factory reserves or releases.
    error CollateralEscrowNotFactory(address caller);

    /// @notice Thrown when an agreement is paid by another organisation.
    error CollateralEscrowPayerUnexpected(address payer, address organisation);

    /// @notice Thrown when the price is older than `priceAgeMaxS`, from the future, or not of a finished round.
    error CollateralEscrowPriceStale(uint256 updatedAt);

    /// @notice Thrown when the price is not above 0.
    error CollateralEscrowPriceNotPositive(int256 price);

    /// @notice Thrown when the feed's prices have more than 18 decimals.
    error CollateralEscrowDecimalsTooMany(uint8 decimals);

    /// @notice Thrown when the ether would be worth less than 150 % of what it must cover.
    /// @param collateralWei Ether there would be; 0 when not even that would be there.
    /// @param neededWei Ether that is needed at this price.
    error CollateralEscrowUndercollateralised(uint256 collateralWei, uint256 neededWei);

    /// @notice Thrown when an amount, or a credit, is zero.
    error CollateralEscrowAmountZero();

    /// @notice Thrown when there is no such redemption, or it is done.
    error CollateralEscrowRedemptionUnknown(uint256 id);

    /// @notice Thrown when a queued redemption has neither a later fresh price nor waited 7 days.
    error CollateralEscrowRedemptionWaits(uint256 id, uint256 until);

    /// @notice Thrown when ether could not be sent.
    error CollateralEscrowPaymentFailed(address to);

    /// @notice Adds ether. Anyone may.
    function deposit() external payable;

    /// @notice Issues tokens at 1 USD; ether may be added with it. Only the organisation. Refuses a stale or non-positive price.
    /// @param amount In units of 1e-18 tokens.
    function issue(address to, uint256 amount) external payable;

    /// @notice Takes back ether that is not needed to cover supply and reservations with 150 %. Only the organisation. Refuses a stale or
    /// non-positive price unless nothing is to be covered.
    function withdraw(address payable to, uint256 amountWei) external;

    /// @notice Redeems tokens of the sender, who must have approved them: at a fresh price at once, less a fee of 0.5 % against prices that lag
    /// the market; at a stale or non-positive one it queues. Pays min(par, pro rata) less the fee, rounded down: par = amount / price, pro
    /// rata = the amount's share of supply in the ether. A holder that takes no ether is credited.
    /// @return amountWei What was paid or credited; 0 when it queues.
    /// @return id Number of the queued redemption; 0 when it was paid.
    function redeem(uint256 amount) external returns (uint256 amountWei, uint256 id);

    /// @notice Pays the holder of a queued redemption, by the same rule and fee: at a fresh price that was given after the request, or, 7 days
    /// after it, at the last known price: the feed's latest positive one, else the one of the latest issue or redemption. Anyone may call; the
    /// organisation should, as soon as a price comes, so that nobody can wait for one that suits.
    /// @dev Queued tokens count as supply until then.
    function execute(uint256 id) external returns (uint256 amountWei);

    /// @notice Takes out what the caller was credited because a payment to it failed.
    function withdrawCredit() external;

    /// @notice Pays an account its credit. Anyone may, for accounts whose code cannot ask.
    function payCredit(address account) external;

    /// @notice Reserves the amounts of an agreement. Only the factory. Refuses another payer than the organisation, what ether and obligations
    /// do not allow, and a stale or non-positive price.
    function reserve(address agreement, address payer, uint256 amount) external;

    /// @notice Ends a reservation. Only the factory, which sees to it that each ends once and with its amount. Needs no price.
    function release(address agreement, uint256 amount) external;

    /// @notice Who issues.
    function organisation() external view returns (address);

    /// @notice Whose agreements it covers.
    function factory() external view returns (address);

    /// @notice The token, whose only issuer this is.
    function token() external view returns (address);

    /// @notice USD per ether.
    function priceFeed() external view returns (address);

    /// @notice Age up to which a price is fresh, in seconds.
    function priceAgeMaxS() external view returns (uint256);

    /// @notice Amounts of agreements under way, in the smallest unit of the token.
    function reserved() external view returns (uint256);

    /// @notice What must be covered with 150 %: all tokens, and reserved amounts.
    function obligations() external view returns (uint256);

    /// @notice The ether that covers them: all there is, less credits.
    function collateral() external view returns (uint256 amountWei);

    /// @notice Ether that covers `amount` tokens with 150 % at the present price, rounded up; reverts when it is stale or not above 0.
    function collateralFor(uint256 amount) external view returns (uint256 neededWei);

    /// @notice A queued redemption.
    function redemptionOf(uint256 id) external view returns (Redemption memory);

    /// @notice Wei credited to an account.
    function creditOf(address account) external view returns (uint256);
}
