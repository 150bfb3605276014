import { loadConfig } from '@consign/runtime'
import { roleSchema } from './config.ts'
import { startMediator } from './mediator.ts'
import { startPayer } from './payer.ts'

await (loadConfig(roleSchema).ROLE === 'mediator' ? startMediator() : startPayer())
