// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Limit} from "../../src/libraries/Clauses.sol";
import {Disclosure, EnvelopeCodec} from "../../src/libraries/EnvelopeCodec.sol";
import {Scan, Scans} from "../../src/libraries/Scan.sol";

/// @title The fold, callable; who calls it sees to it that envelopes follow each other
contract ScanHarness {
    function begin(uint16 kind) external pure returns (Scan memory) {
        return Scans.begin(kind);
    }

    function walk(Scan memory scan, Limit memory limit, Disclosure[] calldata run, uint256 position, uint16 index)
        external
        pure
        returns (Scan memory)
    {
        for (uint256 i = 0; i < run.length; ++i) {
            if (scan.head == 0) scan.firstSeq = EnvelopeCodec.seqOf(run[i].header);
            scan.head = "walked";
            Scans.take(scan, limit, run[i], i == position ? index : Scans.ELSEWHERE);
        }
        return scan;
    }

    function isBroken(Scan memory scan, Limit memory limit) external pure returns (bool) {
        return Scans.isBroken(scan, limit);
    }

    function excessOf(Scan memory scan, Limit memory limit, uint16 kind) external pure returns (uint256) {
        return Scans.excessOf(scan, limit, kind);
    }
}
