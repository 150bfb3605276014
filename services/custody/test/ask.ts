import type { connectNats } from '@consign/eventlog'
import { type Hex, subjects } from '@consign/events'

let inboxes = 0

/** What a party does: asks again until it is answered. Its inbox is its own. */
export async function ask(
  nats: Awaited<ReturnType<typeof connectNats>>,
  wallet: Hex,
  command: string,
  payload: unknown,
): Promise<unknown> {
  const inbox = `_INBOX_${wallet}.${command}${inboxes++}`
  const replies = nats.subscribe(inbox)
  const answer = (async () => {
    // Empty: the server says that nobody listens yet.
    for await (const reply of replies) if (reply.data.length > 0) return reply.json()
  })()
  for (;;) {
    nats.publish(subjects.command(wallet, command), JSON.stringify(payload), { reply: inbox })
    const got = await Promise.race([answer, new Promise((resolve) => setTimeout(resolve, 300, undefined))])
    if (got !== undefined) return got
  }
}
