// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AgreementState} from "./AgreementState.sol";
import {Accept, IAgreementCustody, Phase} from "./interfaces/IAgreementCustody.sol";
import {Clause, Clauses} from "./libraries/Clauses.sol";
import {LegKeys, Offer, Records} from "./libraries/Records.sol";

/// @title How custody passes, whoever signed for it: shared by Agreement (the parties) and AgreementDisputes (their delegates)
abstract contract AgreementHandover is AgreementState {
    /// @dev All of an acceptance but who signed it.
    function _requireAccepted(
        uint32 leg,
        LegKeys calldata keys,
        Offer calldata offer,
        Accept calldata accept,
        uint32 n,
        Clause calldata taker
    ) internal view returns (uint8 role, bytes32 offered, bytes32 accepted) {
        _requireKeys(leg, keys);
        _requireNotEnded(leg);
        (uint32 m, uint32 ttlEnvelopes) = (offer.m, offer.ttlEnvelopes);
        if (n < m || n - m > ttlEnvelopes) revert IAgreementCustody.AgreementCutOutsideOffer(n, m, ttlEnvelopes);
        bytes32 terms = _termsHash();
        role = _requireTaker(terms, taker, accept.party, accept.amount, accept.penaltyMax);
        offered = Records.offerDigest(leg, offer);
        accepted = _acceptDigest(terms, offered, accept);
    }

    function _requireTaker(bytes32 terms, Clause calldata taker, address wallet, uint256 amount, uint256 penaltyMax)
        internal
        view
        returns (uint8 role)
    {
        (uint8 listedRole, address listedWallet, uint256 listedAmount, uint256 penaltyCap) = Clauses.taker(terms, taker);
        if (wallet != listedWallet || amount != listedAmount || penaltyMax != penaltyCap) {
            revert IAgreementCustody.AgreementAcceptNotAsAgreed();
        }
        return listedRole;
    }

    function _requireNotEnded(uint32 leg) internal view {
        if (_hasEnded(leg)) revert IAgreementCustody.AgreementLegEnded(leg);
    }

    /// @dev Ends `leg` and begins the next one, in which nothing is cut or proven any more when it is the payer's.
    function _transfer(uint32 leg, address to, uint8 role, uint32 n, bytes32 nextKeysHash, bytes32 digest) internal {
        if (nextKeysHash == 0) revert IAgreementCustody.AgreementKeysHashZero();
        bool isPayer = role == Clauses.ROLE_PAYER;
        _legs[uint256(leg) + 1] = Begun(isPayer ? bytes32(0) : nextKeysHash, to, n, uint40(block.timestamp));
        emit IAgreementCustody.CustodyTransferred(leg, to, n, digest);
        if (!isPayer) return;
        _end();
        emit IAgreementCustody.Delivered(leg + 1);
    }

    function _end() internal {
        (_status.deliveredAt, _status.phase) = (uint40(block.timestamp), Phase.Delivered);
    }
}
