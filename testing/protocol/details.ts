/**
 * A network's table of details is complete by its type; here each of them comes about.
 * @module
 */
import type { ProtocolTypes } from '../../machines/session.ts'
import type { ContractCase } from '../suite.ts'
import { playScene } from './scene.ts'
import type { Scene } from './scene.ts'
import type { ProtocolSubject } from './subject.ts'

export const detailCases = <T extends ProtocolTypes>(
  subject: ProtocolSubject<T>,
): readonly ContractCase[] =>
  Object.entries<(scene: Scene<T>) => void>(subject.details).map(([detail, bringAbout]) => ({
    title: `the detail ${detail} is reached`,
    async run() {
      let seen: readonly string[] = []
      // Some are told only when the farewell is over, which a stop waits for.
      const afterwards = ({ nodes }: Scene<T>): void => {
        seen = nodes.flatMap((node) => [
          ...node.refused,
          ...node.closings().map((closing) => closing.detail),
        ])
      }
      const play = (scene: Scene<T>): void => {
        bringAbout(scene)
        scene.world.settle()
      }
      await playScene(subject, detail, play, { afterwards })
      if (!seen.includes(detail)) throw new Error(`what was seen is ${seen.join() || 'nothing'}`)
    },
  }))
