// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Rfc9162} from "./Rfc9162.sol";
import {Sha256} from "./Sha256.sol";

/// @notice One clause of the terms, disclosed with the proof that `termsHash` commits to it.
/// @param kind What the clause says; the constants of Clauses.
/// @param salt Keeps the clauses that are not disclosed from being guessed.
/// @param body ABI encoding of the clause's fields, in the order of docs/formats.md.
/// @param index Place of the clause in the terms.
/// @param size Number of clauses of the terms.
/// @param proof RFC 9162 inclusion proof.
struct Clause {
    uint16 kind;
    bytes32 salt;
    bytes body;
    uint256 index;
    uint256 size;
    bytes32[] proof;
}

/// @notice A clause of which the place tells the kind.
struct Content {
    bytes32 salt;
    bytes body;
}

/// @notice What terms begin with, disclosed together because that takes fewer nodes than clause by clause: general, then the parties.
/// @param parties In the order of their indices.
/// @param size Number of clauses of the terms.
/// @param rest Roots of the subtrees to the right of these clauses, from the left.
struct Heading {
    Content general;
    Content[] parties;
    uint256 size;
    bytes32[] rest;
}

/// @notice What applies to the whole agreement. Two strings follow in the clause that nothing on chain needs: legal regime and nature of penalties.
/// @param ruleVersion What the clauses mean; 1.
/// @param shipment SSCC, 18 ASCII digits, padded right with zeros.
/// @param anchorWriter Whose anchors count.
/// @param classicalUntilMs UTC milliseconds; what was signed classically and recorded before stands.
/// @param guaranteeBps Share of each amount that is guaranteed on chain, in 1/10,000.
/// @param partyCount Parties, the payer among them.
/// @param amountTotal Sum of all amounts, in the smallest unit of the token.
/// @param guaranteeTotal Sum of all guarantees, each rounded down.
struct General {
    uint16 ruleVersion;
    uint64 chainId;
    bytes32 shipment;
    address token;
    address anchorWriter;
    uint64 classicalUntilMs;
    uint16 guaranteeBps;
    uint8 partyCount;
    uint256 amountTotal;
    uint256 guaranteeTotal;
}

/// @notice Who a party is; amounts in the smallest unit of the token.
/// @param index 0 payer, 1 payee, then the carriers.
/// @param role 1 payer, 2 payee, 3 carrier.
/// @param amount What it is paid.
/// @param penaltyCap What penalties take from it at most; never above the amount.
struct Party {
    uint8 index;
    uint8 role;
    address wallet;
    bytes32 slhDsaKey;
    uint256 amount;
    uint256 penaltyCap;
}

/// @notice The device's identity, as far as the chain checks it.
/// @param keystore 1 a file, which can be copied; 2 a secure element.
struct Device {
    bytes32 p256X;
    bytes32 p256Y;
    bytes32 slhDsaKey;
    uint8 keystore;
}

/// @notice What a breach costs: min(base + perStep × floor(excess / step), caseMax); step 0 means that perStep never counts.
/// @param base Cost of the breach itself, in the smallest unit of the token, as all amounts here.
/// @param perStep Cost of each full step beyond what breaks the limit.
/// @param step In the metric's unit beyond the bound for instantaneous limits, else in milliseconds beyond the duration or due time.
/// @param caseMax The most that one case costs.
/// @param limitMax The most that all cases of this clause cost one custodian; 2^96 - 1 for no such cap.
/// @param beneficiary Who is due the penalty: a party.
struct Penalty {
    uint96 base;
    uint96 perStep;
    uint64 step;
    uint96 caseMax;
    uint96 limitMax;
    address beneficiary;
}

