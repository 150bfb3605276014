// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Clause, Heading} from "../libraries/Clauses.sol";

/// @title Who gets what: guarantee, acknowledgements, settlement
/// @notice Parties are paid off chain, in slices that each acknowledges. What the agreement holds, the guarantee, pays whoever is not.
/// charged = min(penalties, cap, amount); due = amount - charged + awards; claimable = min(guarantee, due - acknowledged). What is charged goes
/// to the beneficiaries in proportion to their penalties, each part rounded down; the rest is the payer's. Where no leg ever began nobody is
/// due anything. The payer itself is never paid and never charged.
interface IAgreementPayout {
    /// @notice Emitted when the guarantee has been paid in.
    event Funded(address indexed by, uint256 guaranteeTotal);

    /// @notice Emitted when a party has acknowledged payments.
    /// @param cumulative All that it ever got off chain for this agreement, in the smallest unit.
    event Acknowledged(address indexed party, uint256 cumulative);

    /// @notice Emitted at settlement for each party that is paid: agreed = charged + due - awarded. `uncollected`: penalties beyond `charged`.
    event PayoutFixed(address indexed party, uint256 agreed, uint256 charged, uint256 uncollected, uint256 awarded);

    /// @notice Emitted when the agreement is settled: the `due` of all PayoutFixed + refund = amountTotal.
    /// @param amountTotal Sum of the amounts of all parties but the payer.
    event Settled(uint256 amountTotal, uint256 refund);

    /// @notice Emitted when a guarantee has been paid out.
    event GuaranteeClaimed(address indexed party, uint256 amount);

    /// @notice Emitted when a guarantee that is needed no longer went back to the payer.
    event GuaranteeReleased(address indexed party, uint256 amount);

    /// @notice Thrown when the guarantee is there already, none was agreed, or the agreement is past its start.
    error AgreementFundingNotNeeded();

    /// @notice Thrown when the terms name another guarantee in all than the parties have together, in the smallest unit.
    error AgreementGuaranteesUnequal(uint256 ofParties, uint256 guaranteeTotal);

    /// @notice Thrown when two parties have the same wallet: one guarantee would count for both.
    error AgreementWalletTwice(address wallet);

    /// @notice Thrown when an acknowledgement is not above the one before.
    error AgreementAcknowledgementOld(uint256 cumulative, uint256 known);

    /// @notice Thrown when an acknowledgement is not signed by its party.
    error AgreementAcknowledgementInvalid(address party);

    /// @notice Thrown when the agreement cannot be settled yet.
    /// @param from When it can be, in seconds since 1970; 0 when it is not delivered.
    error AgreementNotSettleable(uint256 from);

    /// @notice Thrown when disputes are open: resolve them first.
    error AgreementDisputesOpen(uint256 count);

    /// @notice Thrown when the disclosed parties are not all parties, or their indices do not go up from 0.
    error AgreementPartiesIncomplete(uint256 position);

    /// @notice Thrown when the call needs a settled agreement.
    error AgreementNotSettled();

    /// @notice Thrown when payments off chain still have time.
    /// @param from When guarantees can be claimed, in seconds since 1970.
    error AgreementClaimTooEarly(uint256 from);

    /// @notice Thrown when nothing of the party's guarantee can be paid to it, or nothing released.
    error AgreementNothingDue(address party);

    /// @notice Pays in the guarantee of the terms from the sender, who must have approved it. What is not needed goes to the payer at the end.
    /// Shown is what `settle` will be shown: of terms that cannot be settled nothing is taken.
    /// @param heading The general clause and those of all parties.
    function fund(Heading calldata heading, Clause calldata windows) external;

    /// @notice The same, with the sender's ERC-2612 permit over `guaranteeTotal`. A permit that somebody else has shown already serves too.
    function fundWithPermit(
        Heading calldata heading,
        Clause calldata windows,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external;

    /// @notice Records what a party says it got off chain. EIP-712, this agreement's domain: `Acknowledgement(address party,uint256 cumulative)`.
    /// Anyone may call, from the start on; only more than before counts, so one signature serves once.
    function acknowledge(address party, uint256 cumulative, bytes calldata signature) external;

    /// @notice Fixes who gets what, rates the parties, and frees the organisation's escrow. Once the dispute window has passed since delivery,
    /// the contest window since the last case, and no dispute is open. Anyone may call.
    /// @param heading The general clause and those of all parties.
    function settle(Heading calldata heading, Clause calldata windows) external;

    /// @notice Pays a party from its guarantee what it was not paid off chain. Anyone may call, once the payment window has passed since
    /// settlement.
    function claim(Clause calldata general, Clause calldata windows, Clause calldata party) external;

    /// @notice Gives the payer back what of a party's guarantee can no longer be claimed: what it is not due, and what it has acknowledged or
    /// claimed. Anyone may call, after settlement.
    function release(Clause calldata general, Clause calldata party) external;

    /// @notice Whether the guarantee has been paid in.
    function isFunded() external view returns (bool);

    /// @notice All that a party has acknowledged, in the smallest unit.
    function acknowledgedBy(address party) external view returns (uint256);

    /// @notice What settlement awarded a party from the penalties of others, in the smallest unit.
    function awardOf(address party) external view returns (uint256);

    /// @notice When it was settled, in seconds since 1970; 0 before.
    function settledAt() external view returns (uint256);

    /// @notice What was claimed from and released of a party's guarantee.
    function guaranteeUsed(address party) external view returns (uint256 claimed, uint256 released);
}
