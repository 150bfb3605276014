import { given } from '@consign/eventlog/testing'
import { describe, expect, it } from 'vitest'
import { isSettled, type JournalEvent, journalDecider } from './journal-decider.ts'

const AGREEMENT = `0x${'a1'.repeat(20)}` as const
const HASH = `0x${'01'.repeat(32)}` as const
const HASH_BUMPED = `0x${'02'.repeat(32)}` as const
const intent = { key: 'start:a', to: AGREEMENT, data: '0x01', what: 'start', agreement: AGREEMENT } as const

const intended = (key = 'start:a'): JournalEvent => ({ type: 'chain.intended.v1', data: { ...intent, key } })
const signed = (nonce: number, hash: `0x${string}` = HASH, key = 'start:a'): JournalEvent => ({
  type: 'chain.signed.v1',
  data: { key, nonce, hash, raw: '0x02' },
})
const receipt = { hash: HASH, blockNumber: 7, gasUsed: 21_000, ok: true, result: { event: 'Started' } }
const mined: JournalEvent = {
  type: 'chain.mined.v1',
  data: { key: 'start:a', ...receipt, agreement: AGREEMENT, what: 'start' },
}
const finalized: JournalEvent = {
  type: 'chain.finalized.v1',
  data: { key: 'start:a', hash: HASH, blockNumber: 7 },
}
const refused: JournalEvent = {
  type: 'chain.refused.v1',
  data: { key: 'start:a', agreement: AGREEMENT, what: 'start', reason: 'AgreementAlreadyStarted()' },
}
const sign = (nonce: number, hash: `0x${string}` = HASH, chainNonce = 0) =>
  ({ type: 'sign', key: 'start:a', nonce, hash, raw: '0x02', chainNonce }) as const

describe('submit', () => {
  it('intends a new key', () => {
    given(journalDecider, []).when({ type: 'submit', intent }).then([intended()])
  })

  it.each([
    ['intended', [intended()]],
    ['signed', [intended(), signed(0)]],
    ['final', [intended(), signed(0), mined, finalized]],
    ['refused', [intended(), refused]],
    ['refused before it was intended', [refused]],
  ])('does nothing for a key that is %s, whatever the call', (_, events) => {
    given(journalDecider, events)
      .when({ type: 'submit', intent: { ...intent, data: '0xff' } })
      .thenNothing()
  })
})

describe('sign', () => {
  it('takes the nonce after the highest that was ever signed', () => {
    given(journalDecider, [intended('b'), signed(4, HASH_BUMPED, 'b'), intended()])
      .when(sign(5))
      .then([signed(5)])
  })

  it('takes the nonce of the chain when that is further', () => {
    given(journalDecider, [intended()])
      .when(sign(9, HASH, 9))
      .then([signed(9)])
  })

  it('refuses a nonce that another key has', () => {
    given(journalDecider, [intended('b'), signed(0, HASH_BUMPED, 'b'), intended()])
      .when(sign(0))
      .thenRefused('journal.nonce')
  })

  it('refuses a nonce that would leave a hole', () => {
    given(journalDecider, [intended()]).when(sign(1)).thenRefused('journal.nonce')
  })

  it('replaces at the same nonce', () => {
    given(journalDecider, [intended(), signed(0)])
      .when(sign(0, HASH_BUMPED))
      .then([signed(0, HASH_BUMPED)])
  })

  it('does not sign the same bytes twice', () => {
    given(journalDecider, [intended(), signed(0)])
      .when(sign(0))
      .thenNothing()
  })

  it.each([
    ['at another nonce', [intended(), signed(0)], sign(1, HASH_BUMPED)],
    ['after it is mined', [intended(), signed(0), mined], sign(0, HASH_BUMPED)],
    ['after it is final', [intended(), signed(0), mined, finalized], sign(1)],
    ['after it is refused', [intended(), refused], sign(0)],
  ])('refuses a second transaction for the key %s', (_, events, command) => {
    given(journalDecider, events).when(command).thenRefused('journal.signed')
  })

  it('refuses a key that was never submitted', () => {
    given(journalDecider, []).when(sign(0)).thenRefused('journal.unknown')
  })
})

