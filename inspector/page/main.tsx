/**
 * The inspector's page begins: with the token of its address, or with a sentence that says what is
 * missing.
 * @module
 */
import { render } from 'preact'
import { App } from './app.tsx'
import { createServer, ServerProvider, takeToken } from './server.ts'
import './style.css'
import './chart.css'
import './parts.css'

const place = document.getElementById('page')
const token = takeToken()

if (place !== null) {
  render(
    token === undefined ? (
      <main class="alone">
        <h1>Peerloom</h1>
        <p>
          This address has no token. Open the whole address that the node printed when it was
          started with <code>--inspect</code>.
        </p>
      </main>
    ) : (
      <ServerProvider value={createServer(location.origin, token)}>
        <App />
      </ServerProvider>
    ),
    place,
  )
}
