// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAgreement} from "../src/interfaces/IAgreement.sol";
import {Case, IAgreementClaims} from "../src/interfaces/IAgreementClaims.sol";
import {IAgreementCustody} from "../src/interfaces/IAgreementCustody.sol";
import {Clauses} from "../src/libraries/Clauses.sol";
import {Disclosure, EnvelopeCodec} from "../src/libraries/EnvelopeCodec.sol";
import {P256Signature} from "../src/libraries/Records.sol";
import {ShipmentFixture} from "./support/ShipmentFixture.sol";
import {vm} from "./support/Vm.sol";

contract AgreementViolationTest is ShipmentFixture {
    bytes32 private constant BEFORE = keccak256("what was before");

    function setUp() public override {
        super.setUp();
        _start(_startCall());
        _recordCut(_cutCall(0, 8, CARRIER, CARRIER_KEY));
    }

    function test_holdsTheViolationAgainstTheCustodianOfTheLeg() external {
        ProofCall memory call = _oneEnvelope(1, 5, _values(39_000, 40_000, 40_001), 2);
        bytes32 caseId = _caseId(1, 1, 5, 2);
        vm.expectEmit();
        emit IAgreementClaims.ViolationProven(caseId, 1, vm.addr(CARRIER_KEY), 1, PENALTY, 40_001);
        _prove(call);
        Case memory proven = agreement.caseOf(caseId);
        vm.assertEq(proven.provenAt, 1_800_000_000);
        vm.assertEq(proven.leg, 1);
        vm.assertEq(proven.limitId, 1);
    }

    function test_provesALimitBelow() external {
        ProofCall memory call = _oneEnvelope(0, 5, _values(2000, 1999), 1);
        call.limit = _clause(BELOW_2);
        vm.expectEmit();
        emit IAgreementClaims.ViolationProven(_caseId(0, 2, 5, 1), 0, vm.addr(PAYEE_KEY), 2, PENALTY, 1999);
        _prove(call);
    }

    function test_chargesACaseOnce() external {
        ProofCall memory call = _oneEnvelope(1, 5, _values(39_000, 41_000), 1);
        _prove(call);
        _refuses(call, abi.encodeWithSelector(IAgreementClaims.AgreementAlreadyProven.selector, _caseId(1, 1, 5, 1)));
    }

    function test_chargesOneExcursionOnceHoweverItIsShown() external {
        Disclosure[] memory run = _linked(1, 4, _values(39_000), _values(MISSING, 41_000, 42_000));
        _prove(_proofCall(1, ABOVE_40, run, 1));
        _refuses(
            _proofCall(1, ABOVE_40, run, 2),
            abi.encodeWithSelector(IAgreementClaims.AgreementNotFirstOutside.selector, 5, 1)
        );
    }

    function test_chargesTheNextExcursionToo() external {
        Disclosure memory shown = _envelope(1, 5, BEFORE, _values(39_000, 41_000, 39_000));
        _prove(_proofCall(1, ABOVE_40, _alone(shown), 1));
        _prove(_proofCall(1, ABOVE_40, _pair(shown, _envelope(1, 6, _digest(shown), _values(43_000))), 0));
    }

    function test_startsAtTheVeryBeginningOfALeg() external {
        _prove(_oneEnvelope(1, 0, _values(41_000), 0));
        _prove(_oneEnvelope(0, 0, _values(MISSING, MISSING, 41_000), 2));
    }

    function test_goesBackOverMissingValuesAndEnvelopesWithoutTheMetric() external {
        Disclosure[] memory run = new Disclosure[](5);
        run[0] = _envelope(1, 3, BEFORE, _values(39_000, MISSING));
        run[1] = _silentEnvelope(1, 4, _digest(run[0]), 7);
        run[2] = _silentEnvelope(1, 5, _digest(run[1]), 0);
        run[3] = _envelope(1, 6, _digest(run[2]), _values(MISSING, MISSING));
        run[4] = _envelope(1, 7, _digest(run[3]), _values(MISSING, 41_000));
        _prove(_proofCall(1, ABOVE_40, run, 1));
    }

    function test_refusesARunThatBeginsTooLate() external {
        ProofCall memory call = _oneEnvelope(1, 5, _values(MISSING, 41_000), 1);
        _refuses(call, abi.encodeWithSelector(IAgreementClaims.AgreementPredecessorMissing.selector, 5));
    }

    function test_refusesAReadingWhosePredecessorIsOutsideInTheEnvelopeBefore() external {
        Disclosure[] memory run = _linked(1, 4, _values(39_000, 45_000), _values(MISSING, 41_000));
        _refuses(
            _proofCall(1, ABOVE_40, run, 1),
            abi.encodeWithSelector(IAgreementClaims.AgreementNotFirstOutside.selector, 4, 1)
        );
    }

    function test_refusesAReadingInside() external {
        ProofCall memory call = _oneEnvelope(1, 5, _values(39_000, 40_000), 1);
        _refuses(call, abi.encodeWithSelector(IAgreementClaims.AgreementReadingInside.selector, int32(40_000)));
    }

    function test_refusesAMissingReadingAndAnIndexBeyondTheColumn() external {
        ProofCall memory call = _oneEnvelope(1, 5, _values(39_000, MISSING), 1);
        _refuses(call, abi.encodeWithSelector(IAgreementClaims.AgreementReadingAbsent.selector, 1));
        call.index = 2;
        _refuses(call, abi.encodeWithSelector(IAgreementClaims.AgreementReadingAbsent.selector, 2));
        call = _proofCall(1, ABOVE_40, _alone(_silentEnvelope(1, 5, BEFORE, 2)), 0);
        _refuses(call, abi.encodeWithSelector(IAgreementClaims.AgreementReadingAbsent.selector, 0));
    }

    function test_refusesAPlaceBeyondTheRun() external {
        ProofCall memory call = _oneEnvelope(1, 5, _values(39_000, 41_000), 1);
        call.position = 1;
        _refuses(call, abi.encodeWithSelector(IAgreementClaims.AgreementReadingAbsent.selector, 1));
    }

    /// @dev A missing value is the least int32: below every bound, if it were compared.
    function test_neverTakesAMissingValueForALowOne() external {
        ProofCall memory call = _oneEnvelope(1, 5, _values(3000, MISSING), 1);
        call.limit = _clause(BELOW_2);
        _refuses(call, abi.encodeWithSelector(IAgreementClaims.AgreementReadingAbsent.selector, 1));
    }

    function test_refusesAnEmptyRun() external {
        ProofCall memory call = _oneEnvelope(1, 5, _values(39_000, 41_000), 1);
        call.run = new Disclosure[](0);
        _refuses(call, abi.encodeWithSelector(IAgreementClaims.AgreementRunEmpty.selector));
    }

    function test_refusesEnvelopesThatAreNotLinked() external {
        Disclosure memory first = _envelope(1, 4, BEFORE, _values(39_000));
        bytes memory refusal = abi.encodeWithSelector(IAgreementClaims.AgreementRunNotLinked.selector, 1);
        Disclosure memory other = _envelope(1, 5, BEFORE, _values(41_000));
        _refuses(_proofCall(1, ABOVE_40, _pair(first, other), 0), refusal);
        Disclosure memory later = _envelope(1, 6, _digest(first), _values(41_000));
        _refuses(_proofCall(1, ABOVE_40, _pair(first, later), 0), refusal);
        Disclosure memory again = _envelope(1, 4, _digest(first), _values(41_000));
        _refuses(_proofCall(1, ABOVE_40, _pair(first, again), 0), refusal);
    }

    function test_refusesAnEnvelopeThatNoServiceWouldStoreThoughTheLegSignedIt() external {
        Disclosure memory shown = _envelope(1, 5, BEFORE, _values(39_000, 41_000));
        shown.header[3] = 0x08;
        _refuses(
            _proofCall(1, ABOVE_40, _alone(shown), 1),
            abi.encodeWithSelector(EnvelopeCodec.EnvelopeHeaderMalformed.selector)
        );
    }

    function test_refusesEnvelopesBeyondTheCut() external {
        ProofCall memory call = _oneEnvelope(0, 8, _values(39_000, 41_000), 1);
        _refuses(call, abi.encodeWithSelector(IAgreementClaims.AgreementBeyondCut.selector, 8, 8));
        _prove(_oneEnvelope(0, 7, _values(39_000, 41_000), 1));
    }

    function test_refusesALegThatHasNotBegun() external {
        ProofCall memory call = _oneEnvelope(2, 5, _values(39_000, 41_000), 1);
        _refuses(call, abi.encodeWithSelector(IAgreementCustody.AgreementLegNotBegun.selector, 2));
    }

    function test_refusesKeysAndEnvelopesOfAnotherLeg() external {
        ProofCall memory call = _oneEnvelope(0, 5, _values(39_000, 41_000), 1);
        call.leg = 1;
        _refuses(call, abi.encodeWithSelector(IAgreementCustody.AgreementKeysNotOfLeg.selector, 1));
        call.keys = _legKeys(1);
        _refuses(call, abi.encodeWithSelector(IAgreementClaims.AgreementEnvelopeForeign.selector, 0));
    }

    function test_refusesEnvelopesOfAnotherAgreementOrChain() external {
        IAgreement here = agreement;
        agreement = IAgreement(address(this));
        ProofCall memory call = _oneEnvelope(1, 5, _values(39_000, 41_000), 1);
        agreement = here;
        bytes memory refusal = abi.encodeWithSelector(IAgreementClaims.AgreementEnvelopeForeign.selector, 0);
        _refuses(call, refusal);
        vm.chainId(4242);
        call = _oneEnvelope(1, 5, _values(39_000, 41_000), 1);
        vm.chainId(31_337);
        _refuses(call, refusal);
    }

    /// @dev The same device on a fork of the chain: its envelopes say so, and leg keys are bound to their chain too.
    function test_refusesToCarryACaseToAFork() external {
        ProofCall memory call = _oneEnvelope(1, 5, _values(39_000, 41_000), 1);
        vm.chainId(4242);
        _refuses(call, abi.encodeWithSelector(IAgreementCustody.AgreementKeysNotOfLeg.selector, 1));
    }

    function test_refusesEveryWrongSignature() external {
        bytes memory refusal = abi.encodeWithSelector(IAgreementCustody.AgreementDeviceSignatureInvalid.selector);
        ProofCall memory call = _oneEnvelope(1, 5, _values(39_000, 41_000), 1);
        P256Signature memory sound = call.signature;
        call.signature = P256Signature(sound.r, _otherS(sound.s));
        _refuses(call, refusal);
        call.signature = _signP256(_legKey(0), _digest(call.run[0]));
        _refuses(call, refusal);
        call.signature = P256Signature(0, 0);
        _refuses(call, refusal);
        call.signature = sound;
        _prove(call);
    }

    /// forge-config: default.fuzz.runs = 250
    /// forge-config: deep.fuzz.runs = 2000
    function testFuzz_refusesAnyChangedHeaderByte(uint8 place, uint8 bit) external {
        ProofCall memory call = _oneEnvelope(1, 5, _values(39_000, 41_000), 1);
        call.run[0].header[place % 144] ^= bytes1(uint8(1 << (bit % 8)));
        (bool proven,) = address(this).call(abi.encodeCall(this.prove, (call)));
        vm.assertFalse(proven);
        vm.assertEq(agreement.caseOf(_caseId(1, 1, 5, 1)).provenAt, 0);
    }

    /// forge-config: default.fuzz.runs = 250
    /// forge-config: deep.fuzz.runs = 2000
    function testFuzz_refusesAnyChangedColumnSaltOrHash(uint8 what, uint8 bit, uint8 place) external {
        ProofCall memory call = _oneEnvelope(1, 5, _values(39_000, 41_000), 1);
        Disclosure memory shown = call.run[0];
        bytes32 mask = bytes32(uint256(1) << bit);
        if (what % 3 == 0) shown.column[place % 8] ^= bytes1(uint8(1 << (bit % 8)));
        else if (what % 3 == 1) shown.columnSalt ^= mask;
        else shown.hashes[place % 3] ^= mask;
        _refuses(call, abi.encodeWithSelector(EnvelopeCodec.EnvelopeColumnMismatch.selector, 5));
    }

    function test_refusesAColumnPassedOffAsAnother() external {
        // The temperature's column at the place of humidity, and the other way round.
        ProofCall memory call = _oneEnvelope(1, 5, _values(39_000, 41_000), 1);
        Disclosure memory shown = call.run[0];
        (shown.hashes[1], shown.hashes[2]) = (shown.hashes[2], shown.hashes[1]);
        _refuses(call, abi.encodeWithSelector(EnvelopeCodec.EnvelopeColumnMismatch.selector, 5));
    }

    function test_refusesToHideAColumn() external {
        // An outside value before would vanish if its envelope could be shown as having measured nothing.
        Disclosure[] memory run = _linked(1, 0, _values(41_000), _values(42_000));
        run[0].column = "";
        _refuses(
            _proofCall(1, ABOVE_40, run, 0), abi.encodeWithSelector(EnvelopeCodec.EnvelopeColumnMismatch.selector, 0)
        );
    }

    function test_refusesAClauseThatIsNoLimitOfTheTerms() external {
        ProofCall memory call = _oneEnvelope(1, 5, _values(39_000, 41_000), 1);
        call.limit = _clause(DEVICE);
        _refuses(call, abi.encodeWithSelector(IAgreementClaims.AgreementLimitUnsuited.selector, 3));
        call.limit = _clause(ABOVE_40);
        call.limit.body = abi.encode(_instantaneous(1, 1, 10_000));
        _refuses(call, abi.encodeWithSelector(Clauses.ClauseNotInTerms.selector, termsHash));
    }

    /// forge-config: default.fuzz.runs = 250
    /// forge-config: deep.fuzz.runs = 2000
    function testFuzz_chargesExactlyTheFirstReadingsOutside(uint256 seed) external {
        int32[] memory values = new int32[](24);
        for (uint256 i = 0; i < values.length; ++i) {
            uint256 draw = uint256(keccak256(abi.encode(seed, i))) % 5;
            values[i] = draw == 0 ? MISSING : draw < 3 ? int32(39_000) : int32(41_000);
        }
        Disclosure memory shown = _envelope(1, 0, BEFORE, values);
        ProofCall memory call = _proofCall(1, ABOVE_40, _alone(shown), 0);
        bool outside = false;
        for (uint16 i = 0; i < values.length; ++i) {
            bool begins = values[i] == 41_000 && !outside;
            if (values[i] != MISSING) outside = values[i] == 41_000;
            call.index = i;
            (bool proven,) = address(this).call(abi.encodeCall(this.prove, (call)));
            vm.assertTrue(proven == begins);
        }
    }

    function prove(ProofCall memory call) external {
        _prove(call);
    }

    function _oneEnvelope(uint32 leg, uint32 seq, int32[] memory values, uint16 index)
        private
        view
        returns (ProofCall memory)
    {
        return _proofCall(leg, ABOVE_40, _alone(_envelope(leg, seq, BEFORE, values)), index);
    }

    function _linked(uint32 leg, uint32 seq, int32[] memory earlier, int32[] memory later)
        private
        view
        returns (Disclosure[] memory)
    {
        Disclosure memory first = _envelope(leg, seq, BEFORE, earlier);
        return _pair(first, _envelope(leg, seq + 1, _digest(first), later));
    }

    function _refuses(ProofCall memory call, bytes memory refusal) private {
        vm.expectRevert(refusal);
        _prove(call);
    }
}
