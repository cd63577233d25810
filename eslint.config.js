/**
 * Typed lint for the whole tree. The groups below are the layers of ARCHITECTURE.md; what a layer
 * may import from another is held by `test/tidy.test.ts`, what it may not use at all is held here.
 * @module
 */
import { existsSync, readFileSync } from 'node:fs'
import { defineConfig } from 'eslint/config'
import tseslint from 'typescript-eslint'
import * as determinism from './eslint-rules/determinism.js'

/** Deterministic: the same inputs give the same steps. */
const CORE = ['world', 'codec', 'machines', 'actors', 'supervisor', 'protocols']
  .map((folder) => `${folder}/**/*.ts`)
  .concat('index.ts')

/** Doubles of the outside, as deterministic as the core. */
const VIRTUAL = [
  'transport/memory.ts',
  'transport/memory/**/*.ts',
  'transport/simulated/**/*.ts',
  'transport/virtual-*.ts',
  'testing/virtual-*.ts',
  'testing/simulated-*.ts',
  'testing/simulator/**/*.ts',
]

/** The edge of the public API: the only core files that may hold a promise. */
const PROMISE_EDGE = JSON.parse(
  readFileSync(new URL('eslint-rules/promise-edge.json', import.meta.url), 'utf8'),
)

const NAMED_EXPORTS = [
  { selector: 'ExportDefaultDeclaration', message: 'Named exports only.' },
  { selector: 'ExportSpecifier[exported.name="default"]', message: 'Named exports only.' },
]
const THIS = [
  {
    selector: 'Property > FunctionExpression ThisExpression',
    message: 'Plain data and closures have no `this`, so that their functions may be handed on.',
  },
]
const CASTS = [
  {
    selector:
      ':matches(TSAsExpression, TSTypeAssertion) > :matches(TSAsExpression, TSTypeAssertion)' +
      '[typeAnnotation.type=/^TS(Unknown|Any|Never)Keyword$/]',
    message: 'A cast past the type system: only machines/slot.ts may.',
  },
]
const CAST_TO_NEVER = [
  {
    selector: ':matches(TSAsExpression, TSTypeAssertion)[typeAnnotation.type="TSNeverKeyword"]',
    message: 'A cast past the type system: narrow the value instead.',
  },
]

/** Blocks replace a rule's options instead of adding to them, so each block gives the whole list. */
const restrictSyntax = (...lists) => ['error', ...lists.flat()]
const sourceSyntax = [NAMED_EXPORTS, THIS, CASTS, CAST_TO_NEVER]
const coreSyntax = [...sourceSyntax, determinism.syntax]

/** Rivals have packages of their own: without them nothing that they are made of has a type. */
const RIVALS = existsSync(new URL('bench/node_modules', import.meta.url)) ? [] : ['bench/rivals/']

export default defineConfig(
  { ignores: ['**/dist/', '**/node_modules/', 'coverage/', ...RIVALS] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.{ts,tsx}'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-restricted-syntax': restrictSyntax(NAMED_EXPORTS, CASTS),
      'no-warning-comments': ['error', { terms: ['todo', 'fixme', 'xxx', 'hack'] }],
      'object-shorthand': 'error',
      'prefer-const': 'error',
      '@typescript-eslint/ban-ts-comment': ['error', { 'ts-expect-error': true }],
      '@typescript-eslint/consistent-type-exports': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-deprecated': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-unnecessary-boolean-literal-compare': 'error',
      // XState reads its types from `types: {} as { ... }`, which the rule takes for needless.
      '@typescript-eslint/no-unnecessary-type-assertion': 'off',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
      // Our objects are closures without `this` (see THIS): their functions may be handed on.
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
    },
  },
  {
    files: ['**/*.{ts,tsx}'],
    ignores: ['test/**', 'transport/**', 'store/**', '*.config.ts'],
    rules: {
      'no-restricted-globals': ['error', { name: 'Buffer', message: 'Use Uint8Array.' }],
    },
  },
  {
    files: ['**/*.{ts,tsx}'],
    ignores: ['test/**', '*.config.ts'],
    rules: { 'no-restricted-syntax': restrictSyntax(...sourceSyntax) },
  },
  {
    files: [...CORE, ...VIRTUAL],
    rules: {
      'no-restricted-globals': ['error', ...determinism.globals],
      'no-restricted-properties': ['error', ...determinism.properties],
      'no-restricted-imports': ['error', determinism.imports({ promises: false })],
      'no-restricted-syntax': restrictSyntax(...coreSyntax, determinism.promiseSyntax),
    },
  },
  {
    files: PROMISE_EDGE,
    rules: {
      'no-restricted-imports': ['error', determinism.imports({ promises: true })],
      'no-restricted-syntax': restrictSyntax(...coreSyntax),
    },
  },
  {
    files: ['machines/slot.ts'],
    rules: {
      'no-restricted-syntax': restrictSyntax(
        NAMED_EXPORTS,
        THIS,
        determinism.syntax,
        determinism.promiseSyntax,
      ),
    },
  },
  {
    // Hands itself on through `lift`, which RxJS 7 marks as internal and offers no substitute for.
    files: ['actors/guarded-observable.ts'],
    rules: { '@typescript-eslint/no-deprecated': 'off' },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      // Type errors that a test expects are part of what it tests.
      '@typescript-eslint/ban-ts-comment': [
        'error',
        { 'ts-expect-error': 'allow-with-description' },
      ],
      // A stub of an asynchronous interface need not wait.
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    files: ['*.config.ts'],
    rules: { 'no-restricted-syntax': restrictSyntax(CASTS) },
  },
  {
    files: ['**/*.{js,mjs}'],
    languageOptions: { sourceType: 'module' },
    rules: { eqeqeq: 'error', 'prefer-const': 'error' },
  },
)
