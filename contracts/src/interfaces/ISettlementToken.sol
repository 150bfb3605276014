// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The token that settles agreements
/// @notice ERC-20 with 18 decimals and ERC-2612 permits. One issuer for ever, named at construction; it can add to the supply and has no
/// other power: it moves, freezes and burns nobody's tokens.
interface ISettlementToken {
    /// @notice Thrown when somebody else than the issuer mints.
    error SettlementTokenNotIssuer(address caller);

    /// @notice Thrown when the token would have no issuer.
    error SettlementTokenIssuerZero();

    /// @notice Issues tokens. Only the issuer may.
    /// @param amount In units of 1e-18 tokens.
    function mint(address to, uint256 amount) external;

    /// @notice Destroys tokens of the caller.
    /// @param amount In units of 1e-18 tokens.
    function burn(uint256 amount) external;

    /// @notice Who may mint.
    function issuer() external view returns (address);
}
