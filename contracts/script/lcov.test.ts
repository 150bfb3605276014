import { expect, it } from 'vitest'
import { assemblyLines, coverageTable, readTrace, shareOf, totalOf } from './lcov.ts'

const TRACE = `TN:
SF:contracts/src/Escrow.sol
DA:10,3
DA:11,0
DA:12,1
FN:10,Escrow.redeem
BRDA:11,0,0,2
BRDA:11,0,1,0
BRDA:12,1,0,-
end_of_record
TN:
SF:contracts/src/interfaces/IEscrow.sol
DA:4,7
end_of_record
TN:
SF:contracts/test/Escrow.t.sol
DA:5,0
end_of_record
`

const FILES = readTrace(TRACE, 'contracts/src/')

it('reads which lines and branches of the sources were not reached, and leaves out what is no source', () => {
  expect(FILES).toEqual([
    {
      path: 'contracts/src/Escrow.sol',
      lines: { found: 3, missed: [11] },
      branches: { found: 3, missed: [11, 12] },
    },
    {
      path: 'contracts/src/interfaces/IEscrow.sol',
      lines: { found: 1, missed: [] },
      branches: { found: 0, missed: [] },
    },
  ])
})

it('sums over all sources', () => {
  const { lines, branches } = totalOf(FILES)
  expect([shareOf(lines), shareOf(branches)]).toEqual([3 / 4, 1 / 3])
})

it('counts a file without branches as wholly reached', () => {
  expect(shareOf({ found: 0, missed: [] })).toBe(1)
})

it('never rounds a share up', () => {
  const missed = [1]
  const [, row] = coverageTable([
    { path: 'A.sol', lines: { found: 2000, missed }, branches: { found: 1, missed: [] } },
  ]).split('\n')
  expect(row).toBe('A.sol  1999/2000  99.9 %       1/1  100.0 %')
})

it('finds the lines of assembly, with the blocks inside it', () => {
  const source = `function f() {
    uint256 a = 1;
    assembly ("memory-safe") {
        let b := 2
        if b { b := 3 }
        for {} b {} {
            b := sub(b, 1)
        }
    }
    a = 2;
}`
  expect([...assemblyLines(source)]).toEqual([4, 5, 6, 7, 8, 9])
})
