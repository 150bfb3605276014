// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {P256} from "@openzeppelin/contracts/utils/cryptography/P256.sol";
import {IAgreementFactory} from "../src/interfaces/IAgreementFactory.sol";
import {AgreementAddress} from "../src/libraries/AgreementAddress.sol";
import {Clause, Clauses, Content, Device, General, Heading, Limit, Party} from "../src/libraries/Clauses.sol";
import {Delegation} from "../src/libraries/Delegations.sol";
import {Disclosure} from "../src/libraries/EnvelopeCodec.sol";
import {Cut, LegKeys, Offer} from "../src/libraries/Records.sol";
import {LibraryHarness} from "./support/LibraryHarness.sol";
import {ShipmentFixture} from "./support/ShipmentFixture.sol";
import {vm} from "./support/Vm.sol";

/// @title What TypeScript publishes, Solidity reads to the byte
contract VectorsTest is ShipmentFixture {
    string private constant ENVELOPE = "packages/envelope/vectors/";
    string private constant TERMS = "packages/terms/vectors/";

    /// The payment graph, which no contract reads.
    uint16 private constant CHANNEL = 16;

    function setUp() public override {}

    function test_merkleInclusions() external {
        LibraryHarness harness = new LibraryHarness();
        string memory json = vm.readFile(string.concat(ENVELOPE, "merkle.json"));
        bytes32[] memory leaves = vm.parseJsonBytes32Array(json, ".leaves");
        uint256 seen = 0;
        for (; vm.keyExistsJson(json, _at(".inclusions", seen)); ++seen) {
            string memory inclusion = _at(".inclusions", seen);
            uint256 index = vm.parseJsonUint(json, string.concat(inclusion, ".index"));
            uint256 size = vm.parseJsonUint(json, string.concat(inclusion, ".size"));
            bytes32 root = vm.parseJsonBytes32(json, string.concat(_at(".roots", size), ".root"));
            bytes32[] memory proof = vm.parseJsonBytes32Array(json, string.concat(inclusion, ".proof"));
            vm.assertTrue(harness.isIncluded(leaves[index], index, size, root, proof), inclusion);
        }
        vm.assertTrue(seen > 40);
    }

    function test_deviceRecords() external {
        string memory json = vm.readFile(string.concat(ENVELOPE, "records.json"));
        LibraryHarness harness = _harnessAt(vm.parseJsonAddress(json, ".agreement"));
        for (uint32 i = 0; i < 2; ++i) {
            string memory record = _at(".legKeys", i);
            LegKeys memory keys = _keysAt(json, i == 0 ? ".keys.leg0" : ".keys.leg1");
            uint32 leg = uint32(vm.parseJsonUint(json, string.concat(record, ".leg")));
            _requireDigest(json, record, harness.legKeysDigest(leg, keys));
        }
        Offer memory offer = Offer({
            device: vm.parseJsonBytes32(json, ".offer.device"),
            m: uint32(vm.parseJsonUint(json, ".offer.m")),
            head: vm.parseJsonBytes32(json, ".offer.head"),
            nextKeysHash: vm.parseJsonBytes32(json, ".offer.nextKeysHash"),
            nonce: bytes16(vm.parseJsonBytes(json, ".offer.nonce")),
            ttlEnvelopes: uint32(vm.parseJsonUint(json, ".offer.ttlEnvelopes"))
        });
        _requireDigest(json, ".offer", harness.offerDigest(0, offer));
        Cut memory cut = Cut({
            n: uint32(vm.parseJsonUint(json, ".cut.n")),
            head: vm.parseJsonBytes32(json, ".cut.head"),
            root: vm.parseJsonBytes32(json, ".cut.root")
        });
        bytes32 accepted = vm.parseJsonBytes32(json, ".cut.acceptDigest");
        _requireDigest(json, ".cut", harness.cutDigest(0, harness.offerDigest(0, offer), accepted, cut));
        _requireSignedBy(json, ".offer", _keysAt(json, ".keys.leg0"));
        _requireSignedBy(json, ".cut", _keysAt(json, ".keys.leg0"));
        _requireSignedBy(json, ".legKeys[0]", _keysAt(json, ".keys.device"));
    }

    function test_delegations() external {
        string memory json = vm.readFile(string.concat(TERMS, "signatures.json"));
        vm.chainId(vm.parseJsonUint(json, ".delegation.domain.chainId"));
        _requireDelegation(json, ".delegation.one");
        _requireDelegation(json, ".delegation.all");
    }

    function test_envelopes() external {
        string memory json = vm.readFile(string.concat(ENVELOPE, "envelopes.json"));
        LibraryHarness harness = _harnessAt(vm.parseJsonAddress(json, ".agreement"));
        uint256 seen = 0;
        for (; vm.keyExistsJson(json, _at(".envelopes", seen)); ++seen) {
            string memory path = _at(".envelopes", seen);
            _requireEnvelope(harness, json, path);
            uint256 columns = 0;
            for (; vm.keyExistsJson(json, _at(string.concat(path, ".disclosures"), columns)); ++columns) {
                _requireColumn(harness, json, path, _at(string.concat(path, ".disclosures"), columns));
            }
        }
        vm.assertTrue(seen > 3);
    }

    function test_highSOfAnEnvelopeIsRefused() external view {
        string memory json = vm.readFile(string.concat(ENVELOPE, "envelopes.json"));
        LegKeys memory keys = _keysAt(json, ".keys.leg0");
        bytes32 digest = sha256(vm.parseJsonBytes(json, ".highS.message"));
        (bytes32 r, bytes32 s) = (vm.parseJsonBytes32(json, ".highS.r"), vm.parseJsonBytes32(json, ".highS.s"));
        vm.assertFalse(P256.verify(digest, r, s, keys.p256X, keys.p256Y));
    }

    function test_clauses() external {
        LibraryHarness harness = new LibraryHarness();
        string memory json = vm.readFile(string.concat(TERMS, "terms.json"));
        uint256 agreements = 0;
        for (; vm.keyExistsJson(json, _at(".agreements", agreements)); ++agreements) {
            string memory agreement = _at(".agreements", agreements);
            uint256 clauses = 0;
            string memory all = string.concat(agreement, ".clauses");
            for (; vm.keyExistsJson(json, _at(all, clauses)); ++clauses) {
                string memory written = _at(string.concat(agreement, ".terms.clauses"), clauses);
                _requireClause(harness, json, agreement, _at(all, clauses), written);
            }
            vm.assertTrue(clauses > 6);
            _requireHeading(harness, json, agreement);
        }
        vm.assertTrue(agreements > 0);
    }

    function test_agreementAddresses() external view {
        string memory json = vm.readFile(string.concat(TERMS, "identities.json"));
        uint256 seen = 0;
        for (; vm.keyExistsJson(json, _at(".agreements", seen)); ++seen) {
            string memory path = _at(".agreements", seen);
            address predicted = AgreementAddress.predict(
                vm.parseJsonAddress(json, string.concat(path, ".factory")),
                vm.parseJsonAddress(json, string.concat(path, ".implementation")),
                vm.parseJsonBytes32(json, string.concat(path, ".termsHash")),
                vm.parseJsonAddress(json, string.concat(path, ".payer")),
                vm.parseJsonAddress(json, string.concat(path, ".payee"))
            );
            vm.assertEq(predicted, vm.parseJsonAddress(json, string.concat(path, ".address")));
        }
        vm.assertTrue(seen > 0);
    }

    function test_caseIds() external {
        string memory json = vm.readFile(string.concat(TERMS, "identities.json"));
        uint256 seen = 0;
        for (; vm.keyExistsJson(json, _at(".cases", seen)); ++seen) {
            string memory path = _at(".cases", seen);
            bytes32 id = _harnessAt(vm.parseJsonAddress(json, string.concat(path, ".agreement")))
                .caseId(
                    uint32(vm.parseJsonUint(json, string.concat(path, ".leg"))),
                    uint16(vm.parseJsonUint(json, string.concat(path, ".limitId"))),
                    uint32(vm.parseJsonUint(json, string.concat(path, ".startSeq"))),
                    uint16(vm.parseJsonUint(json, string.concat(path, ".startIndex")))
                );
            vm.assertEq(id, vm.parseJsonBytes32(json, string.concat(path, ".caseId")), path);
        }
        vm.assertTrue(seen > 0);
    }

    function test_theFactoryTakesThePublishedSignatures() external {
        string memory json = vm.readFile(string.concat(TERMS, "signatures.json"));
        address payer = vm.parseJsonAddress(json, ".agreement.message.payer");
        factory = IAgreementFactory(vm.parseJsonAddress(json, ".agreement.domain.factory"));
        vm.etch(address(factory), address(_newFactory()).code);
        priceFeed = _newPriceFeed();
        string memory terms = vm.readFile(string.concat(TERMS, "terms.json"));
        // The token of the published terms, issued by an escrow of their payer.
        escrow = _newEscrow(payer, address(factory));
        vm.etch(vm.parseJsonAddress(terms, ".agreements[0].terms.clauses[0].token"), escrow.token().code);
        factory.create(
            vm.parseJsonBytes32(json, ".agreement.message.termsHash"),
            payer,
            vm.parseJsonAddress(json, ".agreement.message.payee"),
            vm.parseJsonBytes(json, ".agreement.payer.ecdsa"),
            vm.parseJsonBytes(json, ".agreement.payee.ecdsa"),
            _clauseAt(terms, ".agreements[0].clauses[0]")
        );
    }

    /// @dev The clauses before those of the device, of which the vectors give the contents one by one.
    function _requireHeading(LibraryHarness harness, string memory json, string memory agreement) private view {
        Heading memory heading;
        heading.parties = new Content[](vm.parseJsonUint(json, string.concat(agreement, ".heading.parties")));
        heading.rest = vm.parseJsonBytes32Array(json, string.concat(agreement, ".heading.rest"));
        string memory clauses = string.concat(agreement, ".clauses");
        Clause memory clause = _clauseAt(json, _at(clauses, 0));
        (heading.general, heading.size) = (Content(clause.salt, clause.body), clause.size);
        for (uint256 i = 0; i < heading.parties.length; ++i) {
            clause = _clauseAt(json, _at(clauses, 1 + i));
            heading.parties[i] = Content(clause.salt, clause.body);
        }
        bytes32 termsHash = vm.parseJsonBytes32(json, string.concat(agreement, ".termsHash"));
        (General memory general, Party[] memory listed) = harness.heading(termsHash, heading);
        vm.assertEq(general.partyCount, listed.length, agreement);
        vm.assertEq(listed[0].role, Clauses.ROLE_PAYER, agreement);
        vm.assertEq(general.token, vm.parseJsonAddress(json, string.concat(agreement, ".terms.clauses[0].token")));
    }

    function _requireEnvelope(LibraryHarness harness, string memory json, string memory path) private view {
        bytes memory header = vm.parseJsonBytes(json, string.concat(path, ".header"));
        (bytes32 digest, bool isHere, uint32 leg, uint32 seq, bytes32 previous, uint16 count) = harness.envelope(header);
        vm.assertEq(digest, vm.parseJsonBytes32(json, string.concat(path, ".digest")), path);
        vm.assertTrue(isHere, path);
        vm.assertEq(leg, vm.parseJsonUint(json, string.concat(path, ".leg")), path);
        vm.assertEq(seq, vm.parseJsonUint(json, string.concat(path, ".seq")), path);
        vm.assertEq(count, vm.parseJsonUint(json, string.concat(path, ".count")), path);
        vm.assertEq(previous, vm.parseJsonBytes32(json, string.concat(path, ".previous")), path);
        _requireSignedBy(json, path, _keysAt(json, leg == 0 ? ".keys.leg0" : ".keys.leg1"));
    }

    function _requireColumn(LibraryHarness harness, string memory json, string memory envelope, string memory path)
        private
        pure
    {
        Disclosure memory shown = Disclosure({
            header: vm.parseJsonBytes(json, string.concat(envelope, ".header")),
            times: "",
            timesSalt: 0,
            column: vm.parseJsonBytes(json, string.concat(path, ".column")),
            columnSalt: vm.parseJsonBytes32(json, string.concat(path, ".columnSalt")),
            hashes: vm.parseJsonBytes32Array(json, string.concat(path, ".hashes"))
        });
        int32[] memory values = harness.column(shown, uint8(vm.parseJsonUint(json, string.concat(path, ".metric"))));
        int256[] memory expected = vm.parseJsonIntArray(json, string.concat(path, ".values"));
        vm.assertEq(values.length, expected.length, path);
        for (uint256 i = 0; i < values.length; ++i) {
            vm.assertEq(int256(values[i]), expected[i]);
        }
    }

    function _requireClause(
        LibraryHarness harness,
        string memory json,
        string memory agreement,
        string memory path,
        string memory written
    ) private view {
        bytes32 termsHash = vm.parseJsonBytes32(json, string.concat(agreement, ".termsHash"));
        Clause memory clause = _clauseAt(json, path);
        if (clause.kind == Clauses.PARTY) {
            Party memory party = harness.party(termsHash, clause);
            vm.assertEq(party.wallet, vm.parseJsonAddress(json, string.concat(written, ".wallet")));
            vm.assertEq(party.amount, vm.parseJsonUint(json, string.concat(written, ".amount")), path);
            vm.assertEq(party.penaltyCap, vm.parseJsonUint(json, string.concat(written, ".penaltyCap")), path);
        } else if (clause.kind == Clauses.DEVICE) {
            Device memory device = harness.device(termsHash, clause);
            bytes memory p256 = vm.parseJsonBytes(json, string.concat(written, ".p256"));
            vm.assertEq(keccak256(abi.encodePacked(device.p256X, device.p256Y)), keccak256(p256), path);
        } else if (clause.kind == Clauses.INSTANTANEOUS_LIMIT) {
            Limit memory limit = harness.limit(termsHash, clause);
            vm.assertEq(limit.limitId, vm.parseJsonUint(json, string.concat(written, ".limitId")), path);
            vm.assertEq(
                limit.penalty.beneficiary, vm.parseJsonAddress(json, string.concat(written, ".penalty.beneficiary"))
            );
            vm.assertEq(int256(limit.bound), vm.parseJsonInt(json, string.concat(written, ".bound")));
        } else {
            if (clause.kind == CHANNEL) _requireEnds(json, clause.body, written);
            bytes32 hash = sha256(abi.encodePacked(bytes16("consign.clause"), clause.salt, clause.kind, clause.body));
            vm.assertEq(hash, vm.parseJsonBytes32(json, string.concat(path, ".clauseHash")), path);
            vm.assertTrue(harness.isIncluded(hash, clause.index, clause.size, termsHash, clause.proof), path);
        }
    }

    function _requireDelegation(string memory json, string memory path) private {
        LibraryHarness harness = new LibraryHarness();
        string memory message = string.concat(path, ".message");
        Delegation memory delegation = Delegation({
            delegate: vm.parseJsonAddress(json, string.concat(message, ".delegate")),
            pqKeyHash: vm.parseJsonBytes32(json, string.concat(message, ".pqKeyHash")),
            scope: vm.parseJsonBytes32(json, string.concat(message, ".scope")),
            notAfterMs: uint64(vm.parseJsonUint(json, string.concat(message, ".notAfterMs")))
        });
        address party = vm.parseJsonAddress(json, string.concat(message, ".party"));
        bytes32 digest = harness.delegationDigest(party, delegation);
        _requireDigest(json, path, digest);
        bytes memory ecdsa = vm.parseJsonBytes(json, string.concat(path, ".ecdsa"));
        (bytes32 r, bytes32 s) = abi.decode(ecdsa, (bytes32, bytes32));
        vm.assertEq(ecrecover(digest, uint8(ecdsa[64]), r, s), party);
        harness.requireKeys(
            delegation,
            vm.parseJsonBytes32(json, ".delegation.keys.mlDsaKeyHash"),
            vm.parseJsonBytes32(json, ".delegation.keys.slhDsaKey")
        );
    }

    function _requireEnds(string memory json, bytes memory body, string memory written) private pure {
        (address from, address to) = abi.decode(body, (address, address));
        vm.assertEq(from, vm.parseJsonAddress(json, string.concat(written, ".from")));
        vm.assertEq(to, vm.parseJsonAddress(json, string.concat(written, ".to")));
    }

    function _clauseAt(string memory json, string memory path) private pure returns (Clause memory) {
        return Clause({
            kind: uint16(vm.parseJsonUint(json, string.concat(path, ".kind"))),
            salt: vm.parseJsonBytes32(json, string.concat(path, ".salt")),
            body: vm.parseJsonBytes(json, string.concat(path, ".body")),
            index: vm.parseJsonUint(json, string.concat(path, ".index")),
            size: vm.parseJsonUint(json, string.concat(path, ".size")),
            proof: vm.parseJsonBytes32Array(json, string.concat(path, ".proof"))
        });
    }

    function _requireDigest(string memory json, string memory path, bytes32 digest) private pure {
        vm.assertEq(digest, vm.parseJsonBytes32(json, string.concat(path, ".digest")), path);
    }

    function _requireSignedBy(string memory json, string memory path, LegKeys memory keys) private view {
        bool isSigned = P256.verify(
            vm.parseJsonBytes32(json, string.concat(path, ".digest")),
            vm.parseJsonBytes32(json, string.concat(path, ".r")),
            vm.parseJsonBytes32(json, string.concat(path, ".s")),
            keys.p256X,
            keys.p256Y
        );
        vm.assertTrue(isSigned, path);
    }

    function _keysAt(string memory json, string memory path) private pure returns (LegKeys memory) {
        return LegKeys({
            p256X: vm.parseJsonBytes32(json, string.concat(path, ".p256X")),
            p256Y: vm.parseJsonBytes32(json, string.concat(path, ".p256Y")),
            mlDsaKeyHash: vm.parseJsonBytes32(json, string.concat(path, ".mlDsaKeyHash")),
            slhDsaKey: vm.parseJsonBytes32(json, string.concat(path, ".slhDsaKey"))
        });
    }

    function _harnessAt(address place) private returns (LibraryHarness) {
        vm.etch(place, address(new LibraryHarness()).code);
        return LibraryHarness(place);
    }

    function _at(string memory list, uint256 index) private pure returns (string memory) {
        return string.concat(list, "[", vm.toString(index), "]");
    }
}
