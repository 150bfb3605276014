// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAggregatorV3} from "./IAggregatorV3.sol";

/// @title A price feed that one named publisher posts to
/// @notice For chains without an oracle, and for development: whoever accepts what rests on it trusts the publisher. Before the first post
/// its round is open, which is no price.
interface IPostedPriceFeed is IAggregatorV3 {
    /// @notice Emitted when a price was posted.
    /// @param price USD per ether, in the feed's decimals.
    event PricePosted(uint80 indexed roundId, uint256 price);

    /// @notice Thrown when the feed would have no publisher.
    error PostedPriceFeedPublisherZero();

    /// @notice Thrown when somebody else than the publisher posts.
    error PostedPriceFeedNotPublisher(address caller);

    /// @notice Thrown when the price is zero.
    error PostedPriceFeedPriceZero();

    /// @notice Posts the price of now. Only the publisher.
    /// @param price USD per ether, in the feed's decimals.
    function post(uint128 price) external;

    /// @notice Who posts.
    function publisher() external view returns (address);

    /// @notice What the price is of.
    function description() external view returns (string memory);
}
