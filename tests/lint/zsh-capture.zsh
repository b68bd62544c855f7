# SPDX-License-Identifier: LGPL-2.1-or-later
# Read by zsh-offers.zsh in the shell that completes.
autoload -Uz compinit && compinit -u -D
bindkey '^I' complete-word
zstyle ':completion:*' list-grouped false
zstyle ':completion:*' insert-tab false
offered=()
compadd() {
  local -a matches
  # With -O, -A or -D nothing is offered: it fills an array for the caller.
  if (( ${@[(I)-[OAD]*]} )); then
    builtin compadd "$@"
    return
  fi
  builtin compadd -O matches "$@"
  offered+=($matches)
  builtin compadd "$@"
}
tell() {
  print -r -- "@@BEGIN"
  print -rl -- $offered
  print -r -- "@@END"
  compstate[insert]= compstate[list]=
}
compprefuncs=() comppostfuncs=(tell)
