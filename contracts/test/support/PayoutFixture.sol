// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Clause, Heading} from "../../src/libraries/Clauses.sol";
import {ChargingStandIn} from "./ChargingStandIn.sol";
import {ShipmentFixture} from "./ShipmentFixture.sol";
import {vm} from "./Vm.sol";

/// @title A shipment whose payer has an escrow and has paid in guarantees of a fifth
/// @notice Payee and carrier are due 50 tokens each; 10 of each are guaranteed. Cases are charged without evidence.
abstract contract PayoutFixture is ShipmentFixture {
    uint256 internal constant GUARANTEE = AMOUNT / 5;
    uint256 internal constant DISPUTE_S = 14 days;
    uint256 internal constant CONTEST_S = 7 days;
    uint256 internal constant PAYMENT_S = 30 days;
    uint32 internal constant PAYEE_LEG = 0;
    uint32 internal constant CARRIER_LEG = 1;

    address internal payer;
    address internal payee;
    address internal carrier;
    uint256 private _cases;

    function setUp() public virtual override {
        (payer, payee, carrier) = (vm.addr(PAYER_KEY), vm.addr(PAYEE_KEY), vm.addr(CARRIER_KEY));
        super.setUp();
        vm.prank(payer);
        escrow.issue(payer, 1000 ether);
    }

    function _guaranteeBps() internal view virtual override returns (uint16) {
        return 2000;
    }

    function _newClaims() internal override returns (address) {
        return address(new ChargingStandIn());
    }

    function _fund() internal {
        vm.prank(payer);
        IERC20(token).approve(address(agreement), type(uint256).max);
        // Disclosing a clause makes calls, which would use up the prank.
        (Heading memory heading, Clause memory windows) = (_heading(PARTIES), _clause(WINDOWS));
        vm.prank(payer);
        agreement.fund(heading, windows);
    }

    /// @dev Funded, started, and with the payer by way of the carrier.
    function _deliver() internal {
        _fund();
        _start(_startCall());
        _recordCut(_cutCall(PAYEE_LEG, 3, CARRIER, CARRIER_KEY));
        _recordCut(_cutCall(CARRIER_LEG, 3, PAYER, PAYER_KEY));
    }

    function _charge(uint32 leg, uint96 penalty, address beneficiary) internal {
        ChargingStandIn(address(agreement))
            .charge(bytes32(++_cases), leg, uint16(_cases), type(uint96).max, penalty, beneficiary);
    }

    function _settle() internal {
        agreement.settle(_heading(PARTIES), _clause(WINDOWS));
    }

    /// @dev Delivered, charged as the test has done, and settled as early as it goes.
    function _deliverAndSettle() internal {
        _deliver();
        vm.warp(block.timestamp + DISPUTE_S);
        _settle();
    }

    function _claim(uint256 party) internal {
        agreement.claim(_clause(GENERAL), _clause(WINDOWS), _clause(party));
    }

    function _release(uint256 party) internal {
        agreement.release(_clause(GENERAL), _clause(party));
    }

    function _acknowledge(uint256 key, uint256 cumulative) internal {
        address party = vm.addr(key);
        bytes32 digest = _acknowledgementDigest(address(agreement), party, cumulative);
        agreement.acknowledge(party, cumulative, _signWallet(key, digest));
    }

    function _acknowledgementDigest(address verifier, address party, uint256 cumulative)
        internal
        view
        returns (bytes32)
    {
        bytes32 typehash = keccak256("Acknowledgement(address party,uint256 cumulative)");
        return _typedDigest(verifier, keccak256(abi.encode(typehash, party, cumulative)));
    }

    function _balance(address account) internal view returns (uint256) {
        return IERC20(token).balanceOf(account);
    }
}
