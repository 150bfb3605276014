import { describe, expect, it } from 'vitest'
import { simulationSource } from './simulation.ts'
import type { SourceItem } from './source.ts'

const NOW_MS = Date.UTC(2026, 10, 1)
const never = new AbortController().signal

async function simulate(seed: number, readingsPerLeg = 40, legs = 3): Promise<SourceItem[]> {
  const items: SourceItem[] = []
  for await (const item of simulationSource({ seed, legs, readingsPerLeg, paceMs: 0, nowMs: NOW_MS }).items(
    0,
    never,
  ))
    items.push(item)
  return items
}

/** Temperatures of each leg, split at the scans. */
function legsOf(items: SourceItem[]): number[][] {
  const legs: number[][] = [[]]
  for (const item of items) {
    if (item.kind === 'scan') legs.push([])
    if (item.kind === 'reading') legs.at(-1)!.push(item.reading.values.temperature!)
  }
  return legs
}

describe('a simulated shipment', () => {
  it('is the same for the same seed and another for another', async () => {
    expect(await simulate(7)).toEqual(await simulate(7))
    expect(await simulate(7)).not.toEqual(await simulate(8))
  })

  it.each([8, 9, 17, 40, 333])(
    'has exactly one excursion above 40 °C, inside the second of three legs, at %i readings a leg',
    async (count) => {
      for (let seed = 0; seed < 50; seed++) {
        const legs = legsOf(await simulate(seed, count))
        expect(legs.map((leg) => leg.length)).toEqual([count, count, count])
        const begun = legs.map(
          (leg) => leg.filter((value, i) => value > 40_000 && !(leg[i - 1]! > 40_000)).length,
        )
        expect(begun).toEqual([0, 1, 0])
        expect(legs[1]!.at(0)).toBeLessThanOrEqual(40_000)
        expect(legs[1]!.at(-1)).toBeLessThanOrEqual(40_000)
      }
    },
  )

  it('ends at the time given, readings in order and minutes apart', async () => {
    const times = (await simulate(1)).flatMap((item) => (item.kind === 'reading' ? item.reading.utcMs : []))
    expect(times.at(-1)).toBe(NOW_MS)
    expect(times.every((time, i) => i === 0 || time - times[i - 1]! === 300_000)).toBe(true)
  })

  it('has a held scan between legs and ends', async () => {
    const items = await simulate(1)
    expect(items.filter(({ kind }) => kind !== 'reading')).toEqual([
      { kind: 'scan', hold: true },
      { kind: 'scan', hold: true },
      { kind: 'end' },
    ])
  })

  it('refuses a leg that is too short for an excursion', async () => {
    await expect(simulate(1, 7)).rejects.toMatchObject({ code: 'simulation.length' })
  })
})
