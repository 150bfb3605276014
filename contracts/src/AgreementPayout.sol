// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {AgreementState} from "./AgreementState.sol";
import {IAgreementCustody, Phase} from "./interfaces/IAgreementCustody.sol";
import {Conduct, IAgreementFactory} from "./interfaces/IAgreementFactory.sol";
import {IAgreementPayout} from "./interfaces/IAgreementPayout.sol";
import {Clause, Clauses, General, Heading, Party, Windows} from "./libraries/Clauses.sol";
import {WalletSignature} from "./libraries/WalletSignature.sol";

/// @title Implementation of IAgreementPayout, where everything is described
contract AgreementPayout is AgreementState, IAgreementPayout {
    using SafeCast for uint256;
    using SafeERC20 for IERC20;

    /// @dev What settlement fixes for one party.
    struct Payout {
        uint256 charged;
        uint256 uncollected;
        uint256 awarded;
    }

    bytes32 private constant ACKNOWLEDGEMENT_TYPEHASH = keccak256("Acknowledgement(address party,uint256 cumulative)");
    uint256 private constant BPS = 10_000;
    uint256 private constant MS_PER_S = 1000;

    /// @inheritdoc IAgreementPayout
    function fund(Heading calldata heading, Clause calldata windows) external {
        _fund(_requireSettleableTerms(heading, windows));
    }

    /// @inheritdoc IAgreementPayout
    function fundWithPermit(
        Heading calldata heading,
        Clause calldata windows,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external {
        General memory terms = _requireSettleableTerms(heading, windows);
        // Whoever sees the permit can show it first; then the allowance is there.
        if (IERC20(terms.token).allowance(msg.sender, address(this)) < terms.guaranteeTotal) {
            IERC20Permit(terms.token).permit(msg.sender, address(this), terms.guaranteeTotal, deadline, v, r, s);
        }
        _fund(terms);
    }

    /// @inheritdoc IAgreementPayout
    function acknowledge(address party, uint256 cumulative, bytes calldata signature) external {
        if (_status.phase == Phase.Created) revert IAgreementCustody.AgreementPhaseUnexpected(Phase.Created);
        uint256 known = _acknowledged[party];
        if (cumulative <= known) revert AgreementAcknowledgementOld(cumulative, known);
        bytes32 signed = _hashTypedDataV4(keccak256(abi.encode(ACKNOWLEDGEMENT_TYPEHASH, party, cumulative)));
        if (!WalletSignature.isBy(party, signed, signature)) revert AgreementAcknowledgementInvalid(party);
        _acknowledged[party] = cumulative;
        emit Acknowledged(party, cumulative);
    }

    /// @inheritdoc IAgreementPayout
    function settle(Heading calldata heading, Clause calldata windows) external {
        bytes32 termsHash = _termsHash();
        _requireSettleable(Clauses.windows(termsHash, windows));
        (General memory terms, Party[] memory listed) = _parties(termsHash, heading);

        address payer = listed[PAYER].wallet;
        (_status.phase, _status.payer, _settledAt) = (Phase.Settled, payer, uint40(block.timestamp));
        Conduct[] memory conducts = _fixPayouts(listed);
        _factory().conclude(termsHash, payer, listed[PAYEE].wallet, terms.token, terms.amountTotal, conducts);
    }

    /// @inheritdoc IAgreementPayout
    function claim(Clause calldata general, Clause calldata windows, Clause calldata party) external {
        bytes32 termsHash = _termsHash();
        uint256 from = _requireSettled() + _toSeconds(Clauses.windows(termsHash, windows).paymentMs);
        if (block.timestamp < from) revert AgreementClaimTooEarly(from);
        General memory terms = Clauses.general(termsHash, general);
        Party memory payee = Clauses.party(termsHash, party);
        (uint256 amount,) = _splitGuarantee(terms.guaranteeBps, payee);
        if (amount == 0) revert AgreementNothingDue(payee.wallet);
        _guarantees[payee.wallet].claimed += amount.toUint128();
        emit GuaranteeClaimed(payee.wallet, amount);
        IERC20(terms.token).safeTransfer(payee.wallet, amount);
    }

    /// @inheritdoc IAgreementPayout
    function release(Clause calldata general, Clause calldata party) external {
        _requireSettled();
        bytes32 termsHash = _termsHash();
        General memory terms = Clauses.general(termsHash, general);
        Party memory payee = Clauses.party(termsHash, party);
        (, uint256 amount) = _splitGuarantee(terms.guaranteeBps, payee);
        if (amount == 0) revert AgreementNothingDue(payee.wallet);
        _guarantees[payee.wallet].released += amount.toUint128();
        emit GuaranteeReleased(payee.wallet, amount);
        IERC20(terms.token).safeTransfer(_status.payer, amount);
    }

    /// @inheritdoc IAgreementPayout
    function isFunded() external view returns (bool) {
        return _fundedAt != 0;
    }

    /// @inheritdoc IAgreementPayout
    function acknowledgedBy(address party) external view returns (uint256) {
        return _acknowledged[party];
    }

    /// @inheritdoc IAgreementPayout
    function awardOf(address party) external view returns (uint256) {
        return _awards[party];
    }

    /// @inheritdoc IAgreementPayout
    function settledAt() external view returns (uint256) {
        return _settledAt;
    }

    /// @inheritdoc IAgreementPayout
    function guaranteeUsed(address party) external view returns (uint256 claimed, uint256 released) {
        Guarantee memory used = _guarantees[party];
        return (used.claimed, used.released);
    }

    function _fund(General memory terms) private {
        if (_status.phase != Phase.Created || _fundedAt != 0 || terms.guaranteeTotal == 0) {
            revert AgreementFundingNotNeeded();
        }
        _fundedAt = uint40(block.timestamp);
        emit Funded(msg.sender, terms.guaranteeTotal);
        IERC20(terms.token).safeTransferFrom(msg.sender, address(this), terms.guaranteeTotal);
    }

    /// @dev Fixes all payouts and keeps of them what cannot be computed again: the awards.
    /// @return conducts Of everybody but the payer; of nobody when no leg has begun.
    function _fixPayouts(Party[] memory listed) private returns (Conduct[] memory conducts) {
        (uint256 amountTotal, uint256 refund) = (0, 0);
        Payout[] memory payouts = new Payout[](listed.length);
        bool hasBegun = _hasBegun();
        conducts = new Conduct[](hasBegun ? listed.length - 1 : 0);
        for (uint256 i = PAYEE; i < listed.length; ++i) {
            amountTotal += listed[i].amount;
            if (!hasBegun) continue;
            Ledger memory ledger = _ledgers[listed[i].wallet];
            uint256 charged = _chargedTo(ledger, listed[i]);
            (payouts[i].charged, payouts[i].uncollected) = (charged, ledger.penalties - charged);
            conducts[i - 1] = Conduct(listed[i].wallet, ledger.cases, uint96(Math.min(charged, type(uint96).max)));
            refund += charged;
            if (ledger.toOthers && charged > 0) refund -= _shareOut(listed, i, ledger.penalties, payouts);
        }
        if (!hasBegun) refund = amountTotal;
        else _recordPayouts(listed, payouts);
        emit Settled(amountTotal, refund);
    }

    /// @dev Gives the beneficiaries other than the payer their parts of what the party at `debtor` is charged.
    /// @return shared Sum of those parts; what rounding leaves is the payer's.
    function _shareOut(Party[] memory listed, uint256 debtor, uint256 penalties, Payout[] memory payouts)
        private
        view
        returns (uint256 shared)
    {
        for (uint256 i = PAYEE; i < listed.length; ++i) {
            uint256 part = _penaltiesTo[listed[debtor].wallet][listed[i].wallet];
            if (part == 0) continue;
            uint256 share = Math.mulDiv(payouts[debtor].charged, part, penalties);
            payouts[i].awarded += share;
            shared += share;
        }
    }

    function _recordPayouts(Party[] memory listed, Payout[] memory payouts) private {
        for (uint256 i = PAYEE; i < listed.length; ++i) {
            Payout memory payout = payouts[i];
            address wallet = listed[i].wallet;
            if (payout.awarded > 0) _awards[wallet] = payout.awarded;
            emit PayoutFixed(wallet, listed[i].amount, payout.charged, payout.uncollected, payout.awarded);
        }
    }

    function _requireSettleable(Windows memory windows) private view {
        Status memory status = _status;
        if (status.phase == Phase.Settled) revert IAgreementCustody.AgreementPhaseUnexpected(Phase.Settled);
        if (status.phase != Phase.Delivered) revert AgreementNotSettleable(0);
        if (status.openDisputes > 0) revert AgreementDisputesOpen(status.openDisputes);
        uint256 from = Math.max(
            status.deliveredAt + _toSeconds(windows.disputeMs), status.lastClaimAt + _toSeconds(windows.contestMs)
        );
        if (block.timestamp < from) revert AgreementNotSettleable(from);
    }

    /// @dev All that `settle` asks of the terms, and that what comes in can go out: the guarantees of the parties, each with a wallet of its own.
    function _requireSettleableTerms(Heading calldata heading, Clause calldata windows)
        private
        view
        returns (General memory terms)
    {
        bytes32 termsHash = _termsHash();
        Clauses.windows(termsHash, windows);
        Party[] memory listed;
        (terms, listed) = _parties(termsHash, heading);
        _requireSigners(_factory(), termsHash, listed[PAYER].wallet, listed[PAYEE].wallet);
        uint256 guarantees = 0;
        for (uint256 i = PAYEE; i < listed.length; ++i) {
            guarantees += _guaranteeOf(terms.guaranteeBps, listed[i]);
            for (uint256 j = 0; j < i; ++j) {
                if (listed[i].wallet == listed[j].wallet) revert AgreementWalletTwice(listed[i].wallet);
            }
        }
        if (guarantees != terms.guaranteeTotal) revert AgreementGuaranteesUnequal(guarantees, terms.guaranteeTotal);
    }

    function _requireSettled() private view returns (uint256 settledAt_) {
        settledAt_ = _settledAt;
        if (settledAt_ == 0) revert AgreementNotSettled();
    }

    /// @dev What is left of a party's guarantee: `owed` is its own, `free` the payer's.
    function _splitGuarantee(uint256 guaranteeBps, Party memory party)
        private
        view
        returns (uint256 owed, uint256 free)
    {
        if (_fundedAt == 0 || party.index == PAYER) return (0, 0);
        Guarantee memory used = _guarantees[party.wallet];
        uint256 left = Math.saturatingSub(_guaranteeOf(guaranteeBps, party), uint256(used.claimed) + used.released);
        uint256 unpaid = Math.saturatingSub(_dueTo(party), _acknowledged[party.wallet]);
        owed = Math.min(left, Math.saturatingSub(unpaid, used.claimed));
        return (owed, left - owed);
    }

    /// @dev Nobody earns anything before the first leg has begun.
    function _dueTo(Party memory party) private view returns (uint256) {
        if (!_hasBegun()) return 0;
        return party.amount - _chargedTo(_ledgers[party.wallet], party) + _awards[party.wallet];
    }

    function _hasBegun() private view returns (bool) {
        return _legs[0].custodian != address(0);
    }

    /// @dev Only the agreement itself knows it; this code is shared.
    function _factory() private view returns (IAgreementFactory) {
        return IAgreementFactory(IAgreementCustody(address(this)).factory());
    }

    function _guaranteeOf(uint256 guaranteeBps, Party memory party) private pure returns (uint256) {
        return Math.mulDiv(party.amount, guaranteeBps, BPS);
    }

    function _chargedTo(Ledger memory ledger, Party memory party) private pure returns (uint256) {
        return Math.min(ledger.penalties, Math.min(party.penaltyCap, party.amount));
    }

    function _toSeconds(uint256 ms) private pure returns (uint256) {
        return Math.ceilDiv(ms, MS_PER_S);
    }
}
