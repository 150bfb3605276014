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
/// has no other power. Obligations = tokens of others than the organisation + amounts of agreements under way.
interface ICollateralEscrow {
    /// @notice Emitted when ether was added.
    event Deposited(address indexed from, uint256 amountWei);

    /// @notice Emitted when the organisation took ether back.
    event Withdrawn(address indexed to, uint256 amountWei);

    /// @notice Emitted when tokens were issued.
    /// @param price USD per ether, in the feed's decimals.
    event Issued(address indexed to, uint256 amount, uint256 price);

    /// @notice Emitted when tokens were redeemed.
    /// @param price USD per ether, in the feed's decimals; 0 when it was stale for too long.
    /// @param feeWei What of it stays in the escrow.
    event Redeemed(address indexed holder, uint256 amount, uint256 amountWei, uint256 price, uint256 feeWei);

    /// @notice Emitted when a redemption waits for the next price.
    event RedemptionQueued(uint256 indexed id, address indexed holder, uint256 amount);

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

    /// @notice Thrown when the ether would be worth less than 150 % of what it must cover.
    /// @param collateralWei Ether there would be.
    /// @param neededWei Ether that is needed at this price.
    error CollateralEscrowUndercollateralised(uint256 collateralWei, uint256 neededWei);

    /// @notice Thrown when an amount is zero.
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

    /// @notice Takes back ether that is not needed to cover supply and reservations with 150 %. Only the organisation.
    function withdraw(address payable to, uint256 amountWei) external;

    /// @notice Redeems tokens of the sender, who must have approved them: at a fresh price at once, less a fee against prices that lag the
    /// market; at a stale one it queues.
    /// @return amountWei What was paid; 0 when it queues.
    /// @return id Number of the queued redemption; 0 when it was paid.
    function redeem(uint256 amount) external returns (uint256 amountWei, uint256 id);

    /// @notice Pays a queued redemption at the first fresh price after it, or pro rata at the last known price after 7 days. Anyone may call.
    function execute(uint256 id) external returns (uint256 amountWei);

    /// @notice Takes out what the caller was credited because a payment to it failed.
    function withdrawCredit() external;

    /// @notice Reserves the amounts of an agreement. Only the factory. Refuses what ether and obligations do not allow, and a stale price.
    function reserve(address agreement, address payer, uint256 amount) external;

    /// @notice Ends a reservation. Only the factory.
    function release(address agreement, uint256 amount) external;

    /// @notice Who issues.
    function organisation() external view returns (address);

    /// @notice Whose agreements it covers.
    function factory() external view returns (address);

    /// @notice The token, whose only issuer this is.
    function token() external view returns (address);

    /// @notice USD per ether.
    function priceFeed() external view returns (address);

    /// @notice Age from which a price is stale, in seconds.
    function priceAgeMaxS() external view returns (uint256);

    /// @notice Amounts of agreements under way, in the smallest unit of the token.
    function reserved() external view returns (uint256);

    /// @notice What must be covered with 150 %: tokens that others than the organisation hold, and reserved amounts.
    function obligations() external view returns (uint256);

    /// @notice Ether that covers `amount` tokens with 150 % at the present price; reverts when it is stale.
    function collateralFor(uint256 amount) external view returns (uint256 neededWei);

    /// @notice A queued redemption.
    function redemptionOf(uint256 id) external view returns (Redemption memory);

    /// @notice Wei credited to an account.
    function creditOf(address account) external view returns (uint256);
}