/// @notice A limit on one metric: kinds 4 (instantaneous), 8 (single), 9 (cumulative), 10 (mean kinetic temperature). The bound is inside.
/// @param side 1: values above the bound are outside; 2: values below it are.
/// @param bound In the fixed unit of the metric.
/// @param durationMs Time outside that breaks it, in one excursion (single) or in all (cumulative); else 0.
/// @param startUpMs Values of leg 0 before this monotonic time count as missing.
/// @param gapMsMax Between two samples further apart nothing counts; 0 for instantaneous limits.
/// @param between What counts between two samples: 1 hold, 2 linear, 3 worst case; 0 for instantaneous limits.
/// @param scope 1 the leg, 2 the shipment (cumulative; only services judge it).
struct Limit {
    uint16 limitId;
    uint8 metric;
    uint8 side;
    int32 bound;
    uint64 durationMs;
    uint64 startUpMs;
    uint64 gapMsMax;
    uint8 between;
    uint8 scope;
    Penalty penalty;
}

/// @notice When the goods must be there.
/// @param deliverByMs UTC milliseconds.
/// @param lostAfterMs UTC milliseconds from which undelivered goods count as lost; 0 for never.
/// @param lossPenalty What the loss costs the custodian, to the same beneficiary.
struct Deadline {
    uint16 limitId;
    uint64 deliverByMs;
    uint64 lostAfterMs;
    uint96 lossPenalty;
    Penalty penalty;
}

/// @notice Until when one party must have handed over.
/// @param handOverByMs UTC milliseconds.
struct Milestone {
    uint16 limitId;
    address party;
    uint64 handOverByMs;
    Penalty penalty;
}

/// @notice Two consecutive envelopes begin at most `silenceMsMax` apart.
/// @param refuteMs How long a claim of silence can be refuted.
/// @param bondWei Bond of a claim.
struct Silence {
    uint16 limitId;
    uint64 silenceMsMax;
    uint64 refuteMs;
    uint96 bondWei;
    Penalty penalty;
}

/// @notice What it costs when a device whose keys cannot be copied signs two branches.
struct Tamper {
    uint16 limitId;
    Penalty penalty;
}

/// @notice Where and how goods are offered at their destination: a box of latitudes and longitudes in 1e-7 degree, its edges inside.
/// @param graceMs How long the payer can refuse.
struct TenderTerms {
    int32 latitudeMin;
    int32 latitudeMax;
    int32 longitudeMin;
    int32 longitudeMax;
    uint64 graceMs;
}

/// @notice How long what can be done; milliseconds.
/// @param disputeMs From delivery to settlement at the earliest.
/// @param contestMs From a proof, for the accused to contest it.
/// @param answerMs From a contest, to answer it.
/// @param paymentMs From settlement to the first claim on a guarantee.
/// @param contestBondWei Least bond of a contest.
struct Windows {
    uint64 disputeMs;
    uint64 contestMs;
    uint64 answerMs;
    uint64 paymentMs;
    uint64 silenceMsMax;
    uint64 sealEveryMs;
    uint32 checkpointEvery;
    uint32 offerTtlEnvelopes;
    uint96 contestBondWei;
}

