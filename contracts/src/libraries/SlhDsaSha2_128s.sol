// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Verification of SLH-DSA-SHA2-128s, the stateless hash-based signatures of FIPS 205 (August 2024)
/// @notice The pure variant with context (section 10.2). Functions bear the standard's names and stand in its order, from the whole down to
/// single hashes; numbers of sections, algorithms, tables and figures are the standard's.
/// @dev Nodes are 16 bytes; a node in a bytes32 is its first 16 bytes, and what the others hold never counts. Addresses are compressed
/// (ADRSc, section 11.2): 22 bytes, here the low ones of a uint256. Success of the SHA-256 precompile is not looked at: it fails only for want
/// of gas, at most 312 of it, and the 1/64 that is then left pays for no answer.
// solhint-disable-next-line contract-name-capwords
library SlhDsaSha2_128s {
    // Table 2, row SLH-DSA-SHA2-128s; the lengths of WOTS+ by equations 5.1 to 5.4.
    uint256 private constant N = 16;
    uint256 private constant H = 63;
    uint256 private constant D = 7;
    uint256 private constant H_PRIME = H / D;
    uint256 private constant A = 12;
    uint256 private constant K = 14;
    uint256 private constant LG_W = 4;
    uint256 private constant W = 2 ** LG_W;
    uint256 private constant LEN_1 = 8 * N / LG_W; // 32 digits of the message
    uint256 private constant LEN_2 = 3; // digits of the checksum: LEN_1 × (W - 1) = 480 at most, below W^3
    uint256 private constant LEN = LEN_1 + LEN_2;

    // The signature is R ‖ SIG_FORS ‖ SIG_HT (figure 17).
    uint256 private constant FORS_TREE_BYTES = (1 + A) * N;
    uint256 private constant XMSS_BYTES = (LEN + H_PRIME) * N;
    uint256 private constant SIG_FORS_AT = N;
    uint256 private constant SIG_HT_AT = SIG_FORS_AT + K * FORS_TREE_BYTES;
    uint256 private constant SIGNATURE_BYTES = SIG_HT_AT + D * XMSS_BYTES; // 7856

    uint256 private constant CONTEXT_BYTES_MAX = 255;

    // The message digest has m = 30 bytes, md 21 ‖ idx_tree 7 ‖ idx_leaf 2; places in bits from the low end of the 32 bytes of SHA-256.
    uint256 private constant IDX_LEAF_AT = 16;
    uint256 private constant IDX_TREE_AT = 32;
    uint256 private constant MD_AT = 256 - K * A;

    // ADRSc is layer 1 ‖ tree 8 ‖ type 1 ‖ key pair 4 ‖ chain or tree height 4 ‖ hash or tree index 4 bytes; places in bits from its low end.
    uint256 private constant TREE_HEIGHT_AT = 32;
    uint256 private constant KEY_PAIR_AT = 64;
    uint256 private constant TYPE_AT = 96;
    uint256 private constant TREE_AT = 104;
    uint256 private constant LAYER_AT = 168;

    // Types of addresses, table 1.
    uint256 private constant WOTS_HASH = 0 * 2 ** TYPE_AT;
    uint256 private constant WOTS_PK = 1 * 2 ** TYPE_AT;
    uint256 private constant TREE = 2 * 2 ** TYPE_AT;
    uint256 private constant FORS_TREE = 3 * 2 ** TYPE_AT;
    uint256 private constant FORS_ROOTS = 4 * 2 ** TYPE_AT;

    // What is hashed to a node is PK.seed 16 ‖ zeros 48 ‖ ADRSc 22 ‖ nodes (section 11.2.1); places in bytes.
    uint256 private constant INPUT_ADRS_WORD = 54; // 32 bytes that end with ADRSc and begin with zeros
    uint256 private constant INPUT_CHAIN_ADDRESS = 81; // the last byte of it: chains are numbered below 256
    uint256 private constant INPUT_HASH_ADDRESS = 85; // the last byte of it: hashes are numbered below W
    uint256 private constant INPUT_NODES = 86;
    uint256 private constant INPUT_BYTES_OF_ONE = 102;
    uint256 private constant NODE_BYTES = 16;
    uint256 private constant LAST_DIGIT = 15;

    // Two inputs lie side by side in memory: one for up to two nodes, and a list for up to LEN. Each has 16 bytes to spare, because nodes are
    // written as words of 32.
    uint256 private constant LIST = INPUT_NODES + (2 + 1) * N;
    uint256 private constant LIST_BYTES = INPUT_NODES + (LEN + 1) * N;

    // Of 128 bits the low half of every byte, and the low byte of every two.
    uint256 private constant LOW_DIGITS = 0x0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f;
    uint256 private constant LOW_BYTES = 0x00ff00ff00ff00ff00ff00ff00ff00ff;

    uint256 private constant SHA256 = 2; // address of the precompile

    /// @notice slh_verify, algorithm 24.
    /// @param publicKey PK.seed ‖ PK.root.
    /// @param message Of any length.
    /// @param context At most 255 bytes.
    /// @param signature 7856 bytes.
    /// @return Whether it holds; false, never a revert, for anything malformed.
    function verify(bytes32 publicKey, bytes memory message, bytes memory context, bytes calldata signature)
        internal
        view
        returns (bool)
    {
        if (signature.length != SIGNATURE_BYTES || context.length > CONTEXT_BYTES_MAX) return false;
        bytes memory framed = abi.encodePacked(uint8(0), uint8(context.length), context, message);
        return _verifyInternal(publicKey, framed, signature);
    }

    /// @dev slh_verify_internal, algorithm 20. `sig` is, here and below, the place in calldata of the part of the signature that is next.
    function _verifyInternal(bytes32 publicKey, bytes memory message, bytes calldata signature)
        private
        view
        returns (bool)
    {
        uint256 sig = _placeOf(signature);
        uint256 digest = uint256(_hMsg(_nodeAt(sig), publicKey, message));
        uint256 idxTree = _low(digest >> IDX_TREE_AT, H - H_PRIME);
        uint256 idxLeaf = _low(digest >> IDX_LEAF_AT, H_PRIME);
        uint256 adrs = idxTree << TREE_AT | idxLeaf << KEY_PAIR_AT;
        uint256 input = _newInputs(publicKey);
        bytes32 pkFors = _forsPkFromSig(input, adrs, sig + SIG_FORS_AT, digest >> MD_AT);
        return _htVerify(input, pkFors, sig + SIG_HT_AT, idxTree, idxLeaf, publicKey << 8 * N);
    }

    /// @dev H_msg, section 11.2.1. MGF1 (RFC 8017 B.2.1) ends with its first block: m = 30 bytes are wanted, SHA-256 gives 32.
    function _hMsg(bytes32 r, bytes32 publicKey, bytes memory message) private pure returns (bytes32) {
        bytes32 inner = sha256(abi.encodePacked(_trunc(r), publicKey, message));
        return sha256(abi.encodePacked(_trunc(r), _trunc(publicKey), inner, uint32(0)));
    }

    /// @dev fors_pkFromSig, algorithm 17; its digits are the k groups of a bits of md (base_2b, algorithm 4).
    function _forsPkFromSig(uint256 input, uint256 adrs, uint256 sig, uint256 md) private view returns (bytes32) {
        uint256 treeAdrs = adrs | FORS_TREE;
        unchecked {
            for (uint256 i = 0; i < K; ++i) {
                uint256 index = i << A | _low(md >> (K - 1 - i) * A, A);
                _setNode(input, 0, _nodeAt(sig));
                bytes32 leaf = _tl(input, treeAdrs | index, 1);
                _setNode(input + LIST, i, _rootOf(input, treeAdrs, leaf, index, sig + N, A));
                sig += FORS_TREE_BYTES;
            }
        }
        return _tl(input + LIST, adrs | FORS_ROOTS, K);
    }

    /// @dev ht_verify, algorithm 13.
    function _htVerify(uint256 input, bytes32 node, uint256 sig, uint256 idxTree, uint256 idxLeaf, bytes32 pkRoot)
        private
        view
        returns (bool)
    {
        unchecked {
            for (uint256 j = 0; j < D; ++j) {
                node = _xmssPkFromSig(input, j << LAYER_AT | idxTree << TREE_AT, idxLeaf, sig, node);
                idxLeaf = _low(idxTree, H_PRIME);
                idxTree >>= H_PRIME;
                sig += XMSS_BYTES;
            }
        }
        return _trunc(node) == _trunc(pkRoot);
    }

    /// @dev xmss_pkFromSig, algorithm 11. `node` is what was signed.
    function _xmssPkFromSig(uint256 input, uint256 adrs, uint256 idx, uint256 sig, bytes32 node)
        private
        view
        returns (bytes32)
    {
        bytes32 leaf = _wotsPkFromSig(input, adrs | idx << KEY_PAIR_AT, sig, node);
        return _rootOf(input, adrs | TREE, leaf, idx, sig + LEN * N, H_PRIME);
    }

    /// @dev wots_pkFromSig, algorithm 8. The digits of message and checksum stand side by side in one word, the first one highest.
    function _wotsPkFromSig(uint256 input, uint256 adrs, uint256 sig, bytes32 node) private view returns (bytes32) {
        unchecked {
            uint256 digits = uint256(node) >> 256 - 8 * N;
            digits = digits << LEN_2 * LG_W | LEN_1 * (W - 1) - _sumOfDigits(digits);
            _setAdrs(input, adrs | WOTS_HASH);
            for (uint256 i = 0; i < LEN; ++i) {
                uint256 digit = _low(digits >> (LEN - 1 - i) * LG_W, LG_W);
                _setNode(input + LIST, i, _chainToEnd(input, i, _nodeAt(sig + i * N), digit));
            }
        }
        return _tl(input + LIST, adrs | WOTS_PK, LEN);
    }

    /// @dev Sum of 32 digits of 4 bits: neighbours are added until there are 8 sums of 16 bits, and those by casting out 2^16 - 1.
    function _sumOfDigits(uint256 digits) private pure returns (uint256) {
        uint256 sums = (digits & LOW_DIGITS) + (digits >> 4 & LOW_DIGITS);
        sums = (sums & LOW_BYTES) + (sums >> 8 & LOW_BYTES);
        return sums % 0xffff;
    }

    /// @dev What algorithms 11 and 17 share: from a leaf up to the root, by an authentication path of `height` nodes.
    function _rootOf(uint256 input, uint256 adrs, bytes32 node, uint256 index, uint256 sig, uint256 height)
        private
        view
        returns (bytes32)
    {
        unchecked {
            for (uint256 j = 1; j <= height; ++j) {
                if (index & 1 == 0) {
                    _setNode(input, 0, node);
                    _setNode(input, 1, _nodeAt(sig));
                } else {
                    _setNode(input, 0, _nodeAt(sig));
                    _setNode(input, 1, node);
                }
                index >>= 1;
                node = _tl(input, adrs | j << TREE_HEIGHT_AT | index, 2);
                sig += N;
            }
        }
        return node;
    }

    /// @dev chain, algorithm 5, from hash address `digit` to the end at w - 1. Nine tenths of all hashes are made here, so each writes
    /// its node where the next one reads it, and the loop makes two of them a turn.
    function _chainToEnd(uint256 input, uint256 chain, bytes32 start, uint256 digit)
        private
        view
        returns (bytes32 node)
    {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let message := add(input, INPUT_NODES)
            let hashAddress := add(input, INPUT_HASH_ADDRESS)
            mstore8(add(input, INPUT_CHAIN_ADDRESS), chain)
            mstore(message, start)
            if iszero(and(digit, 1)) {
                mstore8(hashAddress, digit)
                digit := add(digit, staticcall(gas(), SHA256, input, INPUT_BYTES_OF_ONE, message, 32))
            }
            for {} xor(digit, LAST_DIGIT) {} {
                mstore8(hashAddress, digit)
                digit := add(digit, staticcall(gas(), SHA256, input, INPUT_BYTES_OF_ONE, message, 32))
                mstore8(hashAddress, digit)
                digit := add(digit, staticcall(gas(), SHA256, input, INPUT_BYTES_OF_ONE, message, 32))
            }
            node := mload(message)
        }
    }

    /// @dev T_l of section 11.2.1 over the first `count` nodes of the input; F is T_1 and H is T_2.
    function _tl(uint256 input, uint256 adrs, uint256 count) private view returns (bytes32 node) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            mstore(add(input, INPUT_ADRS_WORD), adrs)
            pop(staticcall(gas(), SHA256, input, add(INPUT_NODES, mul(count, NODE_BYTES)), 0, 32))
            node := mload(0)
        }
    }

    function _newInputs(bytes32 publicKey) private pure returns (uint256 input) {
        bytes16 seed = _trunc(publicKey);
        bytes memory inputs = abi.encodePacked(seed, new bytes(LIST - N), seed, new bytes(LIST_BYTES - N));
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            input := add(inputs, 32)
        }
    }

    function _setAdrs(uint256 input, uint256 adrs) private pure {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            mstore(add(input, INPUT_ADRS_WORD), adrs)
        }
    }

    /// @dev Nodes are set from the first to the last: setting one overwrites the one after it.
    function _setNode(uint256 input, uint256 place, bytes32 node) private pure {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            mstore(add(add(input, INPUT_NODES), mul(place, NODE_BYTES)), node)
        }
    }

    function _placeOf(bytes calldata signature) private pure returns (uint256 sig) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            sig := signature.offset
        }
    }

    function _nodeAt(uint256 sig) private pure returns (bytes32 node) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            node := calldataload(sig)
        }
    }

    /// @dev Trunc_n: the node that a bytes32 begins with.
    function _trunc(bytes32 node) private pure returns (bytes16) {
        // forge-lint: disable-next-line(unsafe-typecast)
        return bytes16(node);
    }

    function _low(uint256 value, uint256 bits) private pure returns (uint256) {
        return value % 2 ** bits;
    }
}
