# SPDX-License-Identifier: LGPL-2.1-or-later
# fish completion for safevma(1). Commands, options, columns and topics are what the tool itself
# says they are (--help, explain): nothing of them is repeated here.

# Lines of a section of a help text: heading (a pattern), then the arguments that --help follows.
function __safevma_section
    command safevma $argv[2..] --help 2>/dev/null | awk -v heading=$argv[1] '
        $0 ~ "^" heading { on = 1; next }
        !NF { on = 0 }
        on'
end

function __safevma_command
    set -l words (commandline -opc)
    test (count $words) -gt 1; and echo $words[2]
end

function __safevma_columns
    __safevma_section 'Columns.* named' (__safevma_command) | string replace -r '^[ *]*([A-Z]\S*) +' '$1\t'
end

# Columns as a list with commas: those before the last are kept.
function __safevma_column_list
    set -l before (commandline -ct | string match -r '^(?:-o|--output=?)?(\+?(?:.*,)?)')[2]
    printf '%s\n' $before(__safevma_columns)
end

function __safevma_sort
    __safevma_columns
    __safevma_columns | string replace -r '^' -- '-'
end

function __safevma_topics
    command safevma explain 2>/dev/null | string replace -rf '^ +(\S+) +' '$1\t'
end

complete -c safevma -f
complete -c safevma -n 'test -z "$(__safevma_command)"' -s h -l help -d 'say what there is'
complete -c safevma -n 'test -z "$(__safevma_command)"' -s V -l version -d 'print the version'

for line in (__safevma_section Commands:)
    set -l parts (string match -r '^ *(\S+) +(.*)' -- $line)
    set -l name $parts[2]
    complete -c safevma -n 'test -z "$(__safevma_command)"' -a $name -d $parts[3]

    for option in (__safevma_section Options: $name)
        # Every group takes part in the match: one that does not is left out of the list.
        set -l o (string match -r '^ *-?(.?),? *--([a-z-]+)=?(\S*) +(.*)' -- $option)
        set -l spec -l $o[3] -d $o[5]
        test -n "$o[2]"; and set -a spec -s $o[2]
        switch "$o[4]"
            case ''
            case PID
                set -a spec -x -a '(__fish_complete_pids)'
            case COLUMNS
                set -a spec -x -a '(__safevma_column_list)'
            case COLUMN
                set -a spec -x -a '(__safevma_sort)'
            case WHEN
                set -a spec -x -a 'auto always never'
            case DIR
                set -a spec -x -a '(__fish_complete_directories)'
            case PATH FILE
                set -a spec -r -F
            case '*'
                set -a spec -x
        end
        complete -c safevma -n "test \"\$(__safevma_command)\" = $name" $spec
    end
end

# What stands behind -- is a command with its own words.
function __safevma_behind
    test "$(__safevma_command)" = faults; or return
    contains -- -- (commandline -opc)
end

complete -c safevma -n __safevma_behind -F
complete -c safevma -n '__safevma_behind; and test "$(commandline -opc)[-1]" = --' \
    -a '(__fish_complete_command)'
complete -c safevma -n 'test "$(__safevma_command)" = explain' -a '(__safevma_topics)'
complete -c safevma -n 'test "$(__safevma_command)" = probe' \
    -a '(command safevma probe --list -r -n -o CLAIM 2>/dev/null)'
complete -c safevma -n 'test "$(__safevma_command)" = record' -a '(__fish_complete_directories)'
