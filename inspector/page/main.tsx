/**
 * The inspector's page begins: with the token of its address, or with a sentence that says what is
 * missing.
 * @module
 */
import { render } from 'preact'
import { App } from './app.tsx'
import { createServer, isTokenGiven, ServerProvider, takeToken } from './server.ts'
import './style.css'
import './chart.css'
import './parts.css'

const place = document.getElementById('page')
const token = takeToken()

// The address of the node's next run, put into this tab, differs behind the `#` alone where the port is
// the same: the browser loads nothing.
addEventListener('hashchange', () => {
  if (!isTokenGiven()) return
  takeToken()
  location.reload()
})

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
