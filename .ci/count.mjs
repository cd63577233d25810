/**
 * Adds up vitest's JSON reports and prints `N passed, N failed` as the last line. A file that broke
 * before its tests, a run with an error outside of them (`<report>.failed` exists) and a run without
 * a report count as one failure each. Exits with 1 where anything failed.
 * @module
 */
import { existsSync, readFileSync } from 'node:fs'

function countsOf(path) {
  if (!existsSync(path)) return { passed: 0, failed: 1, left: 0 }
  const report = JSON.parse(readFileSync(path, 'utf8'))
  const brokenFiles = report.testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((result) => result.status === 'failed'),
  )
  const failed = report.numFailedTests + brokenFiles.length
  return {
    passed: report.numPassedTests,
    failed: failed === 0 && existsSync(`${path}.failed`) ? 1 : failed,
    left: report.numPendingTests + report.numTodoTests,
  }
}

const counts = process.argv.slice(2).map(countsOf)
const sum = (name) => counts.reduce((total, count) => total + count[name], 0)
if (sum('left') > 0) console.log(`${sum('left')} left out, with their reasons in the titles`)
console.log(`${sum('passed')} passed, ${sum('failed')} failed`)
process.exitCode = sum('failed') > 0 ? 1 : 0
