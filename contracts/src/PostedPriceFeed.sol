// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAggregatorV3} from "./interfaces/IAggregatorV3.sol";
import {IPostedPriceFeed} from "./interfaces/IPostedPriceFeed.sol";

/// @title Implementation of IPostedPriceFeed, where everything is described
contract PostedPriceFeed is IPostedPriceFeed {
    /// @dev One slot.
    struct Round {
        uint128 price;
        uint80 id;
        uint40 postedAt;
    }

    /// @inheritdoc IPostedPriceFeed
    address public immutable publisher;
    /// @inheritdoc IAggregatorV3
    uint8 public immutable decimals;
    /// @inheritdoc IPostedPriceFeed
    string public description;

    Round private _latest;

    constructor(address publisher_, uint8 decimals_, string memory description_) {
        if (publisher_ == address(0)) revert PostedPriceFeedPublisherZero();
        publisher = publisher_;
        decimals = decimals_;
        description = description_;
    }

    /// @inheritdoc IPostedPriceFeed
    function post(uint128 price) external {
        if (msg.sender != publisher) revert PostedPriceFeedNotPublisher(msg.sender);
        if (price == 0) revert PostedPriceFeedPriceZero();
        uint80 id = _latest.id + 1;
        _latest = Round(price, id, uint40(block.timestamp));
        emit PricePosted(id, price);
    }

    /// @inheritdoc IAggregatorV3
    function latestRoundData()
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)
    {
        Round memory round = _latest;
        return (round.id, int256(uint256(round.price)), round.postedAt, round.postedAt, round.id);
    }
}
