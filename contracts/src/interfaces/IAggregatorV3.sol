// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The part of a Chainlink price feed that the escrow reads
interface IAggregatorV3 {
    /// @notice Decimals of `answer`.
    function decimals() external view returns (uint8);

    /// @notice The latest price.
    /// @return roundId Number of the round.
    /// @return answer The price; not above 0 when there is none.
    /// @return startedAt When the round began, in seconds since 1970.
    /// @return updatedAt When the answer was given, in seconds since 1970; 0 while the round is open.
    /// @return answeredInRound As older feeds need it.
    function latestRoundData()
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);
}
