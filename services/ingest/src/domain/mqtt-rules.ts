/** What a device may do in MQTT: one clean session under the id of its certificate, publish on its own up topic, subscribe its own down topic. */
import { Refusal } from '@consign/envelope'

const DEVICE_ID = /^[0-9a-f]{64}$/

export const upTopic = (deviceId: string) => `consign/${deviceId}/up`
export const downTopic = (deviceId: string) => `consign/${deviceId}/down`

/** `commonName` of the client certificate. Refusals `mqtt.identity`, `mqtt.will`, `mqtt.session`. */
export function refusedConnect(
  packet: { clientId: string; clean?: boolean | undefined; will?: object | undefined },
  commonName: string | undefined,
): Refusal | undefined {
  if (commonName === undefined || !DEVICE_ID.test(commonName))
    return new Refusal(
      'mqtt.identity',
      'the certificate names no device: its CN must be the device id, 64 hex digits',
    )
  if (packet.clientId !== commonName)
    return new Refusal(
      'mqtt.identity',
      `connect with the device id of the certificate, ${commonName}, as client id`,
    )
  if (packet.will !== undefined)
    return new Refusal('mqtt.will', 'a device leaves no will: connect without one')
  if (packet.clean !== true)
    return new Refusal('mqtt.session', 'sessions are clean: connect with clean session')
  return undefined
}

/** Refusals `mqtt.topic`, `mqtt.qos`, `mqtt.retain`. */
export function refusedPublish(
  packet: { topic: string; qos: number; retain: boolean },
  deviceId: string,
): Refusal | undefined {
  if (packet.topic !== upTopic(deviceId))
    return new Refusal('mqtt.topic', `device ${deviceId} publishes on ${upTopic(deviceId)} and nowhere else`)
  if (packet.qos !== 1)
    return new Refusal('mqtt.qos', `publish with QoS 1, not ${packet.qos}: nothing may be lost or held back`)
  if (packet.retain) return new Refusal('mqtt.retain', 'nothing is retained: publish without the retain flag')
  return undefined
}

/** Refusal `mqtt.subscribe`. */
export function refusedSubscribe(topic: string, deviceId: string): Refusal | undefined {
  if (topic === downTopic(deviceId)) return undefined
  return new Refusal(
    'mqtt.subscribe',
    `device ${deviceId} subscribes ${downTopic(deviceId)} and nothing else`,
  )
}