/// @title Clauses of the terms, disclosed one by one
/// @notice clauseHash = SHA-256(tag ‖ salt ‖ kind ‖ body); `termsHash` is the RFC 9162 root with each clauseHash as the data of one leaf.
/// Only membership counts here: what a clause is stands in its kind and body, so an index or size that the prover chooses gives it nothing.
library Clauses {
    uint16 internal constant GENERAL = 1;
    uint16 internal constant PARTY = 2;
    uint16 internal constant DEVICE = 3;
    uint16 internal constant INSTANTANEOUS_LIMIT = 4;
    uint16 internal constant DEADLINE = 5;
    uint16 internal constant WINDOWS = 7;
    uint16 internal constant SINGLE_LIMIT = 8;
    uint16 internal constant CUMULATIVE_LIMIT = 9;
    uint16 internal constant TAMPER = 12;
    uint16 internal constant SILENCE = 13;
    uint16 internal constant MILESTONE = 14;
    uint16 internal constant TENDER = 15;

    uint16 internal constant RULE_VERSION = 1;

    uint8 internal constant ROLE_PAYER = 1;
    uint8 internal constant ROLE_PAYEE = 2;

    uint8 internal constant KEYSTORE_SECURE_ELEMENT = 2;

    uint8 internal constant SIDE_ABOVE = 1;
    uint8 internal constant SIDE_BELOW = 2;

    uint8 internal constant BETWEEN_HOLD = 1;
    uint8 internal constant BETWEEN_LINEAR = 2;
    uint8 internal constant BETWEEN_WORST_CASE = 3;

    uint8 internal constant SCOPE_LEG = 1;

    bytes16 private constant TAG_CLAUSE = "consign.clause";

    /// @notice Thrown when the clause is of another kind than the call needs.
    error ClauseKindUnexpected(uint16 kind, uint16 expected);

    /// @notice Thrown when the terms do not commit to the clause.
    error ClauseNotInTerms(bytes32 termsHash);

    /// @notice Thrown when a limit names a side that this rule version does not know.
    error ClauseSideUnknown(uint8 side);

    /// @notice General clause and parties, in their order; whether those are all is for the caller to check.
    function heading(bytes32 termsHash, Heading calldata shown)
        internal
        view
        returns (General memory agreed, Party[] memory listed)
    {
        (Content calldata first, Content[] calldata others) = (shown.general, shown.parties);
        bytes32[] memory hashes = new bytes32[](1 + others.length);
        hashes[0] = _hash(GENERAL, first.salt, first.body);
        for (uint256 i = 0; i < others.length; ++i) {
            hashes[1 + i] = _hash(PARTY, others[i].salt, others[i].body);
        }
        if (!Rfc9162.verifyPrefix(hashes, shown.size, termsHash, shown.rest)) revert ClauseNotInTerms(termsHash);
        _readGeneral(agreed, first.body);
        listed = new Party[](others.length);
        for (uint256 i = 0; i < others.length; ++i) {
            _readParty(listed[i], others[i].body);
        }
    }

    function general(bytes32 termsHash, Clause calldata clause) internal view returns (General memory disclosed) {
        _readGeneral(disclosed, _disclosed(termsHash, clause, GENERAL));
    }

    function party(bytes32 termsHash, Clause calldata clause) internal view returns (Party memory disclosed) {
        _readParty(disclosed, _disclosed(termsHash, clause, PARTY));
    }

    /// @notice What of a party a handover needs, without memory for the rest.
    function taker(bytes32 termsHash, Clause calldata clause)
        internal
        view
        returns (uint8 role, address wallet, uint256 amount, uint256 penaltyCap)
    {
        bytes calldata body = _disclosed(termsHash, clause, PARTY);
        (, role,, wallet,,, amount, penaltyCap) =
            abi.decode(body, (uint8, uint8, uint256, address, bytes32, bytes32, uint256, uint256));
    }

    function device(bytes32 termsHash, Clause calldata clause) internal view returns (Device memory disclosed) {
        bytes calldata body = _disclosed(termsHash, clause, DEVICE);
        (, disclosed.p256X, disclosed.p256Y,, disclosed.slhDsaKey,, disclosed.keystore) =
            abi.decode(body, (bytes32, bytes32, bytes32, bytes32, bytes32, address, uint8));
    }

    /// @notice A limit that the chain can judge: instantaneous, single, or cumulative per leg.
    function limit(bytes32 termsHash, Clause calldata clause) internal view returns (Limit memory disclosed) {
        uint16 kind = clause.kind;
        if (kind != INSTANTANEOUS_LIMIT && kind != SINGLE_LIMIT && kind != CUMULATIVE_LIMIT) {
            revert ClauseKindUnexpected(kind, INSTANTANEOUS_LIMIT);
        }
        disclosed = abi.decode(_disclosed(termsHash, clause, kind), (Limit));
        if (disclosed.side != SIDE_ABOVE && disclosed.side != SIDE_BELOW) revert ClauseSideUnknown(disclosed.side);
    }

    function deadline(bytes32 termsHash, Clause calldata clause) internal view returns (Deadline memory) {
        return abi.decode(_disclosed(termsHash, clause, DEADLINE), (Deadline));
    }

    function milestone(bytes32 termsHash, Clause calldata clause) internal view returns (Milestone memory) {
        return abi.decode(_disclosed(termsHash, clause, MILESTONE), (Milestone));
    }

    function silence(bytes32 termsHash, Clause calldata clause) internal view returns (Silence memory) {
        return abi.decode(_disclosed(termsHash, clause, SILENCE), (Silence));
    }

    function tamper(bytes32 termsHash, Clause calldata clause) internal view returns (Tamper memory) {
        return abi.decode(_disclosed(termsHash, clause, TAMPER), (Tamper));
    }

    function tender(bytes32 termsHash, Clause calldata clause) internal view returns (TenderTerms memory) {
        return abi.decode(_disclosed(termsHash, clause, TENDER), (TenderTerms));
    }

    function windows(bytes32 termsHash, Clause calldata clause) internal view returns (Windows memory) {
        return abi.decode(_disclosed(termsHash, clause, WINDOWS), (Windows));
    }

    function isOutside(Limit memory disclosed, int32 value) internal pure returns (bool) {
        return disclosed.side == SIDE_ABOVE ? value > disclosed.bound : value < disclosed.bound;
    }

    /// @notice What a breach costs that exceeds its limit by `excess`, in the unit of the schedule's step.
    function penaltyFor(Penalty memory schedule, uint256 excess) internal pure returns (uint96) {
        uint256 cost = schedule.base;
        if (schedule.step > 0) cost += uint256(schedule.perStep) * (excess / schedule.step);
        // forge-lint: disable-next-line(unsafe-typecast)
        return cost < schedule.caseMax ? uint96(cost) : schedule.caseMax;
    }

    function _disclosed(bytes32 termsHash, Clause calldata clause, uint16 kind)
        private
        view
        returns (bytes calldata body)
    {
        if (clause.kind != kind) revert ClauseKindUnexpected(clause.kind, kind);
        body = clause.body;
        bytes32 clauseHash = _hash(kind, clause.salt, body);
        if (!Rfc9162.verifyInclusion(clauseHash, clause.index, clause.size, termsHash, clause.proof)) {
            revert ClauseNotInTerms(termsHash);
        }
    }

    function _hash(uint16 kind, bytes32 salt, bytes calldata body) private view returns (bytes32) {
        return Sha256.hash(abi.encodePacked(TAG_CLAUSE, salt, kind, body));
    }

    function _readGeneral(General memory disclosed, bytes calldata body) private pure {
        // In two parts, as the older pipeline, by which tests are compiled, has no room for more variables.
        (disclosed.ruleVersion, disclosed.chainId, disclosed.shipment, disclosed.token, disclosed.anchorWriter) =
            abi.decode(body, (uint16, uint64, bytes32, address, address));
        (
            disclosed.classicalUntilMs,
            disclosed.guaranteeBps,
            disclosed.partyCount,
            disclosed.amountTotal,
            disclosed.guaranteeTotal
        ) = abi.decode(body[5 * 32:], (uint64, uint16, uint8, uint256, uint256));
    }

    function _readParty(Party memory disclosed, bytes calldata body) private pure {
        // The offset stands for the name, which nothing here needs: decoding it would copy it.
        (
            disclosed.index,
            disclosed.role,,
            disclosed.wallet,,
            disclosed.slhDsaKey,
            disclosed.amount,
            disclosed.penaltyCap
        ) = abi.decode(body, (uint8, uint8, uint256, address, bytes32, bytes32, uint256, uint256));
    }
}