describe('mine', () => {
  it('records whichever of the hashes of a nonce is in the block', () => {
    given(journalDecider, [intended(), signed(0), signed(0, HASH_BUMPED)])
      .when({ type: 'mine', key: 'start:a', receipt })
      .then([mined])
  })

  it('refuses a hash that was never signed for the key', () => {
    given(journalDecider, [intended(), signed(0, HASH_BUMPED)])
      .when({ type: 'mine', key: 'start:a', receipt })
      .thenRefused('journal.hash')
  })

  it('records nothing twice', () => {
    given(journalDecider, [intended(), signed(0), mined])
      .when({ type: 'mine', key: 'start:a', receipt })
      .thenNothing()
  })

  it('tells it again when a reorganisation moved it to another block', () => {
    given(journalDecider, [intended(), signed(0), mined])
      .when({ type: 'mine', key: 'start:a', receipt: { ...receipt, blockNumber: 8 } })
      .then([{ type: 'chain.mined.v1', data: { ...mined.data, blockNumber: 8 } } as JournalEvent])
  })
})

describe('finalize', () => {
  const finalize = { type: 'finalize', key: 'start:a', hash: HASH, blockNumber: 7 } as const

  it('ends what is mined in that block', () => {
    given(journalDecider, [intended(), signed(0), mined])
      .when(finalize)
      .then([finalized])
  })

  it('refuses another block than the one it was mined in', () => {
    given(journalDecider, [intended(), signed(0), mined])
      .when({ ...finalize, blockNumber: 8 })
      .thenRefused('journal.notMined')
  })

  it('ends nothing twice', () => {
    given(journalDecider, [intended(), signed(0), mined, finalized])
      .when(finalize)
      .thenNothing()
  })
})

describe('refuse', () => {
  const refuse = { type: 'refuse', ...refused.data } as Parameters<typeof journalDecider.decide>[0]

  it.each([
    ['unknown', []],
    ['only intended', [intended()]],
  ])('is for ever when the key is %s', (_, events) => {
    given(journalDecider, events).when(refuse).then([refused])
    given(journalDecider, [...events, refused])
      .when(refuse)
      .thenNothing()
  })

  it('cannot take back what is signed', () => {
    given(journalDecider, [intended(), signed(0)])
      .when(refuse)
      .thenRefused('journal.signed')
  })
})

describe('the journal', () => {
  const fold = (events: JournalEvent[]) => events.reduce(journalDecider.evolve, journalDecider.initial)

  it('keeps what is open in the order of the intents', () => {
    const journal = fold([intended('c'), intended(), intended('b'), signed(0), mined, finalized])
    expect(journal.open).toEqual(['c', 'b'])
  })

  it('lets what waits go on once the other is mined or refused, not before', () => {
    expect(isSettled(fold([]), 'start:a')).toBe(false)
    expect(isSettled(fold([intended(), signed(0)]), 'start:a')).toBe(false)
    expect(isSettled(fold([intended(), signed(0), mined]), 'start:a')).toBe(true)
    expect(isSettled(fold([refused]), 'start:a')).toBe(true)
  })

  it('does not change a state that somebody still holds', () => {
    const before = fold([intended()])
    const after = journalDecider.evolve(before, signed(0))
    expect(before.transactions.get('start:a')?.status).toBe('intended')
    expect(after.transactions.get('start:a')?.status).toBe('signed')
  })

  it('keeps every hash of a final transaction, and drops the bytes', () => {
    const { transactions } = fold([intended(), signed(0), signed(0, HASH_BUMPED), mined, finalized])
    const { attempts, intent: kept } = transactions.get('start:a')!
    expect(attempts.map(({ hash, raw }) => [hash, raw])).toEqual([
      [HASH, '0x'],
      [HASH_BUMPED, '0x'],
    ])
    expect(kept.data).toBeUndefined()
  })
})
