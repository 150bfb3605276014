// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAgreement} from "../src/interfaces/IAgreement.sol";
import {IAgreementCustody, Phase} from "../src/interfaces/IAgreementCustody.sol";
import {IAgreementDisputes} from "../src/interfaces/IAgreementDisputes.sol";
import {IAgreementPayout} from "../src/interfaces/IAgreementPayout.sol";
import {Clause, Clauses} from "../src/libraries/Clauses.sol";
import {EchoingPart} from "./support/EchoingPart.sol";
import {ShipmentFixture} from "./support/ShipmentFixture.sol";
import {vm} from "./support/Vm.sol";

/// @title One address, four contracts: every call arrives at its part
contract AgreementPartsTest is ShipmentFixture {
    uint256 private constant CLAIMS = 1;
    uint256 private constant DISPUTES = 2;
    uint256 private constant PAYOUT = 3;

    function _newClaims() internal override returns (address) {
        return address(new EchoingPart(CLAIMS));
    }

    function _newDisputes() internal override returns (address) {
        return address(new EchoingPart(DISPUTES));
    }

    function _newPayout() internal override returns (address) {
        return address(new EchoingPart(PAYOUT));
    }

    function test_everyFunctionOfAPartIsReachedInIt() external {
        _requireRouted("AgreementClaims", CLAIMS);
        _requireRouted("AgreementDisputes", DISPUTES);
        _requireRouted("AgreementPayout", PAYOUT);
    }

    /// @dev The compiler sees to it within one contract; over four, two functions of one selector would hide one another.
    function test_noFunctionHidesThatOfAnotherPart() external view {
        string[] memory whole = _functionsOf("IAgreement");
        uint256 own = _functionsOf("IAgreementCustody").length;
        uint256 others = _functionsOf("IAgreementClaims").length + _functionsOf("IAgreementDisputes").length
            + _functionsOf("IAgreementDelegations").length + _functionsOf("IAgreementPayout").length;
        vm.assertEq(whole.length, own + others);
    }

    /// forge-config: default.fuzz.runs = 250
    /// forge-config: deep.fuzz.runs = 2000
    function testFuzz_aPartRunsInThePlaceOfTheAgreement(address sender, uint96 valueWei, bytes calldata arguments)
        external
    {
        vm.assume(arguments.length == 0 || arguments[0] != 0xff);
        vm.deal(sender, valueWei);
        bytes memory input = abi.encodePacked(IAgreementDisputes.contest.selector, arguments);
        vm.prank(sender);
        (bool succeeded, bytes memory output) = address(agreement).call{value: valueWei}(input);
        vm.assertTrue(succeeded);
        bytes memory expected = abi.encode(DISPUTES, address(agreement), sender, uint256(valueWei), input);
        vm.assertEq(keccak256(output), keccak256(expected));
    }

    function test_theRefusalOfAPartIsThatOfTheAgreement() external {
        bytes memory input = abi.encodePacked(IAgreementPayout.settle.selector, hex"ff");
        (bool succeeded, bytes memory output) = address(agreement).call(input);
        vm.assertFalse(succeeded);
        bytes memory expected =
            abi.encodeWithSelector(EchoingPart.Echoed.selector, PAYOUT, IAgreementPayout.settle.selector);
        vm.assertEq(keccak256(output), keccak256(expected));
    }

    function test_takesNoEtherThatNobodyAskedFor() external {
        vm.deal(address(this), 1 ether);
        (bool succeeded, bytes memory output) = address(agreement).call{value: 1}("");
        vm.assertFalse(succeeded);
        bytes memory refusal = abi.encodeWithSelector(IAgreementCustody.AgreementEtherUnasked.selector);
        vm.assertEq(keccak256(output), keccak256(refusal));
        (succeeded,) = address(agreement).call{value: 1}(abi.encodeCall(agreement.phase, ()));
        vm.assertFalse(succeeded);
    }

    /// @dev What custody does stands in the agreement itself; whoever calls a part for it finds nothing.
    function test_noPartHoldsCustody() external view {
        string[] memory functions = _functionsOf("IAgreementCustody");
        vm.assertEq(_shared(functions, _functionsOf("Agreement")), functions.length);
        vm.assertEq(_shared(functions, _functionsOf("AgreementClaims")), 0);
        vm.assertEq(_shared(functions, _functionsOf("AgreementDisputes")), 0);
        vm.assertEq(_shared(functions, _functionsOf("AgreementPayout")), 0);
    }

    function test_theCodeOfClaimsAloneProvesNothing() external {
        ProofCall memory proof = _proofCall(0, ABOVE_40, _alone(_envelope(0, 0, "keys", _values(41_000))), 0);
        agreement = IAgreement(vm.deployCode("AgreementClaims.sol:AgreementClaims"));
        vm.expectRevert(abi.encodeWithSelector(IAgreementCustody.AgreementPhaseUnexpected.selector, Phase.Created));
        _prove(proof);
    }

    function test_theImplementationIsNoAgreement() external {
        Clause memory deadline = _clause(DEADLINE);
        StartCall memory start = _startCall();
        CutCall memory cut = _cutCall(0, 3, CARRIER, CARRIER_KEY);
        ManualCutCall memory manual = _manualCutCall(0, 3, PAYEE_KEY, CARRIER, CARRIER_KEY);
        TenderCall memory tender = _tenderCall(0, 6);
        agreement = IAgreement(factory.implementation());
        bytes memory foreign = abi.encodeWithSelector(Clauses.ClauseNotInTerms.selector, agreement.termsHash());
        bytes memory notBegun = abi.encodeWithSelector(IAgreementCustody.AgreementLegNotBegun.selector, 0);
        vm.expectRevert(foreign);
        _start(start);
        vm.expectRevert(notBegun);
        _recordCut(cut);
        vm.expectRevert(notBegun);
        _recordManualCut(manual);
        vm.expectRevert(notBegun);
        _recordTender(tender);
        vm.expectRevert(foreign);
        agreement.closeUndelivered(0, deadline);
    }

    function _requireRouted(string memory part, uint256 name) private {
        string[] memory functions = _functionsOf(part);
        uint256 routed = 0;
        for (uint256 i = 0; i < functions.length; ++i) {
            bytes4 selector = bytes4(keccak256(bytes(functions[i])));
            // ERC-5267: what every part has of the base that it shares with the agreement.
            if (selector == bytes4(keccak256("eip712Domain()"))) continue;
            (bool succeeded, bytes memory output) = address(agreement).call(abi.encodePacked(selector));
            vm.assertTrue(succeeded, functions[i]);
            (uint256 arrived,) = abi.decode(output, (uint256, address));
            vm.assertEq(arrived, name, functions[i]);
            ++routed;
        }
        vm.assertTrue(routed > 5);
    }

    function _functionsOf(string memory name) private view returns (string[] memory) {
        return vm.parseJsonKeys(_artifact(name), ".methodIdentifiers");
    }

    function _shared(string[] memory some, string[] memory others) private pure returns (uint256 count) {
        for (uint256 i = 0; i < some.length; ++i) {
            for (uint256 j = 0; j < others.length; ++j) {
                if (keccak256(bytes(some[i])) == keccak256(bytes(others[j]))) ++count;
            }
        }
    }

    function _artifact(string memory name) private view returns (string memory) {
        return vm.readFile(string.concat("contracts/out/", name, ".sol/", name, ".json"));
    }
}
