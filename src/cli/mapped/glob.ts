// SPDX-License-Identifier: Apache-2.0

/**
 * A pattern of a shell against the bytes of a name: `*`, `?`, `[a-z]`, `[!a-z]` and `\`. Names need not be UTF-8; where
 * they are, `?` stands for a character and not for a byte.
 *
 * Goes back to the last `*` only, so that no pattern takes longer than its length times that of the name.
 */
export function matchesGlob(pattern: string, name: Buffer): boolean {
  const text = characters(name);
  const tokens = tokensOf(pattern);
  let [at, token, starToken, starAt] = [0, 0, -1, 0];
  while (at < text.length) {
    const current = tokens[token];
    if (current === '*') {
      [starToken, starAt] = [token++, at];
    } else if (current?.(text[at] ?? '') === true) {
      at += 1;
      token += 1;
    } else if (starToken >= 0) {
      starAt += 1;
      [at, token] = [starAt, starToken + 1];
    } else return false;
  }
  return tokens.slice(token).every((rest) => rest === '*');
}

type Token = '*' | ((character: string) => boolean);

function characters(name: Buffer): readonly string[] {
  const text = name.toString('utf8');
  return Array.from(Buffer.from(text, 'utf8').equals(name) ? text : name.toString('latin1'));
}

function tokensOf(pattern: string): readonly Token[] {
  const tokens: Token[] = [];
  const rest = Array.from(pattern);
  while (rest.length > 0) {
    const next = rest.shift() ?? '';
    const set = next === '[' ? takeSet(rest) : null;
    if (set !== null) tokens.push(set);
    else if (next === '*') tokens.push('*');
    else if (next === '?') tokens.push(() => true);
    else {
      const literal = next === '\\' ? (rest.shift() ?? next) : next;
      tokens.push((character) => character === literal);
    }
  }
  return tokens;
}

/** Null: a bracket that nothing closes stands for itself. */
function takeSet(rest: string[]): Token | null {
  const isNegated = rest[0] === '!' || rest[0] === '^';
  const start = isNegated ? 1 : 0;
  const end = rest.indexOf(']', start + 1);
  if (end < 0) return null;
  const members = rest.splice(0, end + 1).slice(start, -1);
  const ranges: (readonly [string, string])[] = [];
  for (let at = 0; at < members.length; at++) {
    const first = members[at] ?? '';
    const isRange = members[at + 1] === '-' && at + 2 < members.length;
    ranges.push([first, isRange ? (members[at + 2] ?? first) : first]);
    if (isRange) at += 2;
  }
  return (character) =>
    ranges.some(([low, high]) => low <= character && character <= high) !== isNegated;
}
