// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Sha256} from "./Sha256.sol";

/// @notice Public keys of one leg; the part of a LegKeys record that follows its prefix.
/// @param p256X X coordinate of the P-256 key that signs every envelope of the leg.
/// @param p256Y Y coordinate of it.
/// @param mlDsaKeyHash SHA-256 of the leg's ML-DSA-44 public key.
/// @param slhDsaKey The leg's SLH-DSA-SHA2-128s public key.
struct LegKeys {
    bytes32 p256X;
    bytes32 p256Y;
    bytes32 mlDsaKeyHash;
    bytes32 slhDsaKey;
}

/// @notice ECDSA signature on P-256; s above half the order is refused.
struct P256Signature {
    bytes32 r;
    bytes32 s;
}

/// @notice The device offers the custody of the next leg.
/// @param device Id of the device.
/// @param m Next free sequence number of the leg when the offer was made.
/// @param head Digest of envelope m - 1.
/// @param nextKeysHash Digest of the LegKeys record of the next leg.
/// @param nonce Makes each offer unique.
/// @param ttlEnvelopes The offer lapses when the leg has grown by more envelopes than these.
struct Offer {
    bytes32 device;
    uint32 m;
    bytes32 head;
    bytes32 nextKeysHash;
    bytes16 nonce;
    uint32 ttlEnvelopes;
}

/// @notice The device ends a leg at [0, n).
/// @param n Number of envelopes of the leg that ends.
/// @param head Digest of envelope n - 1.
/// @param root RFC 9162 root over the digests of all n envelopes.
struct Cut {
    uint32 n;
    bytes32 head;
    bytes32 root;
}

/// @notice A leg's envelopes so far, under the leg's SLH-DSA key.
/// @param n Number of envelopes.
/// @param root RFC 9162 root over the digests of all n envelopes.
/// @param head Digest of envelope n - 1.
struct Seal {
    uint32 n;
    bytes32 root;
    bytes32 head;
}

/// @title Records that a device signs
/// @notice digest = SHA-256(tag ‖ suite ‖ chain id ‖ agreement ‖ leg ‖ fields), integers big-endian, as docs/formats.md lays out.
/// Chain and agreement are those of the calling contract, so a record of another chain or agreement has another digest.
library Records {
    /// @dev Suite 1: P-256 with SHA-256, ML-DSA-44, SLH-DSA-SHA2-128s.
    uint8 internal constant SUITE = 1;

    /// @dev Tag, padded right with zeros to 16 bytes, and suite.
    bytes17 private constant LEG_KEYS = "consign.legkeys\x00\x01";
    bytes17 private constant OFFER = "consign.offer\x00\x00\x00\x01";
    bytes17 private constant CUT = "consign.cut\x00\x00\x00\x00\x00\x01";
    bytes17 private constant SEAL = "consign.seal\x00\x00\x00\x00\x01";

    bytes16 private constant TAG_CASE = "consign.case";

    /// @notice Digest of the LegKeys record of `leg`: names the keys wherever they are committed to.
    function legKeysDigest(uint32 leg, LegKeys calldata keys) internal view returns (bytes32) {
        return
            Sha256.hash(
                abi.encodePacked(LEG_KEYS, _place(leg), keys.p256X, keys.p256Y, keys.mlDsaKeyHash, keys.slhDsaKey)
            );
    }

    /// @notice Digest of an Offer made in `leg`, the leg that would end.
    function offerDigest(uint32 leg, Offer calldata offer) internal view returns (bytes32) {
        return Sha256.hash(
            abi.encodePacked(
                OFFER,
                _place(leg),
                offer.device,
                offer.m,
                offer.head,
                offer.nextKeysHash,
                offer.nonce,
                offer.ttlEnvelopes
            )
        );
    }

    /// @notice Digest of the Cut that ends `leg`.
    /// @param offered Digest of the Offer that was accepted.
    /// @param accepted EIP-712 digest of the Accept.
    function cutDigest(uint32 leg, bytes32 offered, bytes32 accepted, Cut calldata cut)
        internal
        view
        returns (bytes32)
    {
        return Sha256.hash(abi.encodePacked(CUT, _place(leg), offered, accepted, cut.n, cut.head, cut.root));
    }

    /// @notice Digest of a Seal of `leg`.
    function sealDigest(uint32 leg, Seal calldata seal) internal view returns (bytes32) {
        return Sha256.hash(abi.encodePacked(SEAL, _place(leg), seal.n, seal.root, seal.head));
    }

    /// @notice Names one excursion of one limit: where its first reading outside stands.
    /// @param startSeq Envelope of that reading.
    /// @param startIndex Its place in the envelope.
    function caseId(uint32 leg, uint16 limitId, uint32 startSeq, uint16 startIndex) internal view returns (bytes32) {
        return Sha256.hash(abi.encodePacked(TAG_CASE, address(this), leg, limitId, startSeq, startIndex));
    }

    /// @dev Chain id 8 ‖ agreement 20 ‖ leg 4.
    function _place(uint32 leg) private view returns (bytes32) {
        return bytes32(block.chainid << 192 | uint256(uint160(address(this))) << 32 | leg);
    }
}
