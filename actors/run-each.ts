/**
 * Steps of an end: each is taken, whatever another one throws.
 * @module
 */
export function runEach(
  steps: readonly (() => unknown)[],
  onError: (error: unknown) => void,
): void {
  for (const step of steps) {
    try {
      step()
    } catch (error) {
      onError(error)
    }
  }
}

export function stopEach(
  parts: readonly { stop(): void }[],
  onError: (error: unknown) => void,
): void {
  const stops = parts.map((part) => () => {
    part.stop()
  })
  runEach(stops, onError)
}
