# SPDX-License-Identifier: Apache-2.0
# Generated from the definitions of the options: npm run docs:options

_vfsd() {
  local current=${COMP_WORDS[COMP_CWORD]} option='' values=''
  # bash takes "--name=value" apart at the equals sign.
  if [[ $current == = ]]; then
    option=${COMP_WORDS[COMP_CWORD - 1]} current=''
  elif [[ ${COMP_WORDS[COMP_CWORD - 1]} == = ]]; then
    option=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  COMPREPLY=()
  case $option in
    '') ;;
    --inode-file-handles) values="never prefer mandatory" ;;
    --cache) values="auto always metadata never" ;;
    --posix-acl) values="auto always never" ;;
    --security-label) values="auto always never" ;;
    --security-model) values="passthrough mapped mapped-xattr mapped-file none" ;;
    --sandbox) values="namespace chroot none" ;;
    --seccomp) values="kill log trap none" ;;
    --log-format) values="text json journal" ;;
    --log-level) values="off error warn info debug trace" ;;
    --shared-dir) mapfile -t COMPREPLY < <(compgen -d -- "$current"); return ;;
    --socket-path|--control-socket|--config) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    *) return ;;
  esac
  if [[ -n $option ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$values" -- "$current")
    return
  fi
  if [[ $COMP_CWORD -eq 1 && $current != -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "doctor log-level mapped reload seccomp stat top" -- "$current")
    return
  fi
  if [[ ${COMP_WORDS[1]} == doctor && $current != -* ]]; then
    mapfile -t COMPREPLY < <(compgen -d -- "$current")
    return
  fi
  if [[ ${COMP_WORDS[1]} =~ ^(stat|top|log-level)$ && $current != -* ]]; then
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
    return
  fi
  if [[ ${COMP_WORDS[1]} == seccomp && $COMP_CWORD -eq 2 ]]; then
    mapfile -t COMPREPLY < <(compgen -W "explain show" -- "$current")
    return
  fi
  if [[ ${COMP_WORDS[1]} == mapped ]]; then
    if [[ $COMP_CWORD -eq 2 ]]; then
      mapfile -t COMPREPLY < <(compgen -W "ls stat du find check convert" -- "$current")
    elif [[ $current == -* ]]; then
      mapfile -t COMPREPLY < <(compgen -W "--by-owner --copy-to= --cross-mounts --dmode= --dry-run --fmode= --from= --gid= --json --name= --perm= --print0 --repair --security-model= --state= --to= --type= --uid=" -- "$current")
    else
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
    fi
    return
  fi
  mapfile -t COMPREPLY < <(compgen -W "--shared-dir= --socket-path= --fd= --socket-group= --tag= --num-request-queues= --exit-on-disconnect --no-exit-on-disconnect --readonly --allow-direct-io --preserve-noatime --no-readdirplus --announce-submounts --no-announce-submounts --inode-file-handles= --posix-lock --no-posix-lock --flock --no-flock --cache= --entry-timeout= --attr-timeout= --negative-timeout= --writeback --allow-mmap --xattr --xattrmap= --posix-acl --security-label --killpriv-v2 --no-killpriv-v2 --security-model= --fmode= --dmode= --uid-map= --gid-map= --translate-uid= --translate-gid= --sandbox= --seccomp= --seccomp-allow= --modcaps= --thread-pool-size= --poll-limit= --rlimit-nofile= --control-socket= --slow-request-ms= --log-format= --syslog --log-level= --config= --check-config --print-capabilities --help --version" -- "$current")
  if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then compopt -o nospace; fi
}
complete -F _vfsd vfsd
