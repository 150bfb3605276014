// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISlhDsaVerifier} from "../src/interfaces/ISlhDsaVerifier.sol";
import {vm} from "./support/Vm.sol";

/// @dev Stands on a few signatures of node:crypto and noble; many more are made and checked by slh-dsa/verifier.test.ts.
contract SlhDsaVerifierTest {
    struct Signed {
        bytes32 publicKey;
        bytes message;
        bytes context;
        bytes signature;
    }

    uint256 private constant NODES = 491;
    uint256 private constant COUNT = 4;
    /// @dev Even ones sign a digest with empty context, as seals do; odd ones a longer message with a context.
    Signed[COUNT] private _vectors;
    ISlhDsaVerifier private _verifier;

    function setUp() external {
        _verifier = ISlhDsaVerifier(vm.deployCode("SlhDsaVerifier.sol:SlhDsaVerifier"));
        string memory json = vm.readFile("contracts/test/vectors/slh-dsa.json");
        for (uint256 i = 0; i < COUNT; ++i) {
            string memory path = string.concat(".signatures[", vm.toString(i), "].");
            _vectors[i] = Signed(
                vm.parseJsonBytes32(json, string.concat(path, "publicKey")),
                vm.parseJsonBytes(json, string.concat(path, "message")),
                vm.parseJsonBytes(json, string.concat(path, "context")),
                vm.parseJsonBytes(json, string.concat(path, "signature"))
            );
        }
    }

    function test_acceptsSignaturesOfBothImplementations() external view {
        for (uint256 i = 0; i < COUNT; ++i) {
            vm.assertTrue(_holds(_vectors[i]), vm.toString(i));
        }
    }

    function test_verifiesADigestAsAMessageWithEmptyContext() external view {
        for (uint256 i = 0; i < COUNT; ++i) {
            Signed memory signed = _vectors[i];
            bool isDigest = i % 2 == 0;
            vm.assertTrue(isDigest == (signed.context.length == 0));
            vm.assertTrue(
                _verifier.verify(signed.publicKey, bytes32(signed.message), signed.signature) == isDigest,
                vm.toString(i)
            );
        }
    }

    /// @dev R, every leaf and path of FORS, every chain and path of every layer.
    function test_refusesAChangeOfAnyNode() external view {
        Signed memory signed = _vectors[0];
        for (uint256 node = 0; node < NODES; ++node) {
            uint256 place = node * 16 + node % 16;
            signed.signature[place] ^= 0x01;
            vm.assertFalse(_holds(signed), vm.toString(node));
            signed.signature[place] ^= 0x01;
        }
        vm.assertTrue(_holds(signed));
    }

    function testFuzz_refusesAChangeOfAnyBitOfTheSignature(uint8 which, uint16 place, uint8 bit) external view {
        Signed memory signed = _vectors[which % COUNT];
        signed.signature[place % signed.signature.length] ^= bytes1(uint8(1) << bit % 8);
        vm.assertFalse(_holds(signed));
    }

    function testFuzz_refusesAChangeOfKeyMessageOrContext(uint8 which, uint8 place, uint8 bit) external view {
        bytes1 mask = bytes1(uint8(1) << bit % 8);
        Signed memory signed = _vectors[which % COUNT];
        bytes32 publicKey = signed.publicKey;
        signed.publicKey ^= bytes32(mask) >> 8 * (place % 32);
        vm.assertFalse(_holds(signed), "key");
        signed.publicKey = publicKey;

        signed.message[place % signed.message.length] ^= mask;
        vm.assertFalse(_holds(signed), "message");
        signed.message[place % signed.message.length] ^= mask;

        if (signed.context.length == 0) return;
        signed.context[place % signed.context.length] ^= mask;
        vm.assertFalse(_holds(signed), "context");
    }

    function test_refusesEveryOtherLengthOfTheSignature() external view {
        Signed memory signed = _vectors[1];
        bytes memory whole = signed.signature;
        uint16[6] memory lengths = [0, 16, 7840, 7855, 7857, 7872];
        for (uint256 i = 0; i < lengths.length; ++i) {
            signed.signature = _resized(whole, lengths[i]);
            vm.assertFalse(_holds(signed), vm.toString(lengths[i]));
        }
    }

    function test_tellsContextAndMessageApart() external view {
        Signed memory signed = _vectors[3];
        (bytes memory context, bytes memory message) = (signed.context, signed.message);
        signed.context = "";
        vm.assertFalse(_holds(signed), "without context");
        signed.message = abi.encodePacked(context, message);
        vm.assertFalse(_holds(signed), "context as message");
        signed.message = abi.encodePacked(uint8(0), uint8(context.length), context, message);
        vm.assertFalse(_holds(signed), "framed twice");
        (signed.context, signed.message) = (message, context);
        vm.assertFalse(_holds(signed), "exchanged");
    }

    /// @dev The length of a context is one byte: 256 more bytes would otherwise pass for none.
    function test_refusesAContextThatIsTooLong() external view {
        Signed memory signed = _vectors[0];
        signed.context = new bytes(256);
        vm.assertFalse(_holds(signed));
    }

    function test_refusesTheSignaturesOfOthers() external view {
        for (uint256 i = 0; i < COUNT; ++i) {
            Signed memory signed = _vectors[i];
            signed.signature = _vectors[(i + 1) % COUNT].signature;
            vm.assertFalse(_holds(signed), vm.toString(i));
        }
    }

    function test_refusesAnEmptySignatureOfTheEmptyKey() external view {
        vm.assertFalse(_verifier.verify(0, 0, new bytes(7856)));
    }

    /// @dev A hash that its gas does not pay for must stop everything: what is left in memory would pass as its result.
    function test_neverAnswersFalselyForLackOfGas() external view {
        Signed memory signed = _vectors[0];
        uint256 before = gasleft();
        vm.assertTrue(_verifier.verify(signed.publicKey, bytes32(signed.message), signed.signature));
        uint256 needed = before - gasleft();
        uint256 answers = 0;
        for (uint256 i = 1; i < 64; ++i) {
            answers += _answers(signed, needed * i / 64);
            answers += _answers(signed, needed - 6400 + 211 * i);
        }
        vm.assertTrue(answers > 0 && answers < 64);
    }

    /// @return 1 for the true answer, 0 for none.
    function _answers(Signed memory signed, uint256 gasGiven) private view returns (uint256) {
        try _verifier.verify{gas: gasGiven}(signed.publicKey, bytes32(signed.message), signed.signature) returns (
            bool holds
        ) {
            vm.assertTrue(holds);
            return 1;
        } catch {
            return 0;
        }
    }

    function _holds(Signed memory signed) private view returns (bool) {
        return _verifier.verifyMessage(signed.publicKey, signed.message, signed.context, signed.signature);
    }

    function _resized(bytes memory data, uint256 length) private pure returns (bytes memory resized) {
        resized = new bytes(length);
        for (uint256 i = 0; i < length && i < data.length; ++i) {
            resized[i] = data[i];
        }
    }
}
