import { Refusal } from '@consign/envelope'
import { carriers, type Terms } from '@consign/terms'
import type { Config } from '../config.ts'
import { replaySource } from './replay.ts'
import { simulationSource } from './simulation.ts'
import type { Source } from './source.ts'

const CARRIERS_MAX = 2

/** The source that the configuration asks for. Throws Refusal 'source.replay' when file or device is missing, and the source's own. */
export async function chooseSource(config: Config, terms: Terms, nowMs: number): Promise<Source> {
  const paceMs = config.PACE_MS
  if (config.SOURCE === 'simulation') {
    const legs = legsOf(terms)
    return simulationSource({
      seed: config.SEED,
      legs,
      readingsPerLeg: config.READINGS_PER_LEG,
      paceMs,
      nowMs,
    })
  }
  const { REPLAY_FILE: file, REPLAY_DEVICE: device, HANDOVERS: handovers } = config
  const intervalMs = config.REPLAY_INTERVAL_MS
  if (file === undefined || device === undefined)
    throw new Refusal('source.replay', 'SOURCE=replay needs REPLAY_FILE and REPLAY_DEVICE: set both')
  return replaySource({ file, device, handovers, nowMs, paceMs, intervalMs })
}

/** Where the last reading's time is put by default: when the simulation will have run, or now. */
export function defaultEndMs(config: Config, terms: Terms): number {
  const readings = config.SOURCE === 'simulation' ? legsOf(terms) * config.READINGS_PER_LEG : 0
  return Date.now() + readings * config.PACE_MS
}

const legsOf = (terms: Terms): number => 1 + Math.min(CARRIERS_MAX, carriers(terms).length)
