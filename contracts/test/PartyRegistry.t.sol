// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPartyRegistry, PartyKeys} from "../src/interfaces/IPartyRegistry.sol";
import {vm} from "./support/Vm.sol";

/// @dev Stands on signatures that TypeScript made over its own digests, for a registry at a fixed address.
contract PartyRegistryTest {
    struct Vectors {
        address registry;
        address party;
        bytes32 mlDsaKeyHash;
        bytes32 slhDsaKey;
        bytes32 nextMlDsaKeyHash;
        bytes32 nextSlhDsaKey;
        bytes rotation;
        bytes revocation;
        bytes revocationAfterRotation;
    }

    address private constant OTHER = address(0xB0B);
    bytes4 private constant ALREADY_REGISTERED = IPartyRegistry.PartyRegistryAlreadyRegistered.selector;
    uint256 private constant NOW = 1_800_000_000;

    IPartyRegistry private registry;
    Vectors private vectors;
    string private json;

    function setUp() external {
        json = vm.readFile("contracts/test/vectors/party-registry.json");
        vectors = Vectors(
            vm.parseJsonAddress(json, ".registry"),
            vm.parseJsonAddress(json, ".party"),
            vm.parseJsonBytes32(json, ".mlDsaKeyHash"),
            vm.parseJsonBytes32(json, ".slhDsaKey"),
            vm.parseJsonBytes32(json, ".next.mlDsaKeyHash"),
            vm.parseJsonBytes32(json, ".next.slhDsaKey"),
            vm.parseJsonBytes(json, ".rotation.signature"),
            vm.parseJsonBytes(json, ".revocation.signature"),
            vm.parseJsonBytes(json, ".revocationAfterRotation.signature")
        );
        address verifier = vm.deployCode("SlhDsaVerifier.sol:SlhDsaVerifier");
        address made = vm.deployCode("PartyRegistry.sol:PartyRegistry", abi.encode(verifier));
        vm.etch(vectors.registry, made.code);
        registry = IPartyRegistry(vectors.registry);
        vm.assertEq(registry.postQuantumVerifier(), verifier);
        vm.warp(NOW);
    }

    function test_registersTheKeysOfTheSender() external {
        vm.expectEmit();
        emit IPartyRegistry.PartyRegistered(vectors.party, vectors.mlDsaKeyHash, vectors.slhDsaKey);
        _register();
        _requireKeys(vectors.mlDsaKeyHash, vectors.slhDsaKey, 1, NOW, 0);
        vm.assertEq(registry.keysOf(OTHER).version, 0);
    }

    function test_digestsWhatTypeScriptDigests() external {
        _register();
        vm.assertEq(_rotationDigest(), vm.parseJsonBytes32(json, ".rotation.digest"));
        vm.assertEq(registry.revocationDigest(vectors.party), vm.parseJsonBytes32(json, ".revocation.digest"));
        _rotate();
        bytes32 afterwards = vm.parseJsonBytes32(json, ".revocationAfterRotation.digest");
        vm.assertEq(registry.revocationDigest(vectors.party), afterwards);
    }

    function test_rotatesUnderTheOldKeyWhoeverShowsIt() external {
        _register();
        vm.warp(NOW + 5);
        vm.expectEmit();
        emit IPartyRegistry.PartyKeysRotated(vectors.party, 2, vectors.nextMlDsaKeyHash, vectors.nextSlhDsaKey);
        _rotate();
        _requireKeys(vectors.nextMlDsaKeyHash, vectors.nextSlhDsaKey, 2, NOW + 5, 0);
    }

    function test_takesASignatureOnce() external {
        _register();
        _rotate();
        vm.expectRevert(_invalid());
        _rotate();
    }

    function test_refusesOtherKeysThanWereSigned() external {
        _register();
        vm.expectRevert(_invalid());
        registry.rotate(vectors.party, vectors.nextMlDsaKeyHash, bytes32(uint256(1)), vectors.rotation);
        vm.expectRevert(_invalid());
        registry.rotate(vectors.party, bytes32(uint256(1)), vectors.nextSlhDsaKey, vectors.rotation);
    }

    /// @dev Who has stolen the wallet cannot replace the keys.
    function test_theWalletAloneRotatesNothing() external {
        _register();
        vm.expectRevert(_invalid());
        vm.prank(vectors.party);
        registry.rotate(vectors.party, vectors.nextMlDsaKeyHash, vectors.nextSlhDsaKey, "");
        vm.expectRevert(abi.encodeWithSelector(ALREADY_REGISTERED, vectors.party));
        _register();
    }

    function test_refusesASignatureOfAnotherChainRegistryOrParty() external {
        _register();
        bytes32 here = _rotationDigest();
        vm.chainId(4242);
        vm.assertTrue(_rotationDigest() != here, "chain");
        vm.expectRevert(_invalid());
        _rotate();
        vm.chainId(31_337);

        address elsewhere = address(0xE15E);
        vm.etch(elsewhere, address(registry).code);
        (IPartyRegistry home, address party) = (registry, vectors.party);
        registry = IPartyRegistry(elsewhere);
        _register();
        vm.expectRevert(_invalid());
        _rotate();

        (registry, vectors.party) = (home, OTHER);
        _register();
        vm.expectRevert(_invalid());
        _rotate();
        vectors.party = party;
        _rotate();
    }

    function test_aRotationRevokesNothingAndARevocationRotatesNothing() external {
        _register();
        vm.expectRevert(_invalid());
        registry.revokeFor(vectors.party, vectors.rotation);
        vectors.rotation = vectors.revocation;
        vm.expectRevert(_invalid());
        _rotate();
    }

    function test_letsAWalletRevokeItsKeysForEver() external {
        _register();
        vm.warp(NOW + 5);
        vm.expectEmit();
        emit IPartyRegistry.PartyRevoked(vectors.party);
        vm.prank(vectors.party);
        registry.revoke();
        _requireKeys(vectors.mlDsaKeyHash, vectors.slhDsaKey, 1, NOW, NOW + 5);
        _refusesAllAfterRevocation();
    }

    function test_revokesUnderTheKeyForWhoLostTheWallet() external {
        _register();
        registry.revokeFor(vectors.party, vectors.revocation);
        _requireKeys(vectors.mlDsaKeyHash, vectors.slhDsaKey, 1, NOW, NOW);
        _refusesAllAfterRevocation();
    }

    function test_onlyThePresentKeyRevokes() external {
        _register();
        _rotate();
        vm.expectRevert(_invalid());
        registry.revokeFor(vectors.party, vectors.revocation);
        registry.revokeFor(vectors.party, vectors.revocationAfterRotation);
        vm.assertEq(registry.keysOf(vectors.party).revokedAt, NOW);
    }

    function test_knowsOnlyWhoHasRegistered() external {
        bytes memory refusal = abi.encodeWithSelector(IPartyRegistry.PartyRegistryNotRegistered.selector, vectors.party);
        vm.expectRevert(refusal);
        _rotate();
        vm.expectRevert(refusal);
        vm.prank(vectors.party);
        registry.revoke();
        vm.expectRevert(refusal);
        registry.revokeFor(vectors.party, vectors.revocation);
    }

    function test_refusesKeysOfZero() external {
        vm.expectRevert(IPartyRegistry.PartyRegistryKeyZero.selector);
        registry.register(0, vectors.slhDsaKey);
        vm.expectRevert(IPartyRegistry.PartyRegistryKeyZero.selector);
        registry.register(vectors.mlDsaKeyHash, 0);
    }

    function _refusesAllAfterRevocation() private {
        bytes memory refusal = abi.encodeWithSelector(IPartyRegistry.PartyRegistryRevokedBefore.selector, vectors.party);
        vm.expectRevert(refusal);
        _rotate();
        vm.expectRevert(refusal);
        registry.revokeFor(vectors.party, vectors.revocation);
        vm.expectRevert(refusal);
        vm.prank(vectors.party);
        registry.revoke();
        vm.expectRevert(abi.encodeWithSelector(ALREADY_REGISTERED, vectors.party));
        _register();
    }

    function _register() private {
        vm.prank(vectors.party);
        registry.register(vectors.mlDsaKeyHash, vectors.slhDsaKey);
    }

    function _rotate() private {
        registry.rotate(vectors.party, vectors.nextMlDsaKeyHash, vectors.nextSlhDsaKey, vectors.rotation);
    }

    function _rotationDigest() private view returns (bytes32) {
        return registry.rotationDigest(vectors.party, vectors.nextMlDsaKeyHash, vectors.nextSlhDsaKey);
    }

    function _invalid() private view returns (bytes memory) {
        return abi.encodeWithSelector(IPartyRegistry.PartyRegistrySignatureInvalid.selector, vectors.party);
    }

    function _requireKeys(bytes32 mlDsaKeyHash, bytes32 slhDsaKey, uint32 version, uint256 since, uint256 revokedAt)
        private
        view
    {
        PartyKeys memory keys = registry.keysOf(vectors.party);
        vm.assertEq(keys.mlDsaKeyHash, mlDsaKeyHash);
        vm.assertEq(keys.slhDsaKey, slhDsaKey);
        vm.assertEq(keys.version, version);
        vm.assertEq(keys.since, since);
        vm.assertEq(keys.revokedAt, revokedAt);
    }
}
