// SPDX-License-Identifier: Apache-2.0

import { optionDefinitions } from './options.js';
import type { OptionDefinition } from './options/definition.js';

const generated =
  '# SPDX-License-Identifier: Apache-2.0\n# Generated from the definitions of the options: npm run docs:options\n';
const commands = ['doctor', 'log-level', 'mapped', 'reload', 'seccomp', 'stat', 'top'];
const seccompCommands = ['explain', 'show'];
const mappedOptions = [
  '--by-owner',
  '--copy-to=',
  '--cross-mounts',
  '--dmode=',
  '--dry-run',
  '--fmode=',
  '--from=',
  '--gid=',
  '--json',
  '--name=',
  '--perm=',
  '--print0',
  '--repair',
  '--security-model=',
  '--state=',
  '--to=',
  '--type=',
  '--uid=',
];
const mappedCommands = ['ls', 'stat', 'du', 'find', 'check', 'convert'];

/** Values that are names of files or directories, by what stands for them. */
const kinds: Readonly<Record<string, 'directories' | 'files'>> = {
  DIR: 'directories',
  PATH: 'files',
  FILE: 'files',
  SOCKET: 'files',
};

/** The options as one types them: with `=` where a value follows. */
function words(): readonly string[] {
  return optionDefinitions.map(
    ({ name, value, withoutValue }: OptionDefinition) =>
      `--${name}${value !== undefined && withoutValue === undefined ? '=' : ''}`,
  );
}

/** Completion for bash, by complete -F. */
export function bashCompletion(): string {
  const choices = optionDefinitions.flatMap(({ name, choices: list }: OptionDefinition) =>
    list === undefined ? [] : [`    --${name}) values="${list.join(' ')}" ;;`],
  );
  const paths = (kind: 'directories' | 'files'): string =>
    optionDefinitions
      .filter(({ value }) => value !== undefined && kinds[value] === kind)
      .map(({ name }) => `--${name}`)
      .join('|');
  return `${generated}
_vfsd() {
  local current=\${COMP_WORDS[COMP_CWORD]} option='' values=''
  # bash takes "--name=value" apart at the equals sign.
  if [[ $current == = ]]; then
    option=\${COMP_WORDS[COMP_CWORD - 1]} current=''
  elif [[ \${COMP_WORDS[COMP_CWORD - 1]} == = ]]; then
    option=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  COMPREPLY=()
  case $option in
    '') ;;
${choices.join('\n')}
    ${paths('directories')}) mapfile -t COMPREPLY < <(compgen -d -- "$current"); return ;;
    ${paths('files')}) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    *) return ;;
  esac
  if [[ -n $option ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$values" -- "$current")
    return
  fi
  if [[ $COMP_CWORD -eq 1 && $current != -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "${commands.join(' ')}" -- "$current")
    return
  fi
  if [[ \${COMP_WORDS[1]} == doctor && $current != -* ]]; then
    mapfile -t COMPREPLY < <(compgen -d -- "$current")
    return
  fi
  if [[ \${COMP_WORDS[1]} =~ ^(stat|top|log-level)$ && $current != -* ]]; then
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
    return
  fi
  if [[ \${COMP_WORDS[1]} == seccomp && $COMP_CWORD -eq 2 ]]; then
    mapfile -t COMPREPLY < <(compgen -W "${seccompCommands.join(' ')}" -- "$current")
    return
  fi
  if [[ \${COMP_WORDS[1]} == mapped ]]; then
    if [[ $COMP_CWORD -eq 2 ]]; then
      mapfile -t COMPREPLY < <(compgen -W "${mappedCommands.join(' ')}" -- "$current")
    elif [[ $current == -* ]]; then
      mapfile -t COMPREPLY < <(compgen -W "${mappedOptions.join(' ')}" -- "$current")
    else
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
    fi
    return
  fi
  mapfile -t COMPREPLY < <(compgen -W "${words().join(' ')}" -- "$current")
  if [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *= ]]; then compopt -o nospace; fi
}
complete -F _vfsd vfsd
`;
}

/** Completion for zsh, by _arguments. */
export function zshCompletion(): string {
  const specs = optionDefinitions.map((option: OptionDefinition) => `    ${zshSpec(option)}`);
  return `#compdef vfsd
${generated}
_vfsd() {
  if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then
    _values command ${commands.join(' ')}
    return
  fi
  _arguments \\
${specs.join(' \\\n')}
}
_vfsd "$@"
`;
}

function zshSpec({
  name,
  value,
  choices,
  withoutValue,
  repeatable,
  summary,
}: OptionDefinition): string {
  const text = summary.replaceAll('`', '').replaceAll(/[[\]:']/g, ' ');
  const often = repeatable === true ? '*' : '';
  if (value === undefined) return `'${often}--${name}[${text}]'`;
  const separator = withoutValue === undefined ? '=' : '=-';
  const kind = kinds[value];
  const action =
    choices !== undefined
      ? `(${choices.join(' ')})`
      : kind === undefined
        ? ''
        : kind === 'directories'
          ? '_files -/'
          : '_files';
  return `'${often}--${name}${separator}[${text}]:${value}:${action}'`;
}
