// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {P256} from "@openzeppelin/contracts/utils/cryptography/P256.sol";
import {Case} from "./interfaces/IAgreementClaims.sol";
import {Accept, IAgreementCustody, Phase, Tender} from "./interfaces/IAgreementCustody.sol";
import {IAgreementFactory} from "./interfaces/IAgreementFactory.sol";
import {IAgreementPayout} from "./interfaces/IAgreementPayout.sol";
import {Clauses, General, Heading, Party} from "./libraries/Clauses.sol";
import {LegKeys, P256Signature, Records} from "./libraries/Records.sol";
import {Scan} from "./libraries/Scan.sol";

/// @title What an agreement remembers, and the rules that its parts share
/// @notice Agreement, AgreementClaims, AgreementDisputes and AgreementPayout run on the same storage: this one, and nothing beside it.
abstract contract AgreementState is EIP712 {
    /// @dev Code of a minimal clone (ERC-1167), which its immutable arguments follow.
    uint256 private constant CLONE_BYTES = 45;

    bytes32 private constant ACCEPT_TYPEHASH = keccak256(
        "Accept(bytes32 offerDigest,address party,bytes32 termsHash,uint256 amount,uint256 penaltyMax,bytes32 reservationsHash)"
    );

    /// @dev Where a leg ended stands in the slot of the leg after it: a cut then writes two slots and no third.
    struct Begun {
        bytes32 keysHash;
        address custodian;
        uint32 endOfLegBefore;
        uint40 beganAt;
    }

    /// @dev One slot. `lastClaimAt`: when a case was last charged, or a dispute last opened or closed.
    struct Status {
        address payer;
        uint40 deliveredAt;
        uint40 lastClaimAt;
        Phase phase;
        uint8 openDisputes;
    }

    /// @dev One slot. `toOthers`: whether a beneficiary other than the payer has a part in it.
    struct Ledger {
        uint128 penalties;
        uint32 cases;
        bool toOthers;
    }

    /// @dev One slot. `digest`: what the seal's digest begins with; 224 bits are as hard to hit, for a quantum computer too, as one can wish.
    struct Sealed {
        uint32 n;
        bytes28 digest;
    }

    /// @dev One slot: what a party got off chain is in `_acknowledged`.
    struct Guarantee {
        uint128 claimed;
        uint128 released;
    }

    /// @dev One slot. What all cases of a clause cost one custodian before the clause's cap, and that cap; 0 for none.
    struct Sum {
        uint128 uncapped;
        uint96 limitMax;
    }

    /// @dev Where two branches of a leg begin. `digest`: of one envelope of that number, 0 while there is no fork; `caseId`: of the tamper case.
    struct Fork {
        uint32 seq;
        bytes32 digest;
        bytes32 caseId;
    }

    /// @dev End of a leg that no cut ended: every envelope of it counts.
    uint32 internal constant WITHOUT_END = type(uint32).max;
    /// @dev Indices of the parties; carriers follow.
    uint256 internal constant PAYER = 0;
    uint256 internal constant PAYEE = 1;

    /// @dev A clause without a cap says so by this.
    uint96 private constant NO_LIMIT_MAX = type(uint96).max;
    /// @dev Enough for a wallet that is a contract to log what it got.
    uint256 private constant PAY_GAS = 50_000;

    mapping(uint256 leg => Begun) internal _legs;
    Status internal _status;
    /// @dev 0 until the guarantee is paid in.
    uint40 internal _fundedAt;
    uint40 internal _settledAt;

    mapping(uint256 leg => Tender) internal _tenders;
    /// @dev First number that the leg's device is known to have signed twice.
    mapping(uint256 leg => Fork) internal _forks;
    /// @dev Each prover's own.
    mapping(address prover => mapping(uint256 leg => mapping(uint16 limitId => Scan))) internal _scans;
    /// @dev Legs that stand without trust in classical signatures.
    mapping(uint256 leg => bool) internal _confirmed;
    /// @dev The largest seal of a leg that was verified.
    mapping(uint256 leg => Sealed) internal _seals;
    /// @dev Without a beneficiary it is the payer's.
    mapping(bytes32 caseId => Case) internal _cases;
    mapping(address custodian => Ledger) internal _ledgers;
    /// @dev Penalties of a custodian by beneficiary, only of those other than the payer.
    mapping(address custodian => mapping(address beneficiary => uint128)) internal _penaltiesTo;
    /// @dev What a clause that has a cap cost a custodian.
    mapping(address custodian => mapping(uint16 limitId => Sum)) private _sums;

    mapping(address party => uint256) internal _acknowledged;
    mapping(address party => uint256) internal _awards;
    mapping(address party => Guarantee) internal _guarantees;
    mapping(address account => uint256) internal _credits;

    constructor() EIP712("Consign", "1") {}

    /// @dev As Clones.fetchCloneArgs reads it, without a copy of all the code.
    function _termsHash() internal view returns (bytes32 terms) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            extcodecopy(address(), 0, CLONE_BYTES, 32)
            terms := mload(0)
        }
    }

    /// @dev General clause and all parties, as settlement takes them: who cannot show them so could never settle.
    function _parties(bytes32 terms, Heading calldata heading)
        internal
        view
        returns (General memory agreed, Party[] memory listed)
    {
        (agreed, listed) = Clauses.heading(terms, heading);
        if (listed.length != agreed.partyCount) revert IAgreementPayout.AgreementPartiesIncomplete(listed.length);
        for (uint256 i = 0; i < listed.length; ++i) {
            if (listed[i].index != i) revert IAgreementPayout.AgreementPartiesIncomplete(i);
        }
    }

    /// @dev The address binds who signed; so nobody becomes custodian, or is settled with, under terms that only others signed.
    function _requireSigners(IAgreementFactory factory, bytes32 terms, address payer, address payee) internal view {
        if (factory.predict(terms, payer, payee) != address(this)) {
            revert IAgreementCustody.AgreementPartiesNotSigners(payer, payee);
        }
    }

    function _hasEnded(uint32 leg) internal view returns (bool) {
        return _legs[uint256(leg) + 1].custodian != address(0);
    }

    function _requireKeys(uint32 leg, LegKeys calldata keys) internal view {
        bytes32 keysHash = _legs[leg].keysHash;
        if (keysHash == 0) revert IAgreementCustody.AgreementLegNotBegun(leg);
        if (keysHash != Records.legKeysDigest(leg, keys)) revert IAgreementCustody.AgreementKeysNotOfLeg(leg);
    }

    function _requireP256(bytes32 digest, P256Signature calldata signature, bytes32 x, bytes32 y) internal view {
        if (!P256.verify(digest, signature.r, signature.s, x, y)) {
            revert IAgreementCustody.AgreementDeviceSignatureInvalid();
        }
    }

    /// @dev What the taker signs: with its wallet for the cut, with its SLH-DSA key too for who no longer trusts wallets.
    function _acceptDigest(bytes32 terms, bytes32 offered, Accept calldata accept) internal view returns (bytes32) {
        return _hashTypedDataV4(
            keccak256(
                abi.encode(
                    ACCEPT_TYPEHASH,
                    offered,
                    accept.party,
                    terms,
                    accept.amount,
                    accept.penaltyMax,
                    accept.reservationsHash
                )
            )
        );
    }

    /// @dev Never fails, whoever the receiver is: what it does not take, or not with this much gas, is credited to it. The last step of a call.
    function _pay(address to, uint256 amountWei) internal {
        // solhint-disable-next-line avoid-low-level-calls
        (bool isPaid,) = to.call{value: amountWei, gas: PAY_GAS}("");
        if (!isPaid) _credits[to] += amountWei;
    }

    /// @dev Before the first charge of the clause against the custodian of the leg.
    function _setLimitMax(uint32 leg, uint16 limitId, uint96 limitMax) internal {
        if (limitMax < NO_LIMIT_MAX) _sums[_legs[leg].custodian][limitId].limitMax = limitMax;
    }

    /// @dev Holds a case against the custodian of its leg for `penalty`, or changes what it is held for; 0 charges it no longer. The clause's
    /// cap must have been set before; that of the party counts at settlement. Nobody is paid its own penalty: the payer is, then.
    function _charge(Case storage charged, uint96 penalty) internal {
        (address custodian, address beneficiary) = (_legs[charged.leg].custodian, charged.beneficiary);
        (uint128 before, uint128 afterwards) = _capped(custodian, charged, penalty);
        Ledger memory ledger = _ledgers[custodian];
        ledger.penalties = ledger.penalties - before + afterwards;
        if (beneficiary != address(0) && beneficiary != custodian && beneficiary != _status.payer) {
            ledger.toOthers = true;
            _penaltiesTo[custodian][beneficiary] = _penaltiesTo[custodian][beneficiary] - before + afterwards;
        }
        if (charged.penalty == 0 && penalty > 0) ++ledger.cases;
        if (charged.penalty > 0 && penalty == 0) --ledger.cases;
        _ledgers[custodian] = ledger;
        charged.penalty = penalty;
    }

    /// @return before What the case's clause cost the custodian so far: the case alone, or all its cases where the clause has a cap.
    /// @return afterwards The same with the new penalty.
    function _capped(address custodian, Case storage charged, uint96 penalty)
        private
        returns (uint128 before, uint128 afterwards)
    {
        Sum memory sum = _sums[custodian][charged.limitId];
        if (sum.limitMax == 0) return (charged.penalty, penalty);
        uint128 changed = sum.uncapped - charged.penalty + penalty;
        _sums[custodian][charged.limitId].uncapped = changed;
        before = sum.uncapped < sum.limitMax ? sum.uncapped : sum.limitMax;
        afterwards = changed < sum.limitMax ? changed : sum.limitMax;
    }
}
