/**
 * The nodes that this page sees: one of an application, or all of a demo.
 * @module
 */
import type { NodeRow } from '../messages.ts'
import { useView } from './hooks.ts'
import { Address, Identity, NodeLink, Refused, SampledWords, State, Waiting } from './parts.tsx'
import { countWords, lengthWords } from './words.ts'

export function NodeState({ node }: { readonly node: NodeRow }) {
  return (
    <>
      {node.is === 'silent' ? (
        <span class="state state-silent">not answering</span>
      ) : (
        <State state={node.is === 'gone' ? 'gone' : node.state} />
      )}
      {node.isPaused ? <span class="tag">paused</span> : null}
    </>
  )
}

function NodeLine({ atMs, node }: { readonly node: NodeRow; readonly atMs: number }) {
  return (
    <tr>
      <td>
        <NodeLink node={node.node} />
        <span class="under">{node.protocol}</span>
      </td>
      <td>
        <NodeState node={node} />
      </td>
      <td class="number">
        {countWords(node.active)}
        <span class="under">of {countWords(node.connections)}</span>
      </td>
      <td class="number">{countWords(node.incarnation)}</td>
      <td class="wide">
        <Address of={node.addresses.join(', ')} />
        <span class="under">
          <Identity of={node.identity} />
        </span>
      </td>
      <td class="number wide">{lengthWords(atMs - node.sinceMs)}</td>
      <td class="number wide">{String(node.pid)}</td>
    </tr>
  )
}

export function NodesPage() {
  const { refused, view } = useView({ view: 'nodes' })
  return (
    <>
      <h1>Nodes</h1>
      <Refused refused={refused} />
      {view === undefined ? (
        <Waiting />
      ) : (
        <>
          <div class="scroll" tabIndex={0} role="region" aria-label="Nodes">
            <table class="nodes">
              <caption class="hidden">Nodes</caption>
              <thead>
                <tr>
                  <th scope="col">Node</th>
                  <th scope="col">State</th>
                  <th scope="col" class="number">
                    Active
                  </th>
                  <th scope="col" class="number">
                    Started
                  </th>
                  <th scope="col" class="wide">
                    Listens at
                  </th>
                  <th scope="col" class="number wide">
                    Since
                  </th>
                  <th scope="col" class="number wide">
                    Process
                  </th>
                </tr>
              </thead>
              <tbody>
                {view.answer.nodes.map((node) => (
                  <NodeLine key={node.node} node={node} atMs={view.sampled.atMs} />
                ))}
              </tbody>
            </table>
          </div>
          <SampledWords sampled={view.sampled} />
        </>
      )}
    </>
  )
}
