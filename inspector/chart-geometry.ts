/**
 * A chart's picture as plain data, in pixels: where each state, line and label stands. What draws it
 * needs to know nothing of layout.
 * @module
 */

export interface Point {
  readonly x: number
  readonly y: number
}

/** `x` and `y` are those of the upper left corner. */
export interface Box extends Point {
  readonly width: number
  readonly height: number
}

/** A line of text in a state. */
export interface DrawnRow {
  readonly text: string
  /** Where it is a transition that leaves the state as it is. */
  readonly transition?: string
}

export interface DrawnState extends Box {
  /** The state's id in the chart. What stands for a whole group has the group's. */
  readonly id: string
  /**
   * `group`: states stand inside. `region`: a group that is one of several at once. `anywhere`: stands
   * inside a group for whichever of its states there is.
   */
  readonly shape: 'state' | 'final' | 'history' | 'group' | 'region' | 'anywhere'
  readonly title: string
  readonly rows: readonly DrawnRow[]
}

/** Where a group begins. */
export interface DrawnStart extends Point {
  readonly of: string
}

export interface DrawnLabel extends Box {
  /** The id of the transition. */
  readonly transition: string
  readonly lines: readonly string[]
}

/** From one state to another; all transitions between the two stand at one line. */
export interface DrawnLine {
  readonly source: string
  readonly target: string
  /** At least two; the last is where the arrow's head is. */
  readonly points: readonly Point[]
  /** None: from where a group begins. */
  readonly labels: readonly DrawnLabel[]
}

export interface ChartGeometry {
  readonly name: string
  readonly width: number
  readonly height: number
  /** What is inside stands behind what it is inside of. The chart itself is the picture, and no state. */
  readonly states: readonly DrawnState[]
  readonly starts: readonly DrawnStart[]
  readonly lines: readonly DrawnLine[]
  /** Height of a line of text, of a title, and the room around text. */
  readonly text: {
    readonly lineHeight: number
    readonly titleHeight: number
    readonly padding: number
  }
}
