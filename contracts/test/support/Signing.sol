// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {P256Signature} from "../../src/libraries/Records.sol";
import {vm} from "./Vm.sol";

/// @title Keys of the parties, and what they sign
abstract contract Signing {
    uint256 internal constant PAYER_KEY = 0xA1;
    uint256 internal constant PAYEE_KEY = 0xA2;
    uint256 internal constant CARRIER_KEY = 0xA3;
    uint256 internal constant STRANGER_KEY = 0xA4;
    uint256 internal constant DEVICE_KEY = 0xD0;

    uint256 internal constant P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551;
    uint256 internal constant SECP256K1_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;

    function _typedDigest(address verifier, bytes32 structHash) internal view returns (bytes32) {
        bytes32 typehash =
            keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
        bytes32 domain = keccak256(abi.encode(typehash, keccak256("Consign"), keccak256("1"), block.chainid, verifier));
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }

    function _signWallet(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    /// @dev The second signature that the key's point verifies as well, unless high values are refused.
    function _malleatedWallet(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, bytes32(SECP256K1_ORDER - uint256(s)), v == 27 ? 28 : 27);
    }

    /// @dev The same signature in the 64 bytes of ERC-2098.
    function _compactWallet(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, bytes32(uint256(s) | uint256(v - 27) << 255));
    }

    function _signP256(uint256 key, bytes32 digest) internal pure returns (P256Signature memory) {
        (bytes32 r, bytes32 s) = vm.signP256(key, digest);
        return uint256(s) > P256_ORDER / 2 ? P256Signature(r, _otherS(s)) : P256Signature(r, s);
    }

    /// @dev The s of the second signature that verifies as well, unless high values are refused.
    function _otherS(bytes32 s) internal pure returns (bytes32) {
        return bytes32(P256_ORDER - uint256(s));
    }
}
