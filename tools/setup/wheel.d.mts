export function fileOfWheel(wheel: Buffer, name: string): Buffer
