#!/bin/zsh -f
# SPDX-License-Identifier: LGPL-2.1-or-later
# Says what zsh would offer for a command line, a match a line:
#	zsh-offers.zsh DIRECTORY-OF-COMPLETIONS 'safevma maps --'
# A second shell on a terminal of its own loads the completions and presses TAB; compadd is caught
# there and tells its matches instead of showing them (zsh-capture.zsh).
zmodload zsh/zpty || exit 1
zpty z zsh -f -i
# The quotes within the marks keep the echo of these lines from looking like their output.
zpty -w z "unsetopt prompt_sp; PROMPT= RPROMPT=; fpath=(${(q)1} \$fpath)"
zpty -w z "source ${(q)0:A:h}/zsh-capture.zsh; echo @@READ''Y"
zpty -r -m z skipped '*@@READY*' || exit 1
zpty -w -n z "$2"$'\t'
zpty -r -m z answer '*@@BEGIN*@@END*' || exit 1
zpty -d z
answer=${${answer#*@@BEGIN}%@@END*}
print -r -- "${answer//$'\r'/}" | sed '/^$/d'
