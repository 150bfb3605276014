/**
 * Whether deadline, milestones, windows and silence fit together, and whether durations can be reached at all. Codes: terms.time,
 * terms.windows, terms.milestone, terms.contradictory, terms.unreachable.
 */
import type { DeadlineClause, DeviceClause, GeneralClause, PartyClause, WindowsClause } from './clauses.ts'
import { ofKind, type Placed, refuse } from './placed.ts'

/** `agreedAtMs`: when the terms begin, for who knows it; without it no duration is compared with the time until the deadline. */
export function checkTimes(all: Placed[], agreedAtMs: number | undefined): void {
  const [deadline] = ofKind(all, 'deadline')
  for (const windows of ofKind(all, 'windows')) {
    checkWindows(windows)
    checkSilence(all, windows.clause)
  }
  for (const device of ofKind(all, 'device')) checkTamper(all, device.clause)
  if (deadline) {
    for (const general of ofKind(all, 'general')) checkDeadline(deadline, general.clause)
    if (agreedAtMs !== undefined) checkDurations(all, deadline.clause.deliverByMs - agreedAtMs)
  }
  checkMilestones(all, deadline?.clause)
}

function checkDeadline({ clause, at }: Placed<DeadlineClause>, { classicalUntilMs }: GeneralClause): void {
  const { deliverByMs, lostAfterMs } = clause
  if (lostAfterMs === 0) {
    refuse(
      'time',
      `${at}.lostAfterMs`,
      'must not be 0: goods that never come must count as lost some day, or what is reserved for them is never freed',
    )
  }
  if (lostAfterMs < deliverByMs) {
    refuse('time', `${at}.lostAfterMs`, 'must not be before deliverByMs: goods are late before they are lost')
  }
  if (deliverByMs >= classicalUntilMs) {
    refuse(
      'time',
      `${at}.deliverByMs`,
      'must be before classicalUntilMs of the general clause; move one of them',
    )
  }
}

function checkMilestones(all: Placed[], deadline: DeadlineClause | undefined): void {
  const parties = ofKind(all, 'party').map(({ clause }): PartyClause => clause)
  const milestones = ofKind(all, 'milestone')
  milestones.forEach(({ clause, at }, i) => {
    const party = parties.find(({ wallet }) => wallet === clause.party)
    if (!party) refuse('milestone', `${at}.party`, `${clause.party} is no party of these terms`)
    if (party.role === 'payer') {
      refuse(
        'milestone',
        `${at}.party`,
        `${party.name} pays and hands nothing over; name a party that is paid`,
      )
    }
    if (deadline && clause.handOverByMs > deadline.deliverByMs) {
      refuse(
        'time',
        `${at}.handOverByMs`,
        'must not be after the deadline, by which the goods must be delivered',
      )
    }
    const same = milestones
      .slice(0, i)
      .find(
        (before) =>
          before.clause.party === clause.party && before.clause.handOverByMs === clause.handOverByMs,
      )
    if (same) refuse('contradictory', at, `is the same milestone as ${same.at}; keep one of them`)
  })
}

function checkWindows({ clause, at }: Placed<WindowsClause>): void {
  if (clause.answerMs < clause.sealEveryMs) {
    refuse(
      'windows',
      `${at}.answerMs`,
      `must not be less than sealEveryMs ${clause.sealEveryMs}: the seal that answers a contest may come that much later`,
    )
  }
}

function checkSilence(all: Placed[], windows: WindowsClause): void {
  for (const { clause, at } of ofKind(all, 'silence')) {
    if (clause.silenceMsMax < windows.silenceMsMax) {
      refuse(
        'contradictory',
        `${at}.silenceMsMax`,
        `must not be less than ${windows.silenceMsMax} of the windows clause, for which the device may be silent`,
      )
    }
  }
}

function checkTamper(all: Placed[], { keystore }: DeviceClause): void {
  const [tamper] = ofKind(all, 'tamper')
  if (tamper && keystore !== 'secureElement') {
    refuse(
      'unreachable',
      `${tamper.at}.kind`,
      "the device's keys are in a file, which can be copied, so tampering is never charged; remove the clause or use a secure element",
    )
  }
}

/** A time that is longer than all there is until the deadline never passes before it; nor, in the first leg, does one that begins after the start-up. */
function checkDurations(all: Placed[], untilDeadlineMs: number): void {
  for (const { clause, at } of all) {
    const times = {
      durationMs: 'durationMs' in clause ? clause.durationMs : 0,
      startUpMs: 'startUpMs' in clause ? clause.startUpMs : 0,
      silenceMsMax: clause.kind === 'silence' ? clause.silenceMsMax : 0,
    }
    for (const [field, ms] of Object.entries(times)) {
      if (ms < untilDeadlineMs || ms === 0) continue
      refuse(
        'unreachable',
        `${at}.${field}`,
        `${ms} ms are not over before the deadline, ${untilDeadlineMs} ms from now`,
      )
    }
    const inFirstLegMs = times.startUpMs + times.durationMs
    if (inFirstLegMs >= untilDeadlineMs) {
      refuse(
        'unreachable',
        `${at}.durationMs`,
        `with startUpMs ${inFirstLegMs} ms, which in the first leg are not over before the deadline, ${untilDeadlineMs} ms from now`,
      )
    }
  }
}
