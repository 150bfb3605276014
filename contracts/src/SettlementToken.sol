// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ISettlementToken} from "./interfaces/ISettlementToken.sol";

/// @title Implementation of ISettlementToken, where everything is described
contract SettlementToken is ISettlementToken, ERC20Permit {
    /// @inheritdoc ISettlementToken
    address public immutable issuer;

    constructor(address issuer_) ERC20("Consign Settlement Token", "CST") ERC20Permit("Consign Settlement Token") {
        if (issuer_ == address(0)) revert SettlementTokenIssuerZero();
        issuer = issuer_;
    }

    /// @inheritdoc ISettlementToken
    function mint(address to, uint256 amount) external {
        if (msg.sender != issuer) revert SettlementTokenNotIssuer(msg.sender);
        _mint(to, amount);
    }

    /// @inheritdoc ISettlementToken
    function burn(uint256 amount) external {
        _burn(msg.sender, amount);
    }
}
